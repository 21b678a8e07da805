package mqtt

import (
	"context"
	"sync"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"latchkey/home"
)

// pace is how soon it is looked again whether a client that does not keep up
// can be shown more.
const pace = 10 * time.Millisecond

// news is a message for who subscribed to it, of which only the last one counts.
type news struct {
	house   home.ID
	topic   string
	payload []byte
}

// latest keeps news until somebody takes them: of each topic the last one, in
// the order in which they began to wait. It never holds up who brings them and
// never holds more than there are topics.
type latest struct {
	mu    sync.Mutex
	list  []news
	place map[string]int // by house and topic
	wake  chan struct{}
}

func (l *latest) init() { l.place, l.wake = map[string]int{}, make(chan struct{}, 1) }

func (l *latest) put(n news) {
	l.mu.Lock()
	key := inHouse(n.house, n.topic)
	if i, ok := l.place[key]; ok {
		l.list[i] = n
	} else {
		l.place[key] = len(l.list)
		l.list = append(l.list, n)
	}
	l.mu.Unlock()
	l.rouse()
}

func (l *latest) rouse() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *latest) take() []news {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := l.list
	if len(out) > 0 {
		l.list = nil
		clear(l.place)
	}
	return out
}

// showing is a client that is being shown how things are.
type showing struct {
	session *session
	filter  string
	topics  []string
}

// telling is what the broker has to tell.
type telling struct {
	latest
	shows []showing // guarded by latest.mu
}

// Tell tells who subscribed what a topic now says. It returns at once; of news
// that pile up on one topic only the last is told.
func (b *Broker) Tell(house home.ID, topic string, payload []byte) {
	b.tell.put(news{house, topic, payload})
}

// show shows a client how things are on the topics of a filter. Only one
// goroutine tells news and shows, so that nobody is left with an old value.
func (b *Broker) show(s *session, filter string) {
	b.tell.mu.Lock()
	b.tell.shows = append(b.tell.shows, showing{session: s, filter: filter})
	b.tell.mu.Unlock()
	b.tell.rouse()
}

func (b *Broker) telling(ctx context.Context) {
	var open []showing
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		if len(open) == 0 {
			tick.Stop()
		} else {
			tick.Reset(pace)
		}
		select {
		case <-ctx.Done():
			return
		case <-b.tell.wake:
		case <-tick.C:
		}
		for _, n := range b.tell.take() {
			_ = b.server.Publish(inHouse(n.house, n.topic), n.payload, false, 0) // fails on a topic that is none, which nobody can hear
		}
		b.tell.mu.Lock()
		open, b.tell.shows = append(open, b.tell.shows...), nil
		b.tell.mu.Unlock()
		left := open[:0]
		for _, s := range open {
			if b.showSome(&s) {
				left = append(left, s)
			}
		}
		clear(open[len(left):])
		open = left
	}
}

// showSome shows what a client can take now, and reports whether there is more.
func (b *Broker) showSome(s *showing) bool {
	id := s.session.id.Load()
	if s.topics == nil {
		s.topics = []string{}
		for _, topic := range b.config.House.Told(id) {
			if Match(s.filter, topic) {
				s.topics = append(s.topics, topic)
			}
		}
	}
	for len(s.topics) > 0 {
		if s.session.conn.ended() {
			return false
		}
		if !s.session.conn.easy() {
			return true
		}
		if payload, ok := b.config.House.Now(id, s.topics[0]); ok {
			b.send(s.session, s.topics[0], payload)
		}
		s.topics = s.topics[1:]
	}
	return false
}

// send sends one client how things are on a topic.
func (b *Broker) send(s *session, topic string, payload []byte) {
	_ = s.client.WritePacket(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Publish, Retain: true}, TopicName: inHouse(s.house, topic), Payload: payload}) // a client that is gone needs nothing
}
