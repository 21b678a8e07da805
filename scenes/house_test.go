package scenes_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"latchkey/bus"
	"latchkey/home"
	"latchkey/scenes"
	"latchkey/scenes/conditions"
	"latchkey/scenes/triggers"
)

// house is the engine's side of a hub whose actions a test plays. The scenarios
// run against the real one.
type house struct {
	call   func(ctx context.Context, id *home.Identity, action string, args json.RawMessage) (json.RawMessage, error)
	full   error       // what SaveRun returns
	rights []home.Verb // of every owner; nil = a house owner's

	mu      sync.Mutex
	left    bool       // the owner of the scenes
	runs    []home.Run // as saved, in order
	notices []home.Event
	order   []string // what was begun
	values  map[string]home.Value
}

func (h *house) Actor(s home.Scene, c home.Cause) (*home.Identity, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.left {
		return nil, home.Errorf(home.Forbidden, "the owner has left")
	}
	rights := h.rights
	if rights == nil {
		rights = home.RoleRights(home.Owner)
	}
	return &home.Identity{Account: s.Owner, House: s.House, Scene: s.ID, Cause: c, Grants: []home.Grant{{Verbs: rights}}}, nil
}

func (h *house) Call(ctx context.Context, id *home.Identity, action string, args json.RawMessage) (json.RawMessage, error) {
	h.mu.Lock()
	h.order = append(h.order, action)
	h.mu.Unlock()
	if h.call == nil {
		return nil, nil
	}
	return h.call(ctx, id, action, args)
}

func (h *house) SaveRun(_ context.Context, r home.Run) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.runs = append(h.runs, r)
	return h.full
}

func (h *house) Notice(_ context.Context, _ home.ID, e home.Event, data any) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	e.Data, _ = json.Marshal(data)
	h.notices = append(h.notices, e)
	return nil
}

func (h *house) FeatureOf(_ context.Context, _ *home.Identity, feature string) (*home.Device, *home.Feature, *home.State, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	v, ok := h.values[feature]
	if !ok {
		return nil, nil, nil, home.Errorf(home.NotFound, "there is no feature %s", feature)
	}
	return nil, nil, &home.State{Value: v}, nil
}

func (h *house) Members(context.Context, *home.Identity) ([]home.Member, error) { return nil, nil }

// last returns the newest record of each run, in the order of their beginnings.
func (h *house) last() []home.Run {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []home.Run
	at := map[home.ID]int{}
	for _, r := range h.runs {
		if i, ok := at[r.ID]; ok {
			out[i] = r
			continue
		}
		at[r.ID] = len(out)
		out = append(out, r)
	}
	return out
}

func described() []home.Described {
	return []home.Described{
		{Name: "do", Fields: []home.Field{{Name: "n", Kind: "number"}, {Name: "headers", Kind: "object"}, {Name: "password", Kind: "text"}}},
		{Name: "then", Fields: nil},
	}
}

// rig is an engine at work on a played house, in a synctest bubble.
type rig struct {
	*scenes.Engine
	house *house
	seq   uint64
	stop  func() // ends Serve and waits for it
}

func newRig(t testing.TB, h *house, change ...func(*scenes.Config)) *rig {
	t.Helper()
	c := scenes.Config{House: h, Triggers: triggers.All(), Conditions: conditions.All(), Actions: described}
	for _, f := range change {
		f(&c)
	}
	e, err := scenes.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- e.Serve(ctx) }()
	r := &rig{Engine: e, house: h}
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve ended with %v", err)
		}
	})
	t.Cleanup(r.stop)
	return r
}

// says has a feature say a value, as the hub would tell it.
func (r *rig) says(feature string, v float64) {
	r.seq++
	r.Hear([]*bus.Entry{entry(r.seq, feature, v)})
}

func entry(seq uint64, feature string, v float64) *bus.Entry {
	return &bus.Entry{Seq: seq, House: "h1", State: &home.StateChange{
		Device: &home.Device{ID: "d1"}, Feature: &home.Feature{ExternalID: feature}, Live: true, Current: true,
		New: home.State{Seq: seq, At: 1, Value: home.Num(v), Cause: home.Cause{{Kind: "key", ID: "k1"}}},
	}}
}

// on is a scene that does its steps whenever feature says 1.
func on(id home.ID, feature string, steps ...home.Step) home.Scene {
	return home.Scene{ID: id, House: "h1", Name: string(id), Enabled: true, Owner: "a1", Steps: steps,
		Triggers: []home.Trigger{trigger(`{"type": "state", "feature": "` + feature + `", "operator": "=", "value": 1, "repeat": true}`)}}
}

func trigger(settings string) home.Trigger {
	var t home.Trigger
	if err := json.Unmarshal([]byte(settings), &t); err != nil {
		panic(err)
	}
	return t
}

// bubble runs a test in virtual time.
func bubble(t *testing.T, f func(t *testing.T)) { synctest.Test(t, f) }

// blocked is an action that goes on until its context ends or open is closed.
func blocked(open chan struct{}) func(context.Context, *home.Identity, string, json.RawMessage) (json.RawMessage, error) {
	return func(ctx context.Context, _ *home.Identity, _ string, _ json.RawMessage) (json.RawMessage, error) {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-open:
			return nil, nil
		}
	}
}

func pass(d time.Duration) { time.Sleep(d) } // virtual: only in a bubble
