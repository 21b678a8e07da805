package hub_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"latchkey/bus"
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

func TestAStateIsKeptAndCurrent(t *testing.T) {
	f := open(t)
	told := f.report(home.Report{Feature: "mqtt:my-phone-presence", Value: home.Num(1)})
	s := f.current("mqtt:my-phone-presence")
	if s == nil || s.Value != home.Num(1) || s.Seq != told.Seq || s.At != f.Now() {
		t.Fatalf("current is %+v, told %+v", s, told)
	}
	if h := f.history("mqtt:my-phone-presence"); len(h) != 1 || h[0].Seq != told.Seq {
		t.Fatalf("history is %v", h)
	}
	if len(s.Cause) == 0 || s.Cause[0].Kind != "account" {
		t.Errorf("cause is %v", s.Cause)
	}
}

func TestABatchIsAllOrNothing(t *testing.T) {
	f := open(t)
	head, err := f.Head(f.owner)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Report(f.ctx, f.owner, home.Report{Feature: "probe:t", Value: home.Num(20)}, home.Report{Feature: "probe:t", Value: home.Num(99)})
	wantCode(t, err, home.Unprocessable, "value_refused")
	if f.current("probe:t") != nil {
		t.Error("half of a refused batch is kept")
	}
	if now, _ := f.Head(f.owner); now != head {
		t.Errorf("a refused batch drew numbers: %d to %d", head, now)
	}
}

func TestBadStatesAreRefused(t *testing.T) {
	f := open(t)
	nan, inf := 0.0, 1.0
	nan /= nan
	inf /= 0 * inf
	for name, c := range map[string]struct {
		report home.Report
		code   home.Code
	}{
		"unknown feature": {home.Report{Feature: "nope", Value: home.Num(1)}, home.NotFound},
		"binary 2":        {home.Report{Feature: "lamp:on", Value: home.Num(2)}, home.Unprocessable},
		"below minimum":   {home.Report{Feature: "probe:t", Value: home.Num(-41)}, home.Unprocessable},
		"NaN":             {home.Report{Feature: "probe:t", Value: home.Num(nan)}, home.Unprocessable},
		"infinite":        {home.Report{Feature: "probe:t", Value: home.Num(inf)}, home.Unprocessable},
		"text for number": {home.Report{Feature: "probe:t", Value: home.Txt("20")}, home.Unprocessable},
		"number for text": {home.Report{Feature: "note:text", Value: home.Num(1)}, home.Unprocessable},
		"NUL in text":     {home.Report{Feature: "note:text", Value: home.Txt("a\x00b")}, home.Unprocessable},
		"not UTF-8":       {home.Report{Feature: "note:text", Value: home.Txt("\xff")}, home.Unprocessable},
		"long text":       {home.Report{Feature: "note:text", Value: home.Txt(string(make([]byte, 5000)))}, home.Unprocessable},
		"history in 2099": {home.Report{Feature: "probe:t", Value: home.Num(1), At: 4_070_908_800_000, Explicit: true}, home.Unprocessable},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := f.Report(f.ctx, f.owner, c.report)
			wantCode(t, err, c.code, "")
		})
	}
	_, err := f.Report(f.ctx, f.owner, make([]home.Report, hub.MaxReports+1)...)
	wantCode(t, err, home.Unprocessable, "")
	_, err = f.Report(f.ctx, f.owner)
	wantCode(t, err, home.Unprocessable, "")
}

func TestTimesAreBelievedByRule(t *testing.T) {
	f := open(t)
	now := f.Now()
	f.report(home.Report{Feature: "probe:t", Value: home.Num(1), At: now.Add(-time.Minute)})
	if s := f.current("probe:t"); s.At != now.Add(-time.Minute) || s.Flagged {
		t.Errorf("a believable time is %+v", s)
	}
	f.report(home.Report{Feature: "probe:t", Value: home.Num(2), At: now.Add(-2 * time.Minute)})
	if s := f.current("probe:t"); s.Value != home.Num(1) {
		t.Errorf("an older report became current: %+v", s)
	}
	for i, at := range []home.Time{now.Add(6 * time.Minute), now.Add(-31 * 24 * time.Hour), 86400_000, 4_070_908_800_000} {
		v := home.Num(float64(3 + i))
		f.report(home.Report{Feature: "probe:t", Value: v, At: at})
		if s := f.current("probe:t"); s.Value != v || s.At != now || !s.Flagged {
			t.Errorf("a live report of %s became %+v", at, s)
		}
	}
	old := moment(t, "2019-01-01T00:00:00+02:00")
	f.report(home.Report{Feature: "probe:t", Value: home.Num(-5), At: old, Explicit: true})
	if s := f.current("probe:t"); s.Value == home.Num(-5) {
		t.Error("history became current")
	}
	if h := f.history("probe:t"); h[0].At != old || h[0].Value != home.Num(-5) {
		t.Errorf("history begins with %+v", h[0])
	}
}

func moment(t *testing.T, s string) home.Time {
	t.Helper()
	m, err := home.ParseTime(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestAClockThatGoesBackLeavesTheNewestCurrent(t *testing.T) {
	f := open(t)
	f.report(home.Report{Feature: "probe:t", Value: home.Num(1)})
	f.clock.forward(-14 * 24 * time.Hour)
	f.report(home.Report{Feature: "probe:t", Value: home.Num(2)})
	if s := f.current("probe:t"); s.Value != home.Num(2) {
		t.Errorf("what was reported last is not current: %+v", s)
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

func TestPresenceIsToldOnce(t *testing.T) {
	f := open(t)
	s, err := f.Follow(f.ctx, f.owner, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, atHome := range []bool{true, true, false, false, true} {
		changed, err := f.SetPresence(f.ctx, f.owner, f.owner.Account, atHome)
		if err != nil || changed != (i != 1 && i != 3) {
			t.Errorf("%d: changed %v, %v", i, changed, err)
		}
	}
	var types []string
	for len(types) < 6 {
		entries, err := s.Next(f.ctx, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			types = append(types, e.Event.Type)
		}
	}
	want := []string{home.EventArrived, home.EventHouseOccupied, home.EventLeft, home.EventHouseEmpty, home.EventArrived, home.EventHouseOccupied}
	if !slices.Equal(types, want) {
		t.Errorf("told %v", types)
	}
	if m := f.member(f.owner.Account); !m.Presence.AtHome {
		t.Error("not at home at the end")
	}
	_, err = f.SetPresence(f.ctx, f.owner, "nobody", true)
	wantCode(t, err, home.NotFound, "member_unknown")
}

func TestACommandBecomesTheState(t *testing.T) {
	f := open(t)
	done, err := f.Command(f.ctx, f.owner, "lamp:on", home.Num(1))
	if err != nil {
		t.Fatal(err)
	}
	s := f.current("lamp:on")
	if s.Value != home.Num(1) || s.Cause[len(s.Cause)-1].ID != done.ID {
		t.Errorf("state is %+v after %+v", s, done)
	}
	_, err = f.Command(f.ctx, f.owner, "mqtt:my-phone-presence", home.Num(1))
	wantCode(t, err, home.Unprocessable, "feature_read_only")
	_, err = f.Command(f.ctx, f.owner, "lamp:on", home.Num(5))
	wantCode(t, err, home.Unprocessable, "value_refused")
	_, err = f.Command(f.ctx, f.owner, "nope", home.Num(1))
	wantCode(t, err, home.NotFound, "feature_unknown")
	f.driver.fail = home.Errorf(home.Unavailable, "no answer")
	_, err = f.Command(f.ctx, f.owner, "lamp:on", home.Num(0))
	wantCode(t, err, home.Unavailable, "")
	if s := f.current("lamp:on"); s.Value != home.Num(1) {
		t.Error("a failed command changed the state")
	}
}

func TestADriverReportsOnlyItsOwn(t *testing.T) {
	f := open(t)
	err := f.Reporter("zigbee")(f.ctx, f.house.ID, nil, home.Report{Feature: "lamp:on", Value: home.Num(1)})
	wantCode(t, err, home.NotFound, "feature_unknown")
}

func TestAStreamResumes(t *testing.T) {
	b := bus.New(50)
	f := open(t, func(c *hub.Config) { c.Bus = b })
	for i := range 200 {
		f.report(home.Report{Feature: "probe:t", Value: home.Num(float64(i % 70))})
	}
	head, _ := f.Head(f.owner)
	for _, c := range []struct {
		after   uint64
		outcome string
	}{{head, hub.OutcomeNothing}, {head - 10, hub.OutcomeReplay}, {head - 150, hub.OutcomeReplay}, {head + 5, hub.OutcomeGap}, {1 << 63, hub.OutcomeGap}} {
		s, err := f.Follow(f.ctx, f.owner, &c.after)
		if err != nil || s.Outcome != c.outcome {
			t.Fatalf("after %d of %d: %v, %v; want %s", c.after, head, s.Outcome, err, c.outcome)
		}
		if c.outcome == hub.OutcomeGap && len(s.Snapshot) != 4 {
			t.Errorf("the snapshot has %d devices", len(s.Snapshot))
		}
		if c.outcome != hub.OutcomeReplay {
			continue
		}
		for next := c.after + 1; next <= head; {
			entries, err := s.Next(f.ctx, 33)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				if e.Seq != next || e.State == nil || e.State.Feature.ExternalID != "probe:t" || e.State.Old == nil {
					t.Fatalf("got %+v, want %d", e, next)
				}
				next++
			}
		}
		told := f.report(home.Report{Feature: "probe:t", Value: home.Num(1)})
		entries, err := s.Next(f.ctx, 33)
		if err != nil || entries[0].Seq != told.Seq {
			t.Fatalf("after the replay: %v, %v", entries, err)
		}
		head = told.Seq
	}
}

func TestAStreamShowsOnlyWhatItMay(t *testing.T) {
	f := open(t)
	narrow := *f.owner
	narrow.Role = home.Guest
	narrow.Grants = []home.Grant{{Verbs: []home.Verb{home.ReadState, home.ReadDevice}, Features: []string{"lamp:on"}}}
	s, err := f.Follow(f.ctx, &narrow, nil)
	if err != nil {
		t.Fatal(err)
	}
	f.report(home.Report{Feature: "probe:t", Value: home.Num(1)})
	lamp := f.report(home.Report{Feature: "lamp:on", Value: home.Num(1)})
	entries, err := s.Next(f.ctx, 10)
	if err != nil || len(entries) != 1 || entries[0].Seq != lamp.Seq {
		t.Fatalf("got %v, %v", entries, err)
	}
	devices, err := f.Devices(f.ctx, &narrow)
	if err != nil || len(devices) != 1 || devices[0].Name != "lamp" {
		t.Errorf("devices are %v, %v", devices, err)
	}
	_, _, _, err = f.FeatureOf(f.ctx, &narrow, "probe:t")
	wantCode(t, err, home.NotFound, "feature_unknown")
	nothing := narrow
	nothing.Grants = nil
	_, err = f.Follow(f.ctx, &nothing, nil)
	wantCode(t, err, home.Forbidden, "")
}

func TestAPhonesPositionIsKept(t *testing.T) {
	f := open(t)
	at := f.Now().Add(-time.Minute)
	fix := hub.Fix{Kind: "location", Phone: "Pixel 9", Position: home.Position{At: at, Latitude: 0, Longitude: 0, Battery: ptr(55.0), Accuracy: ptr(12.0)}}
	if _, err := f.Locate(f.ctx, f.owner, fix); err != nil {
		t.Fatal(err)
	}
	m := f.member(f.owner.Account)
	if m.Position == nil || m.Position.At != at || *m.Position.Battery != 55 {
		t.Fatalf("position is %+v", m.Position)
	}
	if s := f.current(m.Position.Phone + ":battery"); s == nil || s.Value != home.Num(55) || s.At != at {
		t.Errorf("battery is %+v", s)
	}
	fix.Position.Latitude = 91
	_, err := f.Locate(f.ctx, f.owner, fix)
	wantCode(t, err, home.Unprocessable, "position_refused")
	fix.Position.Latitude, fix.Position.At = 1, at.Add(-time.Hour)
	if _, err := f.Locate(f.ctx, f.owner, fix); err != nil {
		t.Fatal(err)
	}
	if m := f.member(f.owner.Account); m.Position.At != at {
		t.Error("an older position took the newer one's place")
	}
	devices, _ := f.Devices(f.ctx, f.owner)
	if len(devices) != 5 {
		t.Errorf("%d devices; the phone is made once", len(devices))
	}
}

func TestOutgoingRequestsAreTriedUntilDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := open(t, func(c *hub.Config) { c.Clock = time.Now })
		s, err := f.Follow(f.ctx, f.owner, nil)
		if err != nil {
			t.Fatal(err)
		}
		r, err := f.QueueRequest(f.ctx, f.owner, home.Request{Method: "POST", URL: "http://127.0.0.1:9/hook"})
		if err != nil {
			t.Fatal(err)
		}
		var at []time.Time
		stop := f.dispatch(func(sent home.Request) hub.Sent {
			if at = append(at, time.Now()); sent.ID != r.ID {
				t.Errorf("an attempt carried %s, want %s", sent.ID, r.ID)
			}
			if len(at) < 3 {
				return hub.Sent{Status: 503, After: 20 * time.Second}
			}
			return hub.Sent{Status: 204}
		})
		defer stop()
		waitFor(t, f, s, home.EventRequestDone)
		if first := at[1].Sub(at[0]); first < 20*time.Second || len(at) != 3 {
			t.Errorf("%d attempts, the second after %v", len(at), first)
		}
		if left, _ := f.Requests(f.ctx, f.owner); len(left) != 0 {
			t.Errorf("left: %v", left)
		}
	})
}

// dispatch sends with send until the function that it returns is called.
func (f *fixture) dispatch(send func(home.Request) hub.Sent) (stop func()) {
	ctx, cancel := context.WithCancel(f.ctx)
	var dispatching sync.WaitGroup
	dispatching.Go(func() {
		if err := f.Dispatch(ctx, func(_ context.Context, r home.Request) hub.Sent { return send(r) }); err != nil {
			f.t.Error(err)
		}
	})
	return func() { cancel(); dispatching.Wait() }
}

func TestOutgoingRequestsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := open(t, func(c *hub.Config) { c.Clock = time.Now })
		s, err := f.Follow(f.ctx, f.owner, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, target := range []string{"refused", "broken"} {
			if _, err := f.QueueRequest(f.ctx, f.owner, home.Request{Method: "POST", URL: "http://" + target}); err != nil {
				t.Fatal(err)
			}
		}
		attempts := map[string]int{}
		var mu sync.Mutex
		stop := f.dispatch(func(r home.Request) hub.Sent {
			mu.Lock()
			defer mu.Unlock()
			attempts[r.URL]++
			return hub.Sent{Status: 500, Final: r.URL == "http://refused", Body: "no"}
		})
		defer stop()
		waitFor(t, f, s, home.EventRequestFailed)
		waitFor(t, f, s, home.EventRequestFailed)
		mu.Lock()
		defer mu.Unlock()
		if attempts["http://refused"] != 1 || attempts["http://broken"] != 10 {
			t.Errorf("attempts are %v", attempts)
		}
		left, _ := f.Requests(f.ctx, f.owner)
		if len(left) != 2 || !left[0].Dead || !left[1].Dead {
			t.Errorf("left: %v", left)
		}
	})
}

func TestAHangingTargetHoldsOnlyItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := open(t, func(c *hub.Config) { c.Clock = time.Now })
		for i := range 10 {
			for _, target := range []string{"http://hanging", fmt.Sprintf("http://well%d", i)} {
				if _, err := f.QueueRequest(f.ctx, f.owner, home.Request{Method: "POST", URL: target}); err != nil {
					t.Fatal(err)
				}
			}
		}
		var well, hanging atomic.Int64
		release := make(chan struct{})
		stop := f.dispatch(func(r home.Request) hub.Sent {
			if r.URL == "http://hanging" {
				hanging.Add(1)
				<-release
			} else {
				well.Add(1)
			}
			return hub.Sent{Status: 200}
		})
		synctest.Wait()
		if well.Load() != 10 || hanging.Load() != 2 {
			t.Errorf("%d sent beside %d that hang; want 10 and 2", well.Load(), hanging.Load())
		}
		close(release)
		stop()
	})
}

func waitFor(t *testing.T, f *fixture, s *hub.Stream, what string) *home.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(f.ctx, 7*24*time.Hour)
	defer cancel()
	for {
		entries, err := s.Next(ctx, 100)
		if err != nil {
			t.Fatalf("waiting for %s: %v", what, err)
		}
		for _, e := range entries {
			if e.Event != nil && e.Event.Type == what {
				return e.Event
			}
		}
	}
}

func TestEventsAndMessagesAreTold(t *testing.T) {
	f := open(t)
	s, err := f.Follow(f.ctx, f.owner, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Tell(f.ctx, f.owner, hub.NewEvent{Type: "doorbell.pressed", Data: json.RawMessage(`{"door":"front"}`)}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Message(f.ctx, f.owner, "bonjour"); err != nil {
		t.Fatal(err)
	}
	if e := waitFor(t, f, s, "custom.doorbell.pressed"); string(e.Data) != `{"door":"front"}` {
		t.Errorf("data is %s", e.Data)
	}
	for _, n := range []hub.NewEvent{{Type: ""}, {Type: "a b"}, {Type: "ok", Data: json.RawMessage(`[1]`)}, {Type: "ok", Data: json.RawMessage(`{"a":`)},
		{Type: "ok", Subject: "a\nb"}, {Type: "ok", At: f.Now().Add(time.Hour)}} {
		_, err := f.Tell(f.ctx, f.owner, n)
		wantCode(t, err, home.Unprocessable, "event_refused")
	}
	_, err = f.Message(f.ctx, f.owner, "")
	wantCode(t, err, home.Unprocessable, "message_refused")
}

func TestChangesAreCheckedForTheirVersion(t *testing.T) {
	f := open(t)
	room, err := f.CreateRoom(f.ctx, f.owner, "Kitchen")
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.CreateRoom(f.ctx, f.owner, "kitchen")
	wantCode(t, err, home.Conflict, "name_taken")
	if _, err = f.UpdateRoom(f.ctx, f.owner, room.ID, hub.RoomChange{Name: ptr("Cuisine"), Version: 1}); err != nil {
		t.Fatal(err)
	}
	_, err = f.UpdateRoom(f.ctx, f.owner, room.ID, hub.RoomChange{Name: ptr("Attic"), Version: 1})
	wantCode(t, err, home.Stale, "version_stale")
	device, _ := f.Device(f.ctx, f.owner, "lamp")
	if _, err := f.UpdateDevice(f.ctx, f.owner, device.ID, hub.DeviceChange{Room: &room.ID}); err != nil {
		t.Fatal(err)
	}
	if err := f.DeleteRoom(f.ctx, f.owner, room.ID); err != nil {
		t.Fatal(err)
	}
	if device, _ = f.Device(f.ctx, f.owner, "lamp"); device.Room != "" {
		t.Error("the lamp stands in a room that is gone")
	}
}

func TestADevicesChangeKeepsItsHistory(t *testing.T) {
	f := open(t)
	f.report(home.Report{Feature: "probe:t", Value: home.Num(20)})
	device, _ := f.Device(f.ctx, f.owner, "probe")
	features := []hub.NewFeature{{ExternalID: "probe:t", Name: "Inside", Category: "temperature-sensor", Type: "decimal"}, {ExternalID: "probe:h", Category: "humidity-sensor", Type: "decimal"}}
	if _, err := f.UpdateDevice(f.ctx, f.owner, device.ID, hub.DeviceChange{Features: &features}); err != nil {
		t.Fatal(err)
	}
	if h := f.history("probe:t"); len(h) != 1 || f.current("probe:t").Value != home.Num(20) {
		t.Errorf("history is %v", h)
	}
	features = features[1:]
	if _, err := f.UpdateDevice(f.ctx, f.owner, device.ID, hub.DeviceChange{Features: &features}); err != nil {
		t.Fatal(err)
	}
	_, err := f.Report(f.ctx, f.owner, home.Report{Feature: "probe:t", Value: home.Num(1)})
	wantCode(t, err, home.NotFound, "feature_unknown")
	taken := hub.NewDevice{Name: "x", ExternalID: "x", Features: []hub.NewFeature{{ExternalID: "lamp:on", Category: "light", Type: "binary"}}}
	_, err = f.CreateDevice(f.ctx, f.owner, taken)
	wantCode(t, err, home.Conflict, "external_id_taken")
	if err := f.DeleteDevice(f.ctx, f.owner, device.ID); err != nil {
		t.Fatal(err)
	}
	_, err = f.Device(f.ctx, f.owner, device.ID)
	wantCode(t, err, home.NotFound, "device_unknown")
}

func TestBadDevicesAreRefused(t *testing.T) {
	f := open(t)
	ok := hub.NewFeature{ExternalID: "a", Category: "light", Type: "binary"}
	for name, n := range map[string]hub.NewDevice{
		"no name":       {ExternalID: "x"},
		"no id":         {Name: "x"},
		"control chars": {Name: "x\n", ExternalID: "x"},
		"driver":        {Name: "x", ExternalID: "x", Driver: "quantum"},
		"room":          {Name: "x", ExternalID: "x", Room: "nowhere"},
		"twice":         {Name: "x", ExternalID: "x", Features: []hub.NewFeature{ok, ok}},
		"category":      {Name: "x", ExternalID: "x", Features: []hub.NewFeature{{ExternalID: "a", Category: "Light!", Type: "binary"}}},
		"min over max":  {Name: "x", ExternalID: "x", Features: []hub.NewFeature{{ExternalID: "a", Category: "light", Type: "decimal", Min: ptr(2.0), Max: ptr(1.0)}}},
		"retention":     {Name: "x", ExternalID: "x", Features: []hub.NewFeature{{ExternalID: "a", Category: "light", Type: "binary", Retention: -1}}},
		"too many":      {Name: "x", ExternalID: "x", Features: make([]hub.NewFeature, hub.MaxFeatures+1)},
	} {
		_, err := f.CreateDevice(f.ctx, f.owner, n)
		if home.CodeOf(err) != home.Unprocessable {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRetentionErasesWhatIsOld(t *testing.T) {
	f := open(t)
	f.device("meter", hub.NewFeature{ExternalID: "meter:p", Category: "energy-sensor", Type: "power", Retention: 2})
	for range 5 {
		f.report(home.Report{Feature: "meter:p", Value: home.Num(5)})
		f.clock.forward(24 * time.Hour)
	}
	if err := f.Sweep(f.ctx); err != nil {
		t.Fatal(err)
	}
	if h := f.history("meter:p"); len(h) != 2 {
		t.Errorf("kept %d of 5 days, want 2", len(h))
	}
	if err := f.EraseHistory(f.ctx, f.owner, "meter:p", 0, 0); err != nil {
		t.Fatal(err)
	}
	if h := f.history("meter:p"); len(h) != 0 || f.current("meter:p") == nil {
		t.Errorf("after erasing: %v, current %v", h, f.current("meter:p"))
	}
}

func TestReportsThatDoNotWaitEndInOrder(t *testing.T) {
	f := open(t)
	var order []float64
	var all sync.WaitGroup
	for i := range 200 {
		all.Add(1)
		err := f.ReportThen(f.owner, func(told []hub.Told, err error) {
			defer all.Done()
			if err != nil {
				t.Error(err)
			}
			order = append(order, float64(told[0].Seq))
		}, home.Report{Feature: "probe:t", Value: home.Num(float64(i % 50))})
		if err != nil {
			t.Fatal(err)
		}
	}
	all.Wait()
	if !slices.IsSorted(order) || len(order) != 200 {
		t.Errorf("ended as %v", order)
	}
	err := f.ReportThen(f.owner, nil, home.Report{Feature: "nope", Value: home.Num(1)})
	wantCode(t, err, home.NotFound, "feature_unknown")
}
