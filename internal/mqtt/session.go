package mqtt

import (
	"strings"
	"sync"
	"sync/atomic"

	"github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"latchkey/home"
)

// maxOpen is how many messages of one client may wait for the disk before the
// client is no longer read.
const maxOpen = 512

// maxRemembered is how many topics a session knows its way from.
const maxRemembered = 1024

// session is who is connected and what of theirs is under way.
type session struct {
	broker *Broker
	conn   *conn
	client *mqtt.Client
	name   string // the client's own id
	house  home.ID
	id     atomic.Pointer[home.Identity]
	ways   map[string]way // of topics already found; the reader's

	mu    sync.Mutex
	room  *sync.Cond
	open  [maxOpen]slip // a ring: acknowledgements go out in the order of the messages
	first uint64
	next  uint64
	ended bool
	twice map[uint16]bool // packet ids of quality 2 that wait for the disk
}

// way is where a topic leads.
type way struct {
	topic *Topic
	words []string
}

// slip is one message that is under way.
type slip struct {
	id   uint16
	qos  byte
	done bool
	err  error
}

func newSession(b *Broker, cl *mqtt.Client, id *home.Identity) *session {
	s := &session{broker: b, conn: connOf(cl), client: cl, name: cl.ID, house: id.House, ways: map[string]way{}}
	s.room = sync.NewCond(&s.mu)
	s.id.Store(id)
	return s
}

// begin notes that a message is under way, and waits when too many are. It
// reports false when the message needs nothing more: the session is over, or
// the same message is already under way.
func (s *session) begin(id uint16, qos byte) (uint64, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.next-s.first == maxOpen && !s.ended {
		s.room.Wait()
	}
	if s.ended || qos == 2 && s.twice[id] {
		return 0, false
	}
	if qos == 2 {
		if s.twice == nil {
			s.twice = map[uint16]bool{}
		}
		s.twice[id] = true
	}
	n := s.next
	s.open[n%maxOpen] = slip{id: id, qos: qos}
	s.next++
	return n, true
}

// finish notes what became of a message, and acknowledges what is now in order.
// It does not block.
func (s *session) finish(n uint64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[n%maxOpen].done || n < s.first {
		return
	}
	s.open[n%maxOpen].done, s.open[n%maxOpen].err = true, err
	before := s.first
	for s.first < s.next && s.open[s.first%maxOpen].done {
		s.acknowledge(&s.open[s.first%maxOpen])
		s.first++
	}
	if before+maxOpen == s.next && s.first > before {
		s.room.Signal()
	}
}

// acknowledge writes the answer to one message; s.mu is held. A client of MQTT
// 3.1.1 cannot be told that a message was refused, so it is cut off rather than
// told that all is well.
func (s *session) acknowledge(m *slip) {
	if m.qos == 0 || s.ended {
		return
	}
	delete(s.twice, m.id)
	kind := packets.Puback
	if m.qos == 2 {
		kind = packets.Pubrec
	}
	if m.err == nil {
		if m.qos == 2 {
			s.client.State.Inflight.Set(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Pubrec}, PacketID: m.id})
		}
		_, _ = s.conn.Write([]byte{kind << 4, 2, byte(m.id >> 8), byte(m.id)}) // a client that is gone sends the message again
		return
	}
	if s.client.Properties.ProtocolVersion < 5 {
		s.conn.cut(m.err)
		return
	}
	_, _ = s.conn.Write(refusal(kind, m.id, m.err, s.explains()))
}

// explains reports whether the client wants to know why something failed.
func (s *session) explains() bool {
	p := &s.client.Properties.Props
	return !p.RequestProblemInfoFlag || p.RequestProblemInfo != 0
}

// refusal is an acknowledgement of MQTT 5 that says why not.
func refusal(kind byte, id uint16, err error, explain bool) []byte {
	e := home.AsError(err)
	out := []byte{kind << 4, 3, byte(id >> 8), byte(id), reason(e.Code)}
	if !explain {
		return out
	}
	why := strings.ToValidUTF8(e.Message[:min(len(e.Message), 100)], "")
	out[1] += byte(1 + 3 + len(why))
	return append(append(out, byte(3+len(why)), 0x1f, 0, byte(len(why))), why...) // 0x1f: reason string
}

// reason returns MQTT 5's word for a code.
func reason(c home.Code) byte {
	switch c {
	case home.Unauthorized, home.Forbidden:
		return packets.ErrNotAuthorized.Code
	case home.NotFound:
		return packets.ErrTopicNameInvalid.Code
	case home.Invalid, home.Unprocessable, home.TooLarge:
		return packets.ErrPayloadFormatInvalid.Code
	case home.TooMany, home.Unavailable:
		return packets.ErrQuotaExceeded.Code
	case home.Conflict, home.Stale:
		return packets.ErrImplementationSpecificError.Code
	}
	return packets.ErrUnspecifiedError.Code
}

// end lets nobody wait any more.
func (s *session) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	s.room.Broadcast()
}
