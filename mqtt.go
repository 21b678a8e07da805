package latchkey

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"time"

	"latchkey/dialects/gladys"
	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/mqtt"
)

// houseCheck is how often it is asked whether the house that another broker
// speaks for has come about.
const houseCheck = 2 * time.Second

// MQTT is how a house speaks MQTT: not at all, with a broker of its own, or
// through somebody else's. Make one with NewMQTT.
type MQTT struct {
	hub    *hub.Hub
	config Config
	table  *mqtt.Table
	broker *mqtt.Broker // nil unless embedded

	mu     sync.Mutex
	ln     net.Listener // of the broker, until it is served
	client *mqtt.Client // nil without another broker, and until its house is there
	house  home.ID      // that the client speaks for
}

// NewMQTT returns what a house speaks MQTT with. It does nothing before the
// house is open.
func NewMQTT() *MQTT { return &MQTT{} }

// open gets ready for what the settings ask for.
func (m *MQTT) open(l *Latchkey, topics []mqtt.Topic) (err error) {
	m.hub, m.config = l.hub, l.config
	if m.table, err = mqtt.NewTable(topics); err != nil {
		return err
	}
	switch l.config.Settings.MQTT.Broker {
	case "", "off":
		return nil
	case "embedded":
		m.broker, err = mqtt.NewBroker(mqtt.Config{House: mirror{l.hub}, Topics: m.table, Readable: readable(), Status: statusTopic, Log: l.config.Log})
		if err != nil {
			return err
		}
	}
	l.bus.Listen(m.hear)
	return nil
}

// ListenMQTT opens the port of the embedded broker and returns its address; nil
// when the settings ask for no broker. When the address of the settings is not
// free, it tries the others. Serve does it otherwise.
func (l *Latchkey) ListenMQTT(ctx context.Context, others ...string) (net.Addr, error) {
	m := l.mqtt
	if m.broker == nil {
		return nil, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var failed error
	for _, address := range append([]string{l.config.Settings.MQTT.Listen}, others...) {
		if m.ln != nil {
			break
		}
		ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("listen for MQTT: %w; choose another address with mqtt.listen", err))
			continue
		}
		m.ln = ln
	}
	if m.ln == nil {
		return nil, failed
	}
	return m.ln.Addr(), nil
}

// Topics lists every MQTT topic that is taken in.
func (l *Latchkey) Topics() []mqtt.Topic { return l.mqtt.table.Topics() }

// serveMQTT serves what the settings ask for until ctx ends.
func (l *Latchkey) serveMQTT(ctx context.Context) error {
	m := l.mqtt
	switch b := l.config.Settings.MQTT.Broker; {
	case m.broker != nil:
		if _, err := l.ListenMQTT(ctx); err != nil {
			return err
		}
		return m.broker.Serve(ctx, m.ln)
	case b == "" || b == "off":
		return nil
	}
	return m.speak(ctx)
}

// closeListener gives a port free that was opened and never served.
func (m *MQTT) closeListener() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ln == nil {
		return nil
	}
	if err := m.ln.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("stop listening for MQTT: %w", err)
	}
	return nil
}

// speak serves the client of another broker, once there is a house to speak for.
func (m *MQTT) speak(ctx context.Context) error {
	address, err := url.Parse(m.config.Settings.MQTT.Broker)
	if err != nil {
		return errors.New("mqtt.broker is not an address") // it may hold a password
	}
	tick := time.NewTicker(houseCheck)
	defer tick.Stop()
	house, found := m.choose()
	for warned := false; !found; house, found = m.choose() {
		if !warned {
			m.config.Log.Warn("MQTT waits: there is no house yet, or mqtt.house does not say which one of several the broker speaks for")
			warned = true
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
	s := &m.config.Settings.MQTT
	id := speaker(house)
	client := mqtt.NewClient(mqtt.ClientConfig{URL: address, User: s.User, Password: s.Password, Name: "latchkey-" + string(house), Status: statusTopic,
		Topics: m.table, Who: id, Told: func() []mqtt.News { return mirror{m.hub}.everything(id) }, Log: m.config.Log})
	m.mu.Lock()
	m.client, m.house = client, house
	m.mu.Unlock()
	return client.Serve(ctx)
}

// choose returns the house that another broker speaks for.
func (m *MQTT) choose() (home.ID, bool) {
	houses, name := m.hub.EveryHouse(), m.config.Settings.MQTT.House
	var found []home.ID
	for i := range houses {
		if h := &houses[i]; name == "" || name == string(h.ID) || name == h.Name {
			found = append(found, h.ID)
		}
	}
	if len(found) != 1 {
		return "", false
	}
	return found[0], true
}

// speaker is as whom messages of another broker come in: whoever may publish
// there may do this.
func speaker(house home.ID) *home.Identity {
	return &home.Identity{Kind: home.InsideKey, KeyName: "mqtt", House: house, Role: home.Adult, Cause: home.Cause{{Kind: "driver", Name: gladys.Driver}},
		Grants: []home.Grant{{Verbs: []home.Verb{home.WriteState, home.WriteDevice, home.RunScene, home.WriteLocation, home.ReadState, home.ReadDevice, home.ReadMember}}}}
}

// other returns the client and its house; nil when there is none.
func (m *MQTT) other() (*mqtt.Client, home.ID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.client, m.house
}

// Publish sends a command to its device. Errors: Unavailable (mqtt_off,
// nobody_listens, broker_away).
func (m *MQTT) Publish(ctx context.Context, c home.Command) error {
	topic, payload := gladys.CommandTopic(c.Device.ExternalID, c.Feature.ExternalID), gladys.Payload(c.Value)
	if m.broker != nil {
		return m.broker.Publish(c.House, topic, payload)
	}
	if client, house := m.other(); client != nil && house == c.House {
		return client.Publish(ctx, topic, payload)
	}
	return home.Errorf(home.Unavailable, "MQTT is off for this house; see the setting mqtt.broker").Because("mqtt_off")
}

// stats returns the counts of the broker or client.
func (m *MQTT) stats() mqtt.Stats {
	if m.broker != nil {
		return m.broker.Stats()
	}
	if client, _ := m.other(); client != nil {
		return client.Stats()
	}
	return mqtt.Stats{}
}
