package mqtt

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"latchkey/home"
)

// take hands a client's message to its topic's handler. The client is
// acknowledged when the handler says that the message is on disk; until then
// only a bounded number of messages is under way.
func (b *Broker) take(s *session, pk *packets.Packet) {
	n, ok := s.begin(pk.PacketID, pk.FixedHeader.Qos)
	if !ok {
		return
	}
	m := &Message{Topic: pk.TopicName, Payload: pk.Payload, Who: s.id.Load(), receipt: s, seq: n}
	b.under <- struct{}{} // the committer makes room
	w, ok := s.ways[m.Topic]
	if !ok {
		var err error
		if w.topic, w.words, err = b.config.Topics.Find(m.Topic); err != nil {
			m.Done(err)
			return
		}
		if len(s.ways) < maxRemembered {
			s.ways[m.Topic] = w
		}
	}
	if !m.Who.MaySome(w.topic.Right) {
		m.Done(rightMissing(w.topic.Right))
		return
	}
	m.Words = w.words
	w.topic.handle(m)
}

// settle implements receipt.
func (s *session) settle(m *Message, err error) {
	b := s.broker
	<-b.under
	if err == nil {
		b.taken.Add(1)
	} else {
		b.refused.Add(1)
		b.refusals.add(m, err)
	}
	s.finish(m.seq, err)
}

// refusals writes down that messages were not taken in, without their payload:
// at most one a second for people to see, so that a client in a loop does not
// fill the disk. What is our fault is always written down.
type refusals struct {
	log  *slog.Logger
	last atomic.Int64 // in seconds
}

func (r *refusals) add(m *Message, err error) {
	level, e := slog.LevelDebug, home.AsError(err)
	if now := time.Now().Unix(); r.last.Swap(now) != now {
		level = slog.LevelInfo
	}
	if e.Code == home.Internal {
		level = slog.LevelError
	}
	r.log.Log(context.Background(), level, "an MQTT message was refused", "topic", m.Topic, "key", m.Who.Key, "code", e.Code, "error", err)
}
