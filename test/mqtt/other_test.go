package mqtt_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/bus"
	"latchkey/dialects/gladys"
	"latchkey/home"
	"latchkey/internal/mqtt"
	"latchkey/internal/settings"
)

// broker is a mosquitto of the test's own.
type broker struct {
	addr string
	file string // its settings
	cmd  *exec.Cmd
}

func newBroker(t *testing.T, extra string) *broker {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &broker{addr: ln.Addr().String(), file: filepath.Join(t.TempDir(), "mosquitto.conf")}
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(b.addr)
	if extra == "" {
		extra = "allow_anonymous true\n"
	}
	if err := os.WriteFile(b.file, []byte("listener "+port+" 127.0.0.1\n"+extra), 0o644); err != nil {
		t.Fatal(err)
	}
	b.start(t)
	t.Cleanup(b.stop)
	return b
}

func (b *broker) start(t *testing.T) {
	t.Helper()
	b.cmd = exec.Command(program(t, "mosquitto"), "-c", b.file)
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "mosquitto answers", func() bool {
		c, err := net.Dial("tcp", b.addr)
		return err == nil && c.Close() == nil
	})
}

func (b *broker) stop() {
	if b.cmd != nil {
		_ = b.cmd.Process.Kill()
		_ = b.cmd.Wait()
		b.cmd = nil
	}
}

// publish publishes with mosquitto's own program.
func (b *broker) publish(t *testing.T, args ...string) {
	t.Helper()
	host, port, _ := net.SplitHostPort(b.addr)
	if out, err := exec.Command(program(t, "mosquitto_pub"), append([]string{"-h", host, "-p", port}, args...)...).CombinedOutput(); err != nil {
		t.Fatalf("mosquitto_pub %q: %v\n%s", args, err, out)
	}
}

// through is a world that speaks through a broker.
func through(t *testing.T, b *broker) *world {
	t.Helper()
	return newWorld(t, func(s *settings.Settings) { s.MQTT.Broker = "mqtt://" + b.addr })
}

// TestOtherBroker: states come in, commands go out, and what the house knows is
// there for others to read, before and after we are there.
func TestOtherBroker(t *testing.T) {
	b := newBroker(t, "")
	b.publish(t, "-r", "-q", "1", "-t", stateTopic("lamp"), "-m", "5")
	w := through(t, b)
	var live []bool
	var mu sync.Mutex
	w.hub.Bus().Listen(func(entries []*bus.Entry) {
		mu.Lock()
		defer mu.Unlock()
		for _, e := range entries {
			if e.State != nil && e.House == w.annID.House {
				live = append(live, e.State.Live)
			}
		}
	})
	until(t, "the retained state is taken in", func() bool { return w.value(t, w.annID, "lamp") == "5" })
	b.publish(t, "-q", "1", "-t", stateTopic("lamp"), "-m", "6")
	until(t, "a state is taken in", func() bool { return w.value(t, w.annID, "lamp") == "6" })
	mu.Lock()
	if !slices.Equal(live, []bool{false, true}) {
		t.Errorf("live: %v; only the second one is", live)
	}
	mu.Unlock()
	b.publish(t, "-q", "1", "-t", "gladys/master/device/create", "-m", `{"name":"Plug","external_id":"plug","features":[{"name":"On","external_id":"plug:on","category":"switch","type":"binary"}]}`)
	until(t, "the device is made", func() bool {
		_, err := w.hub.Device(t.Context(), w.annID, "plug")
		return err == nil
	})
	reader, err := dialYoung(t, b.addr, "reader", "", true)
	if err != nil {
		t.Fatal(err)
	}
	for _, filter := range []string{"latchkey/#", "gladys/device/#"} {
		if err := reader.subscribe(filter); err != nil {
			t.Fatal(err)
		}
	}
	has := func(topic, payload string) func() bool {
		return func() bool {
			return slices.ContainsFunc(reader.messages(), func(h heard) bool { return strings.HasSuffix(h.topic, topic) && h.payload == payload })
		}
	}
	until(t, "we are there", has("latchkey/status", "online"))
	until(t, "the lamp is shown", has("/feature/lamp/state", "6"))
	if _, err := w.hub.Command(t.Context(), w.annID, "plug:on", home.Num(1)); err != nil {
		t.Fatal(err)
	}
	until(t, "the command goes out", has("gladys/device/plug/feature/plug:on/state", "1"))
	until(t, "its outcome is shown", has("/device/plug/feature/plug:on/state", "1"))
	if slices.ContainsFunc(reader.messages(), func(h heard) bool { return strings.Contains(h.topic, string(w.bobID.House)) }) {
		t.Error("the other house is shown")
	}
	w.stop()
	until(t, "we have gone", has("latchkey/status", "offline"))
	if _, err := w.hub.Command(t.Context(), w.annID, "plug:on", home.Num(1)); home.CodeOf(err) != home.Unavailable {
		t.Errorf("without us a command ends with %v", err)
	}
}

// TestPassword: we show another broker who we are.
func TestPassword(t *testing.T) {
	passwords := filepath.Join(t.TempDir(), "passwords")
	if out, err := exec.Command(program(t, "mosquitto_passwd"), "-b", "-c", passwords, "latchkey", "s3cret").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := os.Chmod(filepath.Dir(passwords), 0o755); err != nil {
		t.Fatal(err)
	}
	b := newBroker(t, "allow_anonymous false\nuser root\npassword_file "+passwords+"\n")
	w := newWorld(t, func(s *settings.Settings) {
		s.MQTT.Broker, s.MQTT.User, s.MQTT.Password = "mqtt://"+b.addr, "latchkey", "s3cret"
	})
	until(t, "we are connected", func() bool { return w.metric(t, "latchkey_mqtt_clients") == "1" })
}

// speaking is a client as the program makes it, but quicker to come back.
func (w *world) speaking(t *testing.T, addr string) *mqtt.Client {
	t.Helper()
	table, err := mqtt.NewTable(gladys.Topics(w.hub))
	if err != nil {
		t.Fatal(err)
	}
	id := *w.annID
	id.Kind, id.Key = home.InsideKey, ""
	c := mqtt.NewClient(mqtt.ClientConfig{URL: &url.URL{Scheme: "mqtt", Host: addr}, Name: "latchkey-test", Topics: table, Who: &id,
		Told: func() []mqtt.News { return nil }, Backoff: func(int) time.Duration { return 10 * time.Millisecond }, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the client ended with %v", err)
		}
	})
	return c
}

// TestRestarts: however often the broker starts anew, each message arrives
// once, and what it had kept from before is not told as new.
func TestRestarts(t *testing.T) {
	b := newBroker(t, "")
	w := newWorld(t, nil)
	c := w.speaking(t, b.addr)
	restarts := 50
	if testing.Short() {
		restarts = 5
	}
	for n := range restarts {
		until(t, fmt.Sprintf("we are connected for the %d. time", n+1), func() bool { return c.Connected() && c.Stats().Connections > int64(n) })
		b.publish(t, "-q", "1", "-t", stateTopic("lamp"), "-m", fmt.Sprint(n))
		until(t, "the state is there", func() bool { return len(w.points(t, w.annID, "lamp")) >= n+1 })
		b.stop()
		until(t, "we notice", func() bool { return !c.Connected() })
		b.start(t)
	}
	got := w.points(t, w.annID, "lamp")
	if len(got) != restarts || !slices.IsSorted(got) {
		t.Errorf("after %d restarts there are %v", restarts, got)
	}
}

// TestMatchAsMosquitto: filters mean to us what they mean to mosquitto.
func TestMatchAsMosquitto(t *testing.T) {
	b := newBroker(t, "")
	filters := []string{"a", "a/b", "a/+", "a/#", "+", "+/+", "#", "+/#", "/+", "a/+/c", "a//c", "+/b/#", "\u00e9/#", "a b/+"}
	topics := []string{"a", "a/", "a/b", "a/b/c", "a//c", "/a", "/", "b", "\u00e9/x", "a b/c", "ab", "A", "a/b/c/d"}
	for i, filter := range filters {
		c, err := dialYoung(t, b.addr, fmt.Sprint("m", i), "", true)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.subscribe(filter); err != nil {
			t.Fatal(err)
		}
		if err := c.subscribe("end/of/it"); err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, topic := range append(topics, "end/of/it") {
			if err := c.publish(topic, "x", 0); err != nil {
				t.Fatal(err)
			}
			if mqtt.Match(filter, topic) || topic == "end/of/it" {
				want = append(want, topic)
			}
		}
		until(t, "all have come", func() bool {
			return slices.ContainsFunc(c.messages(), func(h heard) bool { return h.topic == "end/of/it" })
		})
		var got []string
		for _, h := range c.messages() {
			if !slices.Contains(got, h.topic) {
				got = append(got, h.topic)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: mosquitto delivers %q, we would %q", filter, got, want)
		}
		c.close()
	}
}
