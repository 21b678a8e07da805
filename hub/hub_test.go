package hub_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"latchkey/home"
	"latchkey/hub"
	"latchkey/stores/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a time that tests set.
type clock struct{ now atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.now.Store(time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC).UnixMilli())
	return c
}

func (c *clock) time() time.Time         { return time.UnixMilli(c.now.Load()) }
func (c *clock) forward(d time.Duration) { c.now.Add(d.Milliseconds()) }

// virtual is a driver that does what it is told.
type virtual struct{ fail error }

func (v *virtual) Name() string { return "virtual" }

func (v *virtual) Command(ctx context.Context, c home.Command, report home.Reporter) error {
	if v.fail != nil {
		return v.fail
	}
	return report(ctx, c.House, c.Cause, home.Report{Feature: c.Feature.ExternalID, Value: c.Value})
}

// fixture is a hub with one house, its owner and a phone.
type fixture struct {
	*hub.Hub
	t      *testing.T
	clock  *clock
	store  home.Store
	driver *virtual
	owner  *home.Identity
	house  home.House
	ctx    context.Context
}

func open(t *testing.T, change ...func(*hub.Config)) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: newClock(), store: memory.New(), driver: &virtual{}, ctx: context.Background()}
	c := hub.Config{Store: f.store, Clock: f.clock.time, Drivers: []home.Driver{f.driver}}
	for _, ch := range change {
		ch(&c)
	}
	f.store = c.Store
	h, err := hub.New(f.ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	f.Hub = h
	got, err := h.Setup(f.ctx, hub.SetupRequest{Username: "ann", Password: "correct horse battery", Loopback: true,
		House: &hub.NewHouse{Name: "Nest", TimeZone: "Europe/Paris", Language: "fr"}})
	if err != nil {
		t.Fatal(err)
	}
	f.house = got.House
	f.owner = f.identify(got.Token)
	f.device("phone", hub.NewFeature{ExternalID: "mqtt:my-phone-presence", Category: "motion-sensor", Type: "binary", ReadOnly: true})
	f.device("lamp", hub.NewFeature{ExternalID: "lamp:on", Category: "light", Type: "binary"})
	f.device("probe", hub.NewFeature{ExternalID: "probe:t", Category: "temperature-sensor", Type: "decimal", Min: ptr(-40.0), Max: ptr(80.0)})
	f.device("note", hub.NewFeature{ExternalID: "note:text", Category: "text", Type: "text"})
	return f
}

func ptr[T any](v T) *T { return &v }

func (f *fixture) identify(secret string) *home.Identity {
	f.t.Helper()
	id, err := f.Identify(f.ctx, hub.Credential{Secret: secret})
	if err != nil {
		f.t.Fatal(err)
	}
	return id
}

func (f *fixture) device(name string, features ...hub.NewFeature) home.Device {
	f.t.Helper()
	d, err := f.CreateDevice(f.ctx, f.owner, hub.NewDevice{Name: name, ExternalID: name, Features: features})
	if err != nil {
		f.t.Fatal(err)
	}
	return d
}

func (f *fixture) report(r home.Report) hub.Told {
	f.t.Helper()
	told, err := f.Report(f.ctx, f.owner, r)
	if err != nil {
		f.t.Fatal(err)
	}
	return told[0]
}

func (f *fixture) current(feature string) *home.State {
	f.t.Helper()
	_, _, s, err := f.FeatureOf(f.ctx, f.owner, feature)
	if err != nil {
		f.t.Fatal(err)
	}
	return s
}

func (f *fixture) history(feature string) []home.Sample {
	f.t.Helper()
	var out []home.Sample
	err := f.History(f.ctx, f.owner, hub.HistoryQuery{Feature: feature}, func(s home.Sample) error { out = append(out, s); return nil })
	if err != nil {
		f.t.Fatal(err)
	}
	return out
}

func (f *fixture) member(account home.ID) home.Member {
	f.t.Helper()
	all, err := f.Members(f.ctx, f.owner)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, m := range all {
		if m.Account == account {
			return m
		}
	}
	f.t.Fatal("no such member")
	return home.Member{}
}

func wantCode(t *testing.T, err error, code home.Code, reason string) {
	t.Helper()
	e, ok := errors.AsType[*home.Error](err)
	if !ok || e.Code != code || reason != "" && e.Reason != reason {
		t.Errorf("got %#v, want %s %s", err, code, reason)
	}
}

func TestNumbersHaveNoHoles(t *testing.T) {
	f := open(t)
	zero := uint64(0)
	s, err := f.Follow(f.ctx, f.owner, &zero)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 200 {
				switch {
				case i%50 == 0:
					_, err := f.CreateRoom(f.ctx, f.owner, fmt.Sprintf("room %d %d", w, i))
					if err != nil {
						t.Error(err)
					}
				case i%10 == 0:
					if _, err := f.Report(f.ctx, f.owner, home.Report{Feature: "lamp:on", Value: home.Num(7)}); err == nil {
						t.Error("a bad state was taken")
					}
				default:
					if _, err := f.Report(f.ctx, f.owner, home.Report{Feature: "probe:t", Value: home.Num(float64(i % 50))}); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	head, _ := f.Head(f.owner)
	next := uint64(1)
	for next <= head {
		entries, err := s.Next(f.ctx, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.Seq != next {
				t.Fatalf("got %d, want %d", e.Seq, next)
			}
			next++
		}
	}
	if want := uint64(8 * (200 - 20)); head < want {
		t.Errorf("head is %d, want at least %d", head, want)
	}
}

// faulty is a store whose writes fail when told so.
type faulty struct {
	home.Store
	fail atomic.Pointer[func(*home.Group) error]
}

func (s *faulty) Write(ctx context.Context, g *home.Group) error {
	if f := s.fail.Load(); f != nil {
		if err := (*f)(g); err != nil {
			return err
		}
	}
	return s.Store.Write(ctx, g)
}

func TestWhatIsNotOnDiskNeverWas(t *testing.T) {
	store := &faulty{Store: memory.New()}
	f := open(t, func(c *hub.Config) { c.Store = store })
	f.report(home.Report{Feature: "probe:t", Value: home.Num(1)})
	head, _ := f.Head(f.owner)
	full := func(*home.Group) error {
		return &home.Error{Code: home.Unavailable, Reason: "storage_full", RetryAfter: 30 * time.Second, Message: "the disk is full"}
	}
	store.fail.Store(&full)
	_, err := f.Report(f.ctx, f.owner, home.Report{Feature: "probe:t", Value: home.Num(2)})
	wantCode(t, err, home.Unavailable, "storage_full")
	_, err = f.CreateRoom(f.ctx, f.owner, "attic")
	wantCode(t, err, home.Unavailable, "storage_full")
	if s := f.current("probe:t"); s.Value != home.Num(1) {
		t.Errorf("current is %+v", s)
	}
	store.fail.Store(nil)
	if told := f.report(home.Report{Feature: "probe:t", Value: home.Num(3)}); told.Seq != head+1 {
		t.Errorf("number %d after %d", told.Seq, head)
	}
	if rooms, _ := f.Rooms(f.ctx, f.owner); len(rooms) != 0 {
		t.Errorf("rooms are %v", rooms)
	}
}

func TestOneBadChangeDoesNotTakeOthersWithIt(t *testing.T) {
	store := &faulty{Store: memory.New()}
	f := open(t, func(c *hub.Config) { c.Store = store })
	poison := func(g *home.Group) error {
		if slices.ContainsFunc(g.Points, func(p home.Point) bool { return p.Value == home.Num(66) }) {
			return errors.New("cannot keep 66")
		}
		return nil
	}
	store.fail.Store(&poison)
	var wg sync.WaitGroup
	var good, bad atomic.Int64
	for i := range 200 {
		wg.Go(func() {
			v := float64(i % 60)
			if i%20 == 0 {
				v = 66
			}
			_, err := f.Report(f.ctx, f.owner, home.Report{Feature: "probe:t", Value: home.Num(v)})
			if (err == nil) == (v == 66) {
				t.Errorf("%v: %v", v, err)
			}
			if err == nil {
				good.Add(1)
			} else {
				bad.Add(1)
			}
		})
	}
	wg.Wait()
	if h := f.history("probe:t"); int64(len(h)) != good.Load() || bad.Load() != 10 {
		t.Errorf("%d kept, %d told so, %d refused", len(h), good.Load(), bad.Load())
	}
}

func TestARestartForgetsNothing(t *testing.T) {
	f := open(t)
	f.report(home.Report{Feature: "probe:t", Value: home.Num(21)})
	head, _ := f.Head(f.owner)
	f.Close()
	again, err := hub.New(f.ctx, hub.Config{Store: f.store, Clock: f.clock.time, Drivers: []home.Driver{f.driver}})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	devices, err := again.Devices(f.ctx, f.owner)
	if err != nil || len(devices) != 4 {
		t.Fatalf("%d devices, %v", len(devices), err)
	}
	told, err := again.Report(f.ctx, f.owner, home.Report{Feature: "probe:t", Value: home.Num(22)})
	if err != nil || told[0].Seq <= head {
		t.Fatalf("%v after %d, %v", told, head, err)
	}
	_, err = f.Report(f.ctx, f.owner, home.Report{Feature: "probe:t", Value: home.Num(1)})
	wantCode(t, err, home.Unavailable, "stopping")
}
