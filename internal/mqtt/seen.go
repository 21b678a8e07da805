package mqtt

import (
	"hash/maphash"
	"sync"

	"github.com/eclipse/paho.golang/paho"

	"latchkey/home"
)

// maxSeen is how many messages are remembered for knowing them again.
const maxSeen = 2 * maxOpen

// seen knows the messages of quality 1 that were taken in and may come again,
// because their acknowledgement was lost with the connection: the broker sends
// them with the same packet id, marked as sent before.
type seen struct {
	hash maphash.Seed

	mu   sync.Mutex
	list map[uint16]*taken
	ring []uint16
	next int
}

// taken is one message that is known.
type taken struct {
	sum     uint64
	done    bool
	waiting []func() // acknowledgements of its repetitions
}

func (s *seen) init() { s.hash, s.list = maphash.MakeSeed(), map[uint16]*taken{} }

func (s *seen) sum(p *paho.Publish) uint64 {
	var h maphash.Hash
	h.SetSeed(s.hash)
	_, _ = h.WriteString(p.Topic) // never fails
	_ = h.WriteByte(0)
	_, _ = h.Write(p.Payload)
	return h.Sum64()
}

// again reports whether p is a repetition of a message that was taken in; ack
// is called when that is on disk. Otherwise p is remembered.
func (s *seen) again(p *paho.Publish, ack func()) bool {
	sum := s.sum(p)
	s.mu.Lock()
	t := s.list[p.PacketID]
	if t == nil || t.sum != sum || !p.Duplicate() {
		s.remember(p.PacketID, &taken{sum: sum})
		s.mu.Unlock()
		return false
	}
	if !t.done {
		t.waiting = append(t.waiting, ack)
		s.mu.Unlock()
		return true
	}
	s.mu.Unlock()
	ack()
	return true
}

func (s *seen) remember(id uint16, t *taken) {
	if s.list[id] == nil {
		if len(s.ring) < maxSeen {
			s.ring = append(s.ring, id)
		} else {
			delete(s.list, s.ring[s.next])
			s.ring[s.next] = id
			s.next = (s.next + 1) % maxSeen
		}
	}
	s.list[id] = t
}

// settle notes that a message is on disk, or is to be forgotten because it will
// be sent again.
func (s *seen) settle(id uint16, kept bool) {
	s.mu.Lock()
	t := s.list[id]
	var waiting []func()
	if t != nil {
		if waiting, t.waiting, t.done = t.waiting, nil, kept; !kept {
			t.sum = 0 // matches nothing
		}
	}
	s.mu.Unlock()
	if kept {
		for _, ack := range waiting {
			ack()
		}
	}
}

// receive takes a message from the broker in. It is acknowledged when it is on
// disk, or refused for good; when the house takes nothing now, the connection
// is given up, so that the broker keeps it for later.
func (c *Client) receive(r paho.PublishReceived) (bool, error) {
	p := r.Packet
	ack := func() { _ = r.Client.Ack(p) } // fails once the connection is gone; then it is sent again
	if p.QoS > 0 && c.seen.again(p, ack) {
		return true, nil
	}
	c.under <- struct{}{} // the committer makes room
	topic, words, err := c.config.Topics.Find(p.Topic)
	m := &Message{Topic: p.Topic, Words: words, Payload: p.Payload, Retained: p.Retain, Who: c.config.Who, receipt: fate{c, p, ack}}
	if err != nil {
		m.Done(err)
		return true, nil
	}
	topic.handle(m)
	return true, nil
}

// fate is a broker's message on its way in.
type fate struct {
	client *Client
	packet *paho.Publish
	ack    func()
}

func (f fate) settle(m *Message, err error) {
	c := f.client
	<-c.under
	later := home.CodeOf(err) == home.Unavailable
	if err == nil {
		c.taken.Add(1)
	} else {
		c.refused.Add(1)
		c.refusals.add(m, err)
	}
	if f.packet.QoS == 0 {
		return
	}
	c.seen.settle(f.packet.PacketID, !later)
	if later {
		c.giveUp()
		return
	}
	f.ack()
}
