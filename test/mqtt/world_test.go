package mqtt_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"latchkey"
	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/settings"
)

func TestMain(m *testing.M) {
	// The library's broker does not wait for its housekeeping, nor the old client
	// for its own; both end by themselves.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/mochi-mqtt/server/v2.(*Server).eventLoop"))
}

// program returns the path of one of mosquitto's programs.
func program(t testing.TB, name string) string {
	t.Helper()
	for _, at := range []string{name, "/usr/sbin/" + name} {
		if path, err := exec.LookPath(at); err == nil {
			return path
		}
	}
	t.Fatalf("%s is missing; install mosquitto and its clients (Debian: apt-get install mosquitto mosquitto-clients)", name)
	return ""
}

// world is a server with two houses, A of ann and B of bob.
type world struct {
	l       *latchkey.Latchkey
	hub     *hub.Hub
	addr    string // of its MQTT broker; "" without one
	annID   *home.Identity
	bobID   *home.Identity
	stop    func()
	clients int
	http    string
}

func newWorld(t *testing.T, change func(*settings.Settings)) *world {
	t.Helper()
	s := settings.Default(func(string) string { return "" })
	s.Data, s.MQTT.Broker, s.MQTT.Listen = t.TempDir(), "embedded", "127.0.0.1:0"
	s.MQTT.House = "A"
	if change != nil {
		change(&s)
	}
	c := latchkey.Config{Settings: s, Store: "memory"}
	l, err := latchkey.Open(t.Context(), c, latchkey.Usual(c))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{l: l, hub: l.Hub()}
	w.people(t)
	at, err := l.ListenMQTT(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if at != nil {
		w.addr = at.String()
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.http = ln.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- l.Serve(ctx, ln) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		http.DefaultClient.CloseIdleConnections()
		if err := <-ended; err != nil {
			t.Errorf("serving ended with %v", err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(w.stop)
	return w
}

func (w *world) people(t *testing.T) {
	t.Helper()
	made, err := w.hub.Setup(t.Context(), hub.SetupRequest{Username: "ann", Password: "a password for tests", Loopback: true, House: &hub.NewHouse{Name: "A"}})
	if err != nil {
		t.Fatal(err)
	}
	w.annID = w.identify(t, made.Token, made.House.ID)
	if _, err = w.hub.CreateAccount(t.Context(), w.annID, hub.NewAccount{Username: "bob", Password: "another password for tests"}); err != nil {
		t.Fatal(err)
	}
	in, err := w.hub.SignIn(t.Context(), hub.SignInRequest{Username: "bob", Password: "another password for tests"})
	if err != nil {
		t.Fatal(err)
	}
	bob := w.identify(t, in.Token, "")
	house, err := w.hub.CreateHouse(t.Context(), bob, hub.NewHouse{Name: "B"})
	if err != nil {
		t.Fatal(err)
	}
	w.bobID = w.identify(t, in.Token, house.ID)
	for _, id := range []*home.Identity{w.annID, w.bobID} {
		w.device(t, id, "virtual", "mqtt:my-phone", "mqtt:my-phone-presence", "lamp")
	}
}

func (w *world) identify(t *testing.T, secret string, house home.ID) *home.Identity {
	t.Helper()
	id, err := w.hub.Identify(t.Context(), hub.Credential{Secret: secret, House: house})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// device makes a device of switches.
func (w *world) device(t *testing.T, id *home.Identity, driver, name string, features ...string) {
	t.Helper()
	n := hub.NewDevice{Name: name, ExternalID: name, Driver: driver}
	for _, f := range features {
		n.Features = append(n.Features, hub.NewFeature{ExternalID: f, Name: f, Category: "sensor", Type: "decimal"})
	}
	if _, err := w.hub.CreateDevice(t.Context(), id, n); err != nil {
		t.Fatal(err)
	}
}

// key makes a key and returns its secret and id; without grants it is of the
// whole house.
func (w *world) key(t *testing.T, id *home.Identity, grants ...home.Grant) (string, home.ID) {
	t.Helper()
	if grants == nil {
		grants = []home.Grant{{Verbs: []home.Verb{home.WriteState, home.ReadState, home.ReadDevice, home.WriteDevice, home.RunScene, home.Control, home.WriteLocation}}}
	}
	k, secret, err := w.hub.CreateKey(t.Context(), id, hub.NewKey{Kind: home.TokenKey, Name: "mqtt", Grants: grants})
	if err != nil {
		t.Fatal(err)
	}
	return secret, k.ID
}

// value is what a feature says now; "" for nothing yet.
func (w *world) value(t *testing.T, id *home.Identity, feature string) string {
	t.Helper()
	_, _, s, err := w.hub.FeatureOf(t.Context(), id, feature)
	if err != nil {
		t.Fatal(err)
	}
	if s == nil {
		return ""
	}
	b, err := json.Marshal(s.Value)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// points are the values of a feature's history.
func (w *world) points(t *testing.T, id *home.Identity, feature string) []float64 {
	t.Helper()
	var out []float64
	err := w.hub.History(t.Context(), id, hub.HistoryQuery{Feature: feature, To: w.hub.Now().Add(time.Hour)}, func(s home.Sample) error {
		out = append(out, s.Value.Number)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// until waits for something to be so.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	limit := time.Now().Add(20 * time.Second)
	tick := time.NewTicker(3 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		if time.Now().After(limit) {
			t.Fatalf("it never came to this: %s", what)
		}
		<-tick.C
	}
}

// run runs one of mosquitto's programs against the world's broker.
func (w *world) run(t *testing.T, name, secret string, args ...string) (string, error) {
	t.Helper()
	host, port, err := net.SplitHostPort(w.addr)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, program(t, name), append([]string{"-h", host, "-p", port, "-u", "any", "-P", secret}, args...)...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func stateTopic(feature string) string {
	return "gladys/master/device/any/feature/" + feature + "/state"
}
