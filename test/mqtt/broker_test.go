package mqtt_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"latchkey/bus"
	"latchkey/home"
	"latchkey/hub"
)

// TestScenario is what the Open API's tutorial does, over MQTT: the phone says
// that it is at home, and the member has arrived, once.
func TestScenario(t *testing.T) {
	w := newWorld(t, nil)
	secret, _ := w.key(t, w.annID)
	for _, s := range []struct{ name, value, atHome string }{{"Back home", "1", "true"}, {"Left home", "0", "false"}} {
		_, err := w.hub.CreateScene(t.Context(), w.annID, home.Scene{Name: s.name, Enabled: true,
			Triggers:   []home.Trigger{{Type: "state", Settings: json.RawMessage(`{"type":"state","feature":"mqtt:my-phone-presence","operator":"=","value":` + s.value + `}`)}},
			Conditions: []home.Trigger{}, Steps: []home.Step{{Action: "presence.set", Args: json.RawMessage(`{"account":"me","at_home":` + s.atHome + `}`)}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	var arrived, left atomic.Int64
	w.hub.Bus().Listen(func(entries []*bus.Entry) {
		for _, e := range entries {
			switch {
			case e.Event == nil:
			case e.Event.Type == home.EventArrived:
				arrived.Add(1)
			case e.Event.Type == home.EventLeft:
				left.Add(1)
			}
		}
	})
	ways := map[string]func(value string) error{
		"mosquitto_pub 3.1.1": func(value string) error {
			_, err := w.run(t, "mosquitto_pub", secret, "-V", "mqttv311", "-q", "1", "-t", stateTopic("mqtt:my-phone-presence"), "-m", value)
			return err
		},
		"mosquitto_pub 5": func(value string) error {
			_, err := w.run(t, "mosquitto_pub", secret, "-V", "mqttv5", "-q", "2", "-t", stateTopic("mqtt:my-phone-presence"), "-m", value)
			return err
		},
	}
	for version := range versions {
		c := dial(t, version, w, secret)
		ways[version] = func(value string) error { return c.publish(stateTopic("mqtt:my-phone-presence"), value, 1) }
	}
	n := int64(0)
	for name, publish := range ways {
		n++
		for _, value := range []string{"1", "1", "0", "0"} {
			if err := publish(value); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if value == "1" {
				until(t, name+": arrived", func() bool { return arrived.Load() >= n })
			} else {
				until(t, name+": left", func() bool { return left.Load() >= n })
			}
		}
		if arrived.Load() != n || left.Load() != n {
			t.Errorf("%s: arrived %d times and left %d times, want %d", name, arrived.Load(), left.Load(), n)
		}
	}
}

// TestQualities: each quality is taken in, once.
func TestQualities(t *testing.T) {
	for version := range versions {
		t.Run(version, func(t *testing.T) {
			w := newWorld(t, nil)
			secret, _ := w.key(t, w.annID)
			c := dial(t, version, w, secret)
			for q := range byte(3) {
				for i := range 20 {
					if err := c.publish(stateTopic("lamp"), fmt.Sprint(int(q)*100+i), q); err != nil {
						t.Fatal(err)
					}
				}
				until(t, "all are there", func() bool { return len(w.points(t, w.annID, "lamp")) >= int(q+1)*20 })
			}
			if got := w.points(t, w.annID, "lamp"); len(got) != 60 || !slices.IsSorted(got) {
				t.Errorf("there are %v", got)
			}
		})
	}
}

// TestRights is what keys of two houses may publish and read.
func TestRights(t *testing.T) {
	w := newWorld(t, nil)
	a, b := string(w.annID.House), string(w.bobID.House)
	all, _ := w.key(t, w.annID)
	narrow, _ := w.key(t, w.annID, home.Grant{Verbs: []home.Verb{home.WriteState, home.ReadState}, Features: []string{"lamp"}})
	writer, _ := w.key(t, w.annID, home.Grant{Verbs: []home.Verb{home.WriteState}})
	other, _ := w.key(t, w.bobID)
	for version := range versions {
		for _, c := range []struct {
			name, secret, feature string
			ok                    bool
		}{
			{"all", all, "mqtt:my-phone-presence", true}, {"narrow", narrow, "lamp", true}, {"narrow", narrow, "mqtt:my-phone-presence", false},
			{"writer", writer, "lamp", true}, {"writer", writer, "nobody", false},
		} {
			err := dial(t, version, w, c.secret).publish(stateTopic(c.feature), "1", 1)
			if c.ok != (err == nil) {
				t.Errorf("%s: the key %s publishes %s: %v", version, c.name, c.feature, err)
			}
		}
		for _, topic := range []string{"foo", "latchkey/status", "latchkey/" + a + "/device/mqtt:my-phone/feature/lamp/state", "gladys/device/mqtt:my-phone/feature/lamp/state", "gladys/master/device/create"} {
			if err := dial(t, version, w, narrow).publish(topic, "x", 1); err == nil {
				t.Errorf("%s: the narrow key publishes to %s", version, topic)
			}
		}
	}
	if got := w.value(t, w.bobID, "lamp"); got != "" {
		t.Errorf("house B has heard of house A: %s", got)
	}
	w.reads(t, map[string]string{"all": all, "narrow": narrow, "writer": writer, "other": other}, a, b)
}

// reads looks at what each key hears of both houses.
func (w *world) reads(t *testing.T, secrets map[string]string, a, b string) {
	t.Helper()
	lamp := func(house string) string { return "latchkey/" + house + "/device/mqtt:my-phone/feature/lamp/state" }
	phone := func(house string) string {
		return "latchkey/" + house + "/device/mqtt:my-phone/feature/mqtt:my-phone-presence/state"
	}
	want := map[string][]string{"all": {lamp(a), phone(a)}, "narrow": {lamp(a)}, "writer": nil, "other": {lamp(b), phone(b)}}
	for version := range versions {
		clients := map[string]client{}
		for name, secret := range secrets {
			c := dial(t, version, w, secret)
			clients[name] = c
			if err := c.subscribe("#"); err != nil {
				t.Fatalf("%s: %s may not subscribe to what it may read: %v", version, name, err)
			}
			for _, filter := range []string{"foo/#", "$SYS/#", "$share/x/latchkey/#", lamp(b), "latchkey/" + a + "/device/x/feature/y/state"} {
				if err := c.subscribe(filter); err == nil && !(name == "other" && filter == lamp(b)) {
					t.Errorf("%s: %s subscribes to %s", version, name, filter)
				}
			}
		}
		for _, id := range []*home.Identity{w.annID, w.bobID} {
			for _, f := range []string{"lamp", "mqtt:my-phone-presence"} {
				if _, err := w.hub.Report(t.Context(), id, home.Report{Feature: f, Value: home.Num(77)}); err != nil {
					t.Fatal(err)
				}
			}
		}
		for name, c := range clients {
			for _, topic := range want[name] {
				until(t, version+": "+name+" hears "+topic, func() bool {
					return slices.ContainsFunc(c.messages(), func(h heard) bool { return h.topic == topic && h.payload == "77" })
				})
			}
			for _, h := range c.messages() {
				if h.topic != "latchkey/status" && !slices.Contains(want[name], h.topic) {
					t.Errorf("%s: %s hears %v", version, name, h)
				}
			}
			c.close()
		}
	}
}

// TestRevoked: with its key a client's session ends, connected or not.
func TestRevoked(t *testing.T) {
	for version, connect := range versions {
		t.Run(version, func(t *testing.T) {
			w := newWorld(t, nil)
			secret, id := w.key(t, w.annID)
			here, err := connect(t, w.addr, "here", secret, false)
			if err != nil {
				t.Fatal(err)
			}
			away, err := connect(t, w.addr, "away", secret, false)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range []client{here, away} {
				if err := c.subscribe("latchkey/#"); err != nil {
					t.Fatal(err)
				}
			}
			away.close()
			if got := w.metric(t, "latchkey_mqtt_subscriptions"); got != "2" {
				t.Fatalf("%s subscriptions, want 2", got)
			}
			if err := w.hub.RevokeKey(t.Context(), w.annID, id); err != nil {
				t.Fatal(err)
			}
			until(t, "the connection is cut", here.gone)
			until(t, "the sessions are forgotten", func() bool { return w.metric(t, "latchkey_mqtt_subscriptions") == "0" })
			if _, err := connect(t, w.addr, "here", secret, false); err == nil {
				t.Error("the revoked key connects")
			}
		})
	}
}

// TestNames: who may not connect.
func TestNames(t *testing.T) {
	w := newWorld(t, nil)
	secret, _ := w.key(t, w.annID)
	foreign, _ := w.key(t, w.bobID)
	for version, connect := range versions {
		for _, c := range []struct{ name, secret string }{{"a+", secret}, {"#", secret}, {"a/b", secret}, {strings.Repeat("x", 200), secret}, {"ok", ""}, {"ok", "lk_pat_no"}} {
			if _, err := connect(t, w.addr, c.name, c.secret, true); err == nil {
				t.Errorf("%s: %.20q with %.10q connects", version, c.name, c.secret)
			}
		}
	}
	if out, err := w.run(t, "mosquitto_pub", foreign, "-u", string(w.annID.House), "-q", "1", "-t", stateTopic("lamp"), "-m", "1"); err == nil {
		t.Errorf("a key of house B enters house A by its name: %s", out)
	}
	if out, err := w.run(t, "mosquitto_pub", secret, "-u", string(w.annID.House), "-q", "1", "-t", stateTopic("lamp"), "-m", "1"); err != nil {
		t.Errorf("a house's own key is refused with its name: %v %s", err, out)
	}
	for _, args := range [][]string{{"--will-topic", "foo"}, {"--will-topic", "gladys/master/device/create"}} {
		narrow, _ := w.key(t, w.annID, home.Grant{Verbs: []home.Verb{home.WriteState}})
		if out, err := w.run(t, "mosquitto_pub", narrow, append(args, "--will-payload", "x", "-q", "1", "-t", stateTopic("lamp"), "-m", "1")...); err == nil {
			t.Errorf("a will on %s is taken: %s", args[1], out)
		}
	}
}

// TestSessionsAreOwn: two keys that use one client id do not disturb each other.
func TestSessionsAreOwn(t *testing.T) {
	w := newWorld(t, nil)
	one, _ := w.key(t, w.annID)
	two, _ := w.key(t, w.bobID)
	first, err := dialOld(t, w.addr, "same", one, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.subscribe("latchkey/#"); err != nil {
		t.Fatal(err)
	}
	second, err := dialYoung(t, w.addr, "same", two, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.publish(stateTopic("lamp"), "3", 1); err != nil {
		t.Fatal(err)
	}
	if err := first.publish(stateTopic("lamp"), "4", 1); err != nil || first.gone() {
		t.Errorf("the first client was disturbed: %v", err)
	}
	if got := w.value(t, w.annID, "lamp") + w.value(t, w.bobID, "lamp"); got != "43" {
		t.Errorf("the houses have %s", got)
	}
}

// TestOddNames: ids with anything in them.
func TestOddNames(t *testing.T) {
	w := newWorld(t, nil)
	secret, _ := w.key(t, w.annID)
	c := dial(t, "5", w, secret)
	if err := c.subscribe("latchkey/#"); err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"a/b", "a+b#c", "50% of it", "\u00e9t\u00e9 \u2600", "a b", "x%2Fy", "state", "feature"} {
		body, err := json.Marshal(map[string]any{"name": "odd", "external_id": "odd:" + name, "features": []any{
			map[string]any{"name": "odd", "external_id": name, "category": "sensor", "type": "decimal"}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.publish("gladys/master/device/create", string(body), 1); err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		escaped := strings.NewReplacer("%", "%25", "/", "%2F", "+", "%2B", "#", "%23").Replace(name)
		ways := []string{escaped}
		if !strings.ContainsAny(name, "+#") && !strings.Contains(name, "%2F") {
			ways = append(ways, name) // as it is
		}
		for n, way := range ways {
			if err := c.publish(stateTopic(way), fmt.Sprint(i*10+n), 1); err != nil {
				t.Errorf("%q as %q: %v", name, way, err)
			}
			if got := w.value(t, w.annID, name); got != fmt.Sprint(i*10+n) {
				t.Errorf("%q as %q is %s", name, way, got)
			}
			until(t, name+" is shown", func() bool {
				return slices.ContainsFunc(c.messages(), func(h heard) bool {
					return h.payload == fmt.Sprint(i*10+n) && strings.HasSuffix(h.topic, "/feature/"+escaped+"/state")
				})
			})
		}
	}
	for _, topic := range []string{"gladys/master/device/\x00/feature/a/state", "gladys/master/device/+/feature/a/state", strings.Repeat("x/", 300)} {
		_ = dial(t, "3.1.1", w, secret).publish(topic, "1", 1) // refused in one way or another
	}
	if err := c.publish(stateTopic("state"), "5", 1); err != nil {
		t.Errorf("the broker is not well after odd topics: %v", err)
	}
}

// TestCommands: a device gets what it is told, and is not said to have done
// what it never heard.
func TestCommands(t *testing.T) {
	w := newWorld(t, nil)
	w.device(t, w.annID, "mqtt", "plug", "plug:on")
	w.device(t, w.bobID, "mqtt", "plug", "plug:on")
	_, err := w.hub.Command(t.Context(), w.annID, "plug:on", home.Num(1))
	if home.CodeOf(err) != home.Unavailable || w.value(t, w.annID, "plug:on") != "" {
		t.Errorf("with nobody there the command ended with %v", err)
	}
	secret, _ := w.key(t, w.annID, home.Grant{Verbs: []home.Verb{home.WriteState}, Features: []string{"plug:on"}})
	foreign, _ := w.key(t, w.bobID)
	plug, stranger := dial(t, "3.1.1", w, secret), dial(t, "5", w, foreign)
	for _, c := range []client{plug, stranger} {
		if err := c.subscribe("gladys/device/plug/feature/+/state"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.hub.Command(context.Background(), w.annID, "plug:on", home.Num(0.5)); err != nil {
		t.Fatal(err)
	}
	until(t, "the plug hears its command", func() bool { return len(plug.messages()) == 1 })
	if got, want := plug.messages()[0], (heard{"gladys/device/plug/feature/plug:on/state", "0.5", false}); got != want {
		t.Errorf("the plug heard %v, want %v", got, want)
	}
	if got := w.value(t, w.annID, "plug:on"); got != "0.5" {
		t.Errorf("after the command it is %s", got)
	}
	if got := stranger.messages(); len(got) > 0 {
		t.Errorf("house B heard a command of house A: %v", got)
	}
}

// TestWill: what a client wanted to be told when it is gone is told, and not
// when it goes in peace or when we end.
func TestWill(t *testing.T) {
	w := newWorld(t, nil)
	secret, _ := w.key(t, w.annID)
	if err := dial(t, "5", w, secret).publish(stateTopic("lamp"), "1", 1); err != nil {
		t.Fatal(err)
	}
	will := []string{"--will-topic", stateTopic("lamp"), "--will-payload", "9", "-t", stateTopic("lamp"), "-m", "2", "-q", "1"}
	if _, err := w.run(t, "mosquitto_pub", secret, will...); err != nil {
		t.Fatal(err)
	}
	if got := w.value(t, w.annID, "lamp"); got != "2" {
		t.Errorf("after a client has left in peace it is %s", got)
	}
	will[len(will)-5] = stateTopic("nobody") // refused: a client of 3.1.1 is cut off
	if _, err := w.run(t, "mosquitto_pub", secret, will...); err == nil {
		t.Fatal("a message for nobody was acknowledged")
	}
	until(t, "the will is told", func() bool { return w.value(t, w.annID, "lamp") == "9" })
}

// TestStop: clients hear that the server goes.
func TestStop(t *testing.T) {
	w := newWorld(t, nil)
	secret, _ := w.key(t, w.annID)
	var clients []client
	for version := range versions {
		c := dial(t, version, w, secret)
		if err := c.subscribe("latchkey/status"); err != nil {
			t.Fatal(err)
		}
		until(t, "online", func() bool { return slices.Contains(c.messages(), heard{"latchkey/status", "online", true}) })
		clients = append(clients, c)
	}
	w.stop()
	for _, c := range clients {
		until(t, "offline", func() bool { return slices.Contains(c.messages(), heard{"latchkey/status", "offline", true}) })
		until(t, "gone", c.gone)
	}
}

// TestStuck: a client that reads nothing holds up nobody, and is cut off.
func TestStuck(t *testing.T) {
	w := newWorld(t, nil)
	secret, _ := w.key(t, w.annID)
	stuck, err := net.Dial("tcp", w.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer stuck.Close()
	if err := stuck.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	connect := []byte{0, 4, 'M', 'Q', 'T', 'T', 4, 0xc2, 0, 0, 0, 5, 's', 't', 'u', 'c', 'k', 0, 1, 'x', 0, byte(len(secret))}
	connect = append(connect, secret...)
	subscribe := append([]byte{0x82, 15, 0, 1, 0, 10}, "latchkey/#\x00"...)
	subscribe[1] = byte(len(subscribe) - 2)
	if _, err := stuck.Write(append(append([]byte{0x10, byte(len(connect))}, connect...), subscribe...)); err != nil {
		t.Fatal(err)
	}
	until(t, "it has subscribed", func() bool { return w.metric(t, "latchkey_mqtt_subscriptions") == "1" })
	text := strings.Repeat("x", 4000)
	n := hub.NewDevice{Name: "board", ExternalID: "board"}
	var reports []home.Report
	for i := range 200 {
		f := fmt.Sprint("board:", i)
		n.Features = append(n.Features, hub.NewFeature{ExternalID: f, Name: f, Category: "text", Type: "text"})
		reports = append(reports, home.Report{Feature: f, Value: home.Txt(text)})
	}
	if _, err := w.hub.CreateDevice(t.Context(), w.annID, n); err != nil {
		t.Fatal(err)
	}
	c := dial(t, "5", w, secret)
	until(t, "it is cut off", func() bool {
		if _, err := w.hub.Report(t.Context(), w.annID, reports...); err != nil {
			t.Fatal(err)
		}
		if err := c.publish(stateTopic("lamp"), "1", 1); err != nil {
			t.Fatalf("another client is held up: %v", err)
		}
		return w.metric(t, "latchkey_mqtt_clients") == "1"
	})
}
