package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	v3 "github.com/eclipse/paho.mqtt.golang"

	"github.com/eclipse/paho.golang/paho"
)

// heard is a message that a client got.
type heard struct {
	topic, payload string
	retained       bool
}

// client is a client of one of the two versions.
type client interface {
	publish(topic, payload string, quality byte) error
	subscribe(filter string) error
	messages() []heard
	gone() bool
	close()
}

type inbox struct {
	mu   sync.Mutex
	list []heard
}

func (i *inbox) add(h heard) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.list = append(i.list, h)
}

func (i *inbox) messages() []heard {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append([]heard(nil), i.list...)
}

// old speaks MQTT 3.1.1.
type old struct {
	inbox
	c v3.Client
}

func (o *old) publish(topic, payload string, quality byte) error {
	token := o.c.Publish(topic, quality, false, payload)
	token.WaitTimeout(10 * time.Second)
	return token.Error()
}

func (o *old) subscribe(filter string) error {
	token := o.c.Subscribe(filter, 1, func(_ v3.Client, m v3.Message) { o.add(heard{m.Topic(), string(m.Payload()), m.Retained()}) })
	token.WaitTimeout(10 * time.Second)
	if s, ok := token.(*v3.SubscribeToken); ok {
		for _, code := range s.Result() {
			if code >= 0x80 {
				return errors.New("refused")
			}
		}
	}
	return token.Error()
}

func (o *old) gone() bool { return !o.c.IsConnectionOpen() }
func (o *old) close()     { o.c.Disconnect(50) }

func dialOld(t *testing.T, addr, name, secret string, clean bool) (client, error) {
	t.Helper()
	o := &old{}
	options := v3.NewClientOptions().AddBroker("tcp://" + addr).SetClientID(name).SetUsername("any").SetPassword(secret).
		SetProtocolVersion(4).SetAutoReconnect(false).SetCleanSession(clean).SetConnectTimeout(5 * time.Second)
	o.c = v3.NewClient(options)
	token := o.c.Connect()
	token.WaitTimeout(10 * time.Second)
	if err := token.Error(); err != nil {
		return nil, err
	}
	t.Cleanup(o.close)
	return o, nil
}

// young speaks MQTT 5.
type young struct {
	inbox
	c    *paho.Client
	once sync.Once
}

func (y *young) publish(topic, payload string, quality byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, err := y.c.Publish(ctx, &paho.Publish{Topic: topic, Payload: []byte(payload), QoS: quality})
	return err
}

func (y *young) subscribe(filter string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, err := y.c.Subscribe(ctx, &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: filter, QoS: 1}}})
	return err
}

func (y *young) gone() bool {
	select {
	case <-y.c.Done():
		return true
	default:
		return false
	}
}

func (y *young) close() {
	y.once.Do(func() {
		_ = y.c.Disconnect(&paho.Disconnect{})
		<-y.c.Done()
	})
}

func dialYoung(t *testing.T, addr, name, secret string, clean bool) (client, error) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	y := &young{}
	y.c = paho.NewClient(paho.ClientConfig{Conn: conn, PacketTimeout: 10 * time.Second, OnPublishReceived: []func(paho.PublishReceived) (bool, error){
		func(r paho.PublishReceived) (bool, error) {
			y.add(heard{r.Packet.Topic, string(r.Packet.Payload), r.Packet.Retain})
			return true, nil
		}}})
	connect := &paho.Connect{ClientID: name, KeepAlive: 30, CleanStart: clean, UsernameFlag: true, Username: "any", PasswordFlag: true, Password: []byte(secret)}
	if !clean {
		hour := uint32(3600)
		connect.Properties = &paho.ConnectProperties{SessionExpiryInterval: &hour}
	}
	if _, err := y.c.Connect(t.Context(), connect); err != nil {
		_ = conn.Close()
		return nil, err
	}
	t.Cleanup(y.close)
	return y, nil
}

// versions are the ways to connect.
var versions = map[string]func(t *testing.T, addr, name, secret string, clean bool) (client, error){"3.1.1": dialOld, "5": dialYoung}

func dial(t *testing.T, version string, w *world, secret string) client {
	t.Helper()
	w.clients++
	c, err := versions[version](t, w.addr, fmt.Sprintf("c%d", w.clients), secret, true)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
