package dialecttest

import (
	"context"
	"sync"
	"testing"
	"time"

	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/wire"
	"latchkey/stores/memory"
)

// Opener makes a dialect over a hub.
type Opener func(*hub.Hub) (wire.Dialect, error)

// Kit is a furnished pair of houses from which tests take copies. Making it
// costs a few password hashes; a copy costs about a millisecond.
type Kit struct {
	open    []Opener
	config  func(*hub.Config)
	groups  []home.Group
	vars    map[string]string
	secrets []string // the values of those variables that are secret
}

// NewKit makes the houses. config, if not nil, adds to what every hub is made
// of, such as actions. Errors end the test.
func NewKit(t testing.TB, config func(*hub.Config), open ...Opener) *Kit {
	t.Helper()
	rec := &recorder{Store: memory.New()}
	k := &Kit{open: open, config: config, vars: map[string]string{"host": Host}}
	clock := &clock{}
	clock.set(Start.Add(-2 * time.Hour))
	h, err := hub.New(context.Background(), k.hubConfig(rec, clock, nil))
	if err != nil {
		t.Fatal(err)
	}
	err = k.furnish(h, clock)
	h.Close()
	if err != nil {
		t.Fatalf("furnish the test's house: %v", err)
	}
	k.groups = rec.groups
	return k
}

// With returns a kit with the same houses and other dialects.
func (k *Kit) With(open ...Opener) *Kit {
	other := *k
	other.open = open
	return &other
}

// recorder keeps every group that is written.
type recorder struct {
	home.Store
	mu     sync.Mutex
	groups []home.Group
}

// Write implements home.Store.
func (r *recorder) Write(ctx context.Context, g *home.Group) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.groups = append(r.groups, copyOf(g))
	return r.Store.Write(ctx, g)
}

// copyOf returns a group that shares no slice with g.
func copyOf(g *home.Group) home.Group {
	return home.Group{
		Records: append([]home.RecordChange(nil), g.Records...), Points: append([]home.Point(nil), g.Points...),
		Events: append([]home.Event(nil), g.Events...), Audits: append([]home.Audit(nil), g.Audits...),
		Erasures: append([]home.Erasure(nil), g.Erasures...),
	}
}
