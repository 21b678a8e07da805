package native_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"latchkey/bus"
	"latchkey/dialects/dialecttest"
	"latchkey/dialects/native"
	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/wire"
)

// fixture is what the tests' hubs are made with.
type fixture struct {
	hub  atomic.Pointer[hub.Hub]
	ring atomic.Int64 // entries that the bus keeps
	once sync.Once
	kit  *dialecttest.Kit
}

// shared is furnished once: that costs a few password hashes.
var shared fixture

func (f *fixture) open(h *hub.Hub) (wire.Dialect, error) {
	f.hub.Store(h)
	return native.New(h, native.Options{Version: "1.0.0"})
}

// furnish gives every hub of the tests one action, one kind of trigger, and a
// way to start scenes that only notes the run.
func (f *fixture) furnish(c *hub.Config) {
	c.Bus = bus.New(int(f.ring.Load()))
	c.StartScene = func(ctx context.Context, s home.Scene, id *home.Identity) (home.ID, error) {
		run := home.Run{ID: home.NewID(), House: s.House, Scene: s.ID, Status: "done", Started: home.Time(1), Finished: home.Time(2), Cause: id.Cause}
		return run.ID, f.hub.Load().SaveRun(ctx, run)
	}
	c.Actions = append(c.Actions, hub.Action{
		Described: home.Described{Name: "test.echo", Title: home.Label{EN: "Echo", FR: "Echo"}, Right: home.WriteEvent},
		Run: func(_ context.Context, _ *hub.Hub, call hub.ActionCall) (any, error) {
			return map[string]json.RawMessage{"args": call.Args}, nil
		},
	})
	c.Kinds = append(c.Kinds, home.Described{Name: "state", Title: home.Label{EN: "A value changes", FR: "Une valeur change"},
		Fields: []home.Field{{Name: "feature", Kind: "feature", Required: true}}})
}

func kit(t testing.TB, ring int) *dialecttest.Kit {
	shared.ring.Store(int64(ring))
	shared.once.Do(func() { shared.kit = dialecttest.NewKit(t, shared.furnish, shared.open) })
	return shared.kit
}

func TestGolden(t *testing.T) { kit(t, 1024).Golden(t, "testdata") }

// TestSecurity leaves one finding out: setting up works once, before there is
// a house to take a copy of. TestSetUp does it.
func TestSecurity(t *testing.T) {
	for _, finding := range kit(t, 1024).Check(t, "testdata") {
		if !strings.Contains(finding, "route native.set_up (POST") {
			t.Error(finding)
		}
	}
}
