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

// world is a house that a scenario is played in. It lives in a synctest bubble.
type world struct {
	t      *testing.T
	hub    *hub.Hub
	clock  home.Clock
	begun  time.Time // the bubble's time at midnight
	owner  *home.Identity
	others map[string]*home.Identity // by name, the owner included
	scenes map[string]home.Scene     // by name
	events map[string]int            // told so far, by type
}

// open builds the world. Everything ends with the test.
func open(t *testing.T, s *Scenario) *world {
	w := &world{t: t, begun: time.Now(), others: map[string]*home.Identity{}, scenes: map[string]home.Scene{}, events: map[string]int{}}
	ahead := day().Sub(w.begun)
	w.clock = func() time.Time { return time.Now().Add(ahead) }
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	var engine *scenes.Engine
	store := memory.New()
	tokens := w.found(store, s)
	h, err := hub.New(t.Context(), hub.Config{
		Store: store, Clock: w.clock, Log: log,
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
	h.Bus().Listen(engine.Hear)
	h.Bus().Listen(w.count)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- engine.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("the engine ended with %v", err)
		}
		h.Close()
	})
	for name, token := range tokens {
		w.others[name], err = h.Identify(t.Context(), hub.Credential{Secret: token})
		w.must("identify "+name, err)
	}
	w.owner = w.others[s.owner()]
	w.devices(s)
	return w
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
	for _, e := range entries {
		if e.Event != nil {
			w.events[e.Event.Type]++ // read after settle only
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
