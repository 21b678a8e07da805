// Package scenetest plays scenarios: small texts that say what happens in a
// house and what its scenes must make of it. They are played against the hub,
// the engine and the virtual driver as the program has them, with a store in
// memory and in virtual time.
package scenetest

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"latchkey/actions"
	"latchkey/bus"
	"latchkey/drivers/virtual"
	"latchkey/home"
	"latchkey/hub"
	"latchkey/scenes"
	"latchkey/scenes/conditions"
	"latchkey/scenes/triggers"
	"latchkey/stores/memory"
)

// day is the morning on which every scenario begins, at midnight.
func day() time.Time { return time.Date(2026, time.March, 2, 0, 0, 0, 0, time.UTC) }

// settleEvery is how often the program settles presence.
const settleEvery = 2 * time.Second

// world is a house that a scenario is played in. It lives in a synctest bubble.
type world struct {
	t      *testing.T
	store  home.Store
	hub    *hub.Hub
	clock  home.Clock
	begun  time.Time // the bubble's time at midnight
	tokens map[string]string
	owner  *home.Identity
	first  string                    // the owner's name
	others map[string]*home.Identity // by name, the owner included
	scenes map[string]home.Scene     // by name
	mu     sync.Mutex                // guards events
	events map[string]int            // told so far, by type
	end    func()                    // stops the house; begin starts it again
}

// open builds the world. Everything ends with the test.
func open(t *testing.T, s *Scenario) *world {
	w := &world{t: t, begun: time.Now(), store: memory.New(), first: s.owner(), scenes: map[string]home.Scene{}, events: map[string]int{}}
	ahead := day().Sub(w.begun)
	w.clock = func() time.Time { return time.Now().Add(ahead) }
	w.tokens = w.found(w.store, s)
	w.begin()
	t.Cleanup(func() { w.end() })
	w.devices(s)
	w.furnish(s)
	return w
}

// begin starts the house as the program does.
func (w *world) begin() {
	log := slog.New(slog.NewTextHandler(w.t.Output(), nil))
	var engine *scenes.Engine
	h, err := hub.New(w.t.Context(), hub.Config{
		Store: w.store, Clock: w.clock, Log: log,
		Drivers:    []home.Driver{virtual.New(w.clock)},
		Actions:    actions.All(actions.Parts{Judge: judge}),
		CheckScene: func(s home.Scene) error { return engine.Check(s) },
		OnScene: func(s home.Scene, deleted bool) {
			if deleted {
				engine.Remove(s.ID)
				return
			}
			engine.Put(s)
		},
		StartScene: func(ctx context.Context, s home.Scene, id *home.Identity) (home.ID, error) {
			return engine.Start(ctx, s, id)
		},
	})
	w.must("open the hub", err)
	engine, err = scenes.New(scenes.Config{House: h, Triggers: triggers.All(), Conditions: conditions.All(), Actions: h.Actions,
		CheckStep: actions.CheckStep(h.Actor, judge), Clock: w.clock, Log: log})
	w.must("make the engine", err)
	w.hub = h
	for _, s := range h.EveryScene() {
		engine.Put(s)
	}
	h.Bus().Listen(engine.Hear)
	h.Bus().Listen(w.count)
	w.serve(engine)
	w.others = map[string]*home.Identity{}
	for name, token := range w.tokens {
		w.others[name], err = h.Identify(w.t.Context(), hub.Credential{Secret: token})
		w.must("identify "+name, err)
	}
	w.owner = w.others[w.first]
}

// serve runs the engine and settles presence until end.
func (w *world) serve(engine *scenes.Engine) {
	ctx, cancel := context.WithCancel(context.Background())
	served, settled, h := make(chan error, 1), make(chan error, 1), w.hub
	go func() { served <- engine.Serve(ctx) }()
	go func() {
		tick := time.NewTicker(settleEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				settled <- nil
				return
			case <-tick.C:
			}
			if err := h.SettlePresence(ctx); err != nil && ctx.Err() == nil {
				settled <- err
				return
			}
		}
	}()
	w.end = func() {
		cancel()
		for _, ended := range []chan error{served, settled} {
			if err := <-ended; err != nil {
				w.t.Errorf("the house ended with %v", err)
			}
		}
		h.Close()
	}
}

// judge lets requests go to one place only.
func judge(_ context.Context, _ *home.Identity, address string) error {
	if strings.HasPrefix(address, "https://allowed.example/") {
		return nil
	}
	return home.Errorf(home.Forbidden, "this house does not call that address").Because("egress_forbidden")
}

func (w *world) must(what string, err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("%s: %v", what, err)
	}
}

func (w *world) devices(s *Scenario) {
	zero, one := 0.0, 1.0
	for _, f := range s.Features {
		n := hub.NewFeature{ExternalID: f.ID, Name: f.ID, Category: "sensor", Type: "decimal", ReadOnly: f.ReadOnly}
		switch f.Kind {
		case "binary":
			n.Type, n.Min, n.Max = "binary", &zero, &one
		case "text":
			n.Category, n.Type = "text", "text"
		}
		_, err := w.hub.CreateDevice(w.t.Context(), w.owner, hub.NewDevice{Name: f.ID, ExternalID: "device:" + f.ID, Features: []hub.NewFeature{n}})
		w.must("create "+f.ID, err)
	}
}

// count is a bus.Listener that counts events; the committer calls it.
func (w *world) count(entries []*bus.Entry) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range entries {
		if e.Event != nil {
			w.events[e.Event.Type]++
		}
	}
}

// who returns a member's identity; "" is the owner's.
func (w *world) who(name string) (*home.Identity, error) {
	if name == "" {
		return w.owner, nil
	}
	if id := w.others[name]; id != nil {
		return id, nil
	}
	return nil, fmt.Errorf("nobody here is named %q", name)
}

// settle waits until nothing moves any more, without letting time pass.
func (w *world) settle() { synctest.Wait() }
