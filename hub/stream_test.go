package hub_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"latchkey/bus"
	"latchkey/home"
	"latchkey/hub"
)

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
