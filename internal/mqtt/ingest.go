package mqtt

import (
	"context"
	"log/slog"

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
		m.Done(home.Errorf(home.Forbidden, "this needs the right %s, which the key does not hold", w.topic.Right).Because("right_missing"))
		return
	}
	m.Words = w.words
	w.topic.Handler(m)
}

// settle implements receipt.
func (s *session) settle(m *Message, err error) {
	b := s.broker
	<-b.under
	if err == nil {
		b.taken.Add(1)
	} else {
		b.refused.Add(1)
		logRefusal(b.log, m, err)
	}
	s.finish(m.seq, err)
}

// logRefusal writes down that a message was not taken in: loudly when that is
// our fault, and not its payload.
func logRefusal(log *slog.Logger, m *Message, err error) {
	level, e := slog.LevelInfo, home.AsError(err)
	if e.Code == home.Internal {
		level = slog.LevelError
	}
	log.Log(context.Background(), level, "an MQTT message was refused", "topic", m.Topic, "key", m.Who.Key, "code", e.Code, "error", err)
}
