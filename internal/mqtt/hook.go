package mqtt

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"latchkey/home"
)

const (
	// maxName is how many bytes a client's id and user name may have.
	maxName = 128
	// maxFilters is how many subscriptions one client may have.
	maxFilters = 200
	// longestSilence is the longest keep-alive that the library reckons rightly, in seconds.
	longestSilence = 40000
)

// hook is where the library asks what it may do.
type hook struct {
	mqtt.HookBase
	broker *Broker
}

// ID implements mqtt.Hook.
func (h *hook) ID() string { return "latchkey" }

// Provides implements mqtt.Hook.
func (h *hook) Provides(b byte) bool {
	switch b {
	case mqtt.OnConnect, mqtt.OnConnectAuthenticate, mqtt.OnACLCheck, mqtt.OnPublish, mqtt.OnWill, mqtt.OnSubscribe, mqtt.OnSubscribed,
		mqtt.OnUnsubscribe, mqtt.OnPacketEncode, mqtt.OnSessionEstablished, mqtt.OnPublishDropped:
		return true
	}
	return false
}

func connOf(cl *mqtt.Client) *conn {
	c, _ := cl.Net.Conn.(*conn)
	return c
}

// sessionOf returns nil for who has not said who it is, and for the broker itself.
func sessionOf(cl *mqtt.Client) *session {
	if c := connOf(cl); c != nil {
		return c.session.Load()
	}
	return nil
}

// OnConnect decides who may connect. The refusal is what the client is told.
func (h *hook) OnConnect(cl *mqtt.Client, pk packets.Packet) error {
	s, refused := h.admit(cl, &pk)
	if refused != packets.CodeSuccess {
		h.broker.log.Info("an MQTT client was refused", "remote", cl.Net.Remote, "reason", refused.Reason)
		_ = h.broker.server.SendConnack(cl, refused, false, nil) // who is gone need not be told
		return refused
	}
	if cl.State.Keepalive > longestSilence {
		cl.State.Keepalive, cl.State.ServerKeepalive = longestSilence, cl.Properties.ProtocolVersion == 5
		if !cl.State.ServerKeepalive {
			cl.State.Keepalive = 0
		}
	}
	// Each key has its sessions for itself: nobody takes over another's by its name.
	cl.ID = string(s.house) + "/" + string(s.id.Load().Key) + "/" + cl.ID
	s.conn.session.Store(s)
	return nil
}

func (h *hook) admit(cl *mqtt.Client, pk *packets.Packet) (*session, packets.Code) {
	user, c := string(pk.Connect.Username), connOf(cl)
	if c == nil || !nameable(cl.ID) {
		return nil, packets.ErrClientIdentifierNotValid
	}
	if !nameable(user) {
		return nil, packets.ErrBadUsernameOrPassword
	}
	id, err := h.broker.config.House.Identify(context.Background(), user, string(pk.Connect.Password), cl.Net.Remote)
	if err != nil {
		if home.CodeOf(err) == home.Unauthorized {
			return nil, packets.ErrBadUsernameOrPassword
		}
		return nil, packets.ErrNotAuthorized
	}
	if pk.Connect.WillFlag {
		topic, _, err := h.broker.config.Topics.Find(pk.Connect.WillTopic)
		if err != nil || !id.MaySome(topic.Right) {
			return nil, packets.ErrNotAuthorized
		}
	}
	return newSession(h.broker, cl, id), packets.CodeSuccess
}

// nameable: wildcards in a name have fooled brokers that build filters from names.
func nameable(s string) bool {
	return len(s) <= maxName && utf8.ValidString(s) && !strings.ContainsAny(s, "+#/") && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// OnConnectAuthenticate lets in whom OnConnect has let in.
func (h *hook) OnConnectAuthenticate(cl *mqtt.Client, _ packets.Packet) bool {
	return sessionOf(cl) != nil
}

// OnSessionEstablished brings who comes back up to date.
func (h *hook) OnSessionEstablished(cl *mqtt.Client, _ packets.Packet) {
	s := sessionOf(cl)
	if s == nil {
		return
	}
	for filter := range cl.State.Subscriptions.GetAll() {
		h.broker.show(s, s.outside(filter))
	}
}

// OnPublish takes what a client publishes. The library does nothing more with
// it: neither pass it on nor acknowledge it.
func (h *hook) OnPublish(cl *mqtt.Client, pk packets.Packet) (packets.Packet, error) {
	if cl.Net.Inline {
		return pk, nil
	}
	if s := sessionOf(cl); s != nil {
		h.broker.take(s, &pk)
	}
	pk.Ignore, pk.FixedHeader.Qos, pk.FixedHeader.Retain = true, 0, false
	return pk, nil
}

// OnWill takes a client's last will as if the client published it now. When we
// are the one who ends the connection, there is nothing to tell.
func (h *hook) OnWill(cl *mqtt.Client, w mqtt.Will) (mqtt.Will, error) {
	if s := sessionOf(cl); s != nil && !h.broker.stopping.Load() {
		h.broker.take(s, &packets.Packet{TopicName: w.TopicName, Payload: w.Payload})
	}
	return mqtt.Will{}, nil
}

// OnSubscribe moves filters into the house's own tree.
func (h *hook) OnSubscribe(cl *mqtt.Client, pk packets.Packet) packets.Packet {
	s := sessionOf(cl)
	pk.Filters = slices.Clone(pk.Filters)
	for i := range pk.Filters {
		f := &pk.Filters[i]
		if s == nil || !ValidFilter(f.Filter) {
			f.Filter = "" // the library calls that invalid
			continue
		}
		f.Filter, f.Qos = inHouse(s.house, f.Filter), min(f.Qos, 1)
	}
	return pk
}

// OnUnsubscribe does the same.
func (h *hook) OnUnsubscribe(cl *mqtt.Client, pk packets.Packet) packets.Packet {
	pk.Filters = slices.Clone(pk.Filters)
	if s := sessionOf(cl); s != nil {
		for i := range pk.Filters {
			pk.Filters[i].Filter = inHouse(s.house, pk.Filters[i].Filter)
		}
	}
	return pk
}

// OnSubscribed shows who has subscribed how things are.
func (h *hook) OnSubscribed(cl *mqtt.Client, pk packets.Packet, codes []byte) {
	s := sessionOf(cl)
	if s == nil {
		return
	}
	for i, f := range pk.Filters {
		if codes[i] < packets.ErrUnspecifiedError.Code && f.RetainHandling != 2 {
			h.broker.show(s, s.outside(f.Filter))
		}
	}
}

// OnACLCheck decides about a subscription, and about each message on its way
// to a client. What clients publish is judged by take.
func (h *hook) OnACLCheck(cl *mqtt.Client, topic string, write bool) bool {
	s := sessionOf(cl)
	if s == nil || write {
		return s != nil
	}
	topic = s.outside(topic)
	if !strings.ContainsAny(topic, "+#") {
		return h.broker.reads(s, topic) && cl.State.Subscriptions.Len() <= maxFilters
	}
	return cl.State.Subscriptions.Len() < maxFilters && slices.ContainsFunc(h.broker.config.Readable, func(f string) bool { return Overlap(f, topic) })
}

// reads reports whether s's key may read what is published to topic, as its
// rights are now.
func (b *Broker) reads(s *session, topic string) bool {
	return b.config.House.Reads(s.id.Load(), topic)
}

// OnPacketEncode takes the house's own tree out of a topic.
func (h *hook) OnPacketEncode(cl *mqtt.Client, pk packets.Packet) packets.Packet {
	if pk.FixedHeader.Type == packets.Publish && pk.TopicName != "" {
		if s := sessionOf(cl); s != nil {
			pk.TopicName = s.outside(pk.TopicName)
		}
	}
	return pk
}

// OnPublishDropped cuts a client off that missed something: it finds out how
// things are when it comes back.
func (h *hook) OnPublishDropped(cl *mqtt.Client, _ packets.Packet) {
	if c := connOf(cl); c != nil {
		c.cut(errSlow)
	}
}

// outside is a topic or filter as the client knows it.
func (s *session) outside(topic string) string { return strings.TrimPrefix(topic, string(s.house)+"/") }

// subscribed reports whether the client has subscribed to a topic.
func (s *session) subscribed(topic string) bool {
	for filter := range s.client.State.Subscriptions.GetAll() {
		if Match(s.outside(filter), topic) {
			return true
		}
	}
	return false
}

// dropWill forgets what a client wanted to be told when it is gone.
func dropWill(cl *mqtt.Client) { atomic.StoreUint32(&cl.Properties.Will.Flag, 0) }
