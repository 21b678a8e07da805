package latchkey

import (
	"context"
	"net"
	"strings"

	"latchkey/bus"
	"latchkey/dialects/gladys"
	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/mqtt"
)

// statusTopic says whether the server is there: online or offline.
const statusTopic = "latchkey/status"

// readable are the filters of what is published.
func readable() []string { return []string{"latchkey/#", gladys.CommandTopics} }

// stateTopic is where a feature's value is shown.
func stateTopic(house home.ID, d *home.Device, f *home.Feature) string {
	return "latchkey/" + string(house) + "/device/" + mqtt.Escape(d.ExternalID) + "/feature/" + mqtt.Escape(f.ExternalID) + "/state"
}

// mirror shows MQTT clients what the house knows, as far as they may know.
type mirror struct{ hub *hub.Hub }

var _ mqtt.House = mirror{}

// Identify implements mqtt.House. The user name may say which house is meant;
// otherwise it is the key's.
func (m mirror) Identify(ctx context.Context, user, secret, remote string) (*home.Identity, error) {
	c := hub.Credential{Secret: secret, Kinds: []home.KeyKind{home.OpenKey, home.TokenKey, home.GatewayKey}, Remote: remote}
	if host, _, err := net.SplitHostPort(remote); err == nil {
		c.Remote = host
	}
	for _, h := range m.hub.EveryHouse() {
		if string(h.ID) == user {
			c.House = h.ID
		}
	}
	id, err := m.hub.Identify(ctx, c)
	if err == nil && id.House == "" {
		err = home.Errorf(home.Conflict, "this account has no house yet").Because("no_house")
	}
	return id, err
}

// Renew implements mqtt.House.
func (m mirror) Renew(id *home.Identity) error { return m.hub.Renew(id) }

// Holds implements mqtt.House.
func (m mirror) Holds(id *home.Identity) error { return m.hub.Holds(id) }

// Reads implements mqtt.House. Commands for a device are for whoever reports
// for it, and for whoever may read it.
func (m mirror) Reads(id *home.Identity, topic string) bool {
	if topic == statusTopic {
		return true
	}
	d, f, _, command := m.find(id.House, topic)
	return f != nil && (hub.MayRead(id, d, f) || command && id.May(home.WriteState, d, f))
}

// find returns the feature that a topic is about, and whether it carries
// commands; nil when there is none.
func (m mirror) find(house home.ID, topic string) (d *home.Device, f *home.Feature, s *home.State, command bool) {
	rest, shown := strings.CutPrefix(topic, "latchkey/"+string(house)+"/device/")
	if !shown {
		if rest, command = strings.CutPrefix(topic, "gladys/device/"); !command {
			return nil, nil, nil, false
		}
	}
	parts := strings.Split(rest, "/")
	if len(parts) != 4 || parts[1] != "feature" || parts[3] != "state" {
		return nil, nil, nil, false
	}
	d, f, s, err := m.hub.FeatureOf(context.Background(), insider(house), mqtt.Unescape(parts[2]))
	if err != nil || d.ExternalID != mqtt.Unescape(parts[0]) {
		return nil, nil, nil, false
	}
	return d, f, s, command
}

// insider is the house itself, to look things up; what it finds is shown only
// to who may see it.
func insider(house home.ID) *home.Identity {
	return &home.Identity{Kind: home.InsideKey, KeyName: "mqtt", House: house, Role: home.Owner,
		Grants: []home.Grant{{Verbs: []home.Verb{home.ReadDevice, home.ReadState, home.ReadLocation}}}}
}

// Told implements mqtt.House.
func (m mirror) Told(id *home.Identity) []string {
	out := []string{statusTopic}
	devices, err := m.hub.Devices(context.Background(), insider(id.House))
	if err != nil {
		return out // the house is gone
	}
	for _, v := range devices {
		for i := range v.Features {
			if v.States[i] != nil && hub.MayRead(id, v.Device, &v.Features[i]) {
				out = append(out, stateTopic(id.House, v.Device, &v.Features[i]))
			}
		}
	}
	return out
}

// Now implements mqtt.House.
func (m mirror) Now(id *home.Identity, topic string) ([]byte, bool) {
	if topic == statusTopic {
		return []byte("online"), true
	}
	d, f, s, command := m.find(id.House, topic)
	if s == nil || command || !hub.MayRead(id, d, f) {
		return nil, false
	}
	return gladys.Payload(s.Value), true
}

// everything is all that another broker is shown when a connection begins.
func (m mirror) everything(id *home.Identity) []mqtt.News {
	var out []mqtt.News
	for _, topic := range m.Told(id) {
		if payload, ok := m.Now(id, topic); ok && topic != statusTopic {
			out = append(out, mqtt.News{Topic: topic, Payload: payload})
		}
	}
	return out
}

// hear shows new values. The committer calls it: it only hands them over.
func (m *MQTT) hear(entries []*bus.Entry) {
	client, house := m.other()
	if m.broker != nil && m.broker.Readers() == 0 || m.broker == nil && (client == nil || !client.Connected()) {
		return
	}
	who := speaker(house)
	for _, e := range entries {
		c := e.State
		if c == nil || !c.Current || c.Feature == nil {
			continue
		}
		topic := stateTopic(e.House, c.Device, c.Feature)
		switch {
		case m.broker != nil:
			m.broker.Tell(e.House, topic, gladys.Payload(c.New.Value))
		case e.House == house && hub.MayRead(who, c.Device, c.Feature):
			client.Tell(topic, gladys.Payload(c.New.Value))
		}
	}
}
