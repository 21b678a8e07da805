package dialecttest

import (
	"bytes"
	"context"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/wire"
	"latchkey/stores/memory"
)

// Start is the moment at which every world begins.
var Start = time.Date(2026, 3, 29, 7, 0, 0, 0, time.UTC)

// clock is a clock that stands until it is moved.
type clock struct{ ms atomic.Int64 }

func (c *clock) now() time.Time  { return time.UnixMilli(c.ms.Load()).UTC() }
func (c *clock) set(t time.Time) { c.ms.Store(t.UnixMilli()) }

// World is one copy of the houses behind a server of its own, with the
// variables that exchanges use.
type World struct {
	Hub      *hub.Hub
	Store    home.Store
	Dialects []wire.Dialect
	Vars     map[string]string
	Handler  http.Handler

	address string
	clock   *clock
	log     logBuffer
	heard   heard
}

// World opens a copy of the houses. It ends with the test.
func (k *Kit) World(t testing.TB) *World {
	t.Helper()
	w := &World{Vars: maps.Clone(k.vars), Store: memory.New(), clock: &clock{}}
	w.clock.set(Start)
	for i := range k.groups {
		g := copyOf(&k.groups[i])
		if err := w.Store.Write(context.Background(), &g); err != nil {
			t.Fatal(err)
		}
	}
	log := slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h, err := hub.New(context.Background(), k.hubConfig(w.Store, w.clock, log))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	w.Hub = h
	for _, open := range k.open {
		d, err := open(h)
		if err != nil {
			t.Fatal(err)
		}
		w.Dialects = append(w.Dialects, d)
	}
	w.serve(t, log)
	for _, s := range k.secrets {
		w.heard.keep(s)
	}
	return w
}

func (w *World) serve(t testing.TB, log *slog.Logger) {
	handler, err := wire.Mount(w.Dialects, wire.Options{Log: log, Hosts: []string{Host}}) // its clock is the sockets': the real one
	if err != nil {
		t.Fatal(err)
	}
	w.Handler = handler
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	w.address = server.Listener.Addr().String()
}

// hubConfig is what every hub of the kit is made of.
func (k *Kit) hubConfig(s home.Store, c *clock, log *slog.Logger) hub.Config {
	out := hub.Config{Store: s, Clock: c.now, Log: log}
	if k.config != nil {
		k.config(&out)
	}
	for _, d := range out.Drivers {
		if d.Name() == hub.VirtualDriver {
			return out
		}
	}
	out.Drivers = append(out.Drivers, echo{})
	return out
}

// Advance moves the world's clock on.
func (w *World) Advance(d time.Duration) { w.clock.set(w.clock.now().Add(d)) }

// Log returns what has been logged.
func (w *World) Log() string { return w.log.String() }

// logBuffer is a log that several goroutines write.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// String returns everything written so far.
func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// heard is what has come over the wire: the secrets that were issued, and what
// is wrong with the answers themselves.
type heard struct {
	secrets []string
	wrong   []string
}

func (h *heard) keep(secret string) {
	if len(secret) >= 8 && !slices.Contains(h.secrets, secret) {
		h.secrets = append(h.secrets, secret)
	}
}

// seen judges an answer: no secret that was issued before comes back, whatever
// was asked. Secrets that it issues itself are kept for the answers after it.
func (w *World) seen(c call, a Answer) {
	for _, s := range w.heard.secrets {
		if strings.Contains(a.Body, s) {
			w.heard.wrong = append(w.heard.wrong, "the answer to "+w.normal(c.method+" "+c.target, "")+" gives a secret away: "+w.normal(a.Body, ""))
		}
	}
	for _, v := range volatile {
		if v.mask != "<secret>" && v.mask != "<key>" {
			continue
		}
		for _, s := range v.form.FindAllString(a.Body, -1) {
			w.heard.keep(s)
		}
	}
	w.heard.wrong = append(w.heard.wrong, judgeHeaders(c, a)...)
}
