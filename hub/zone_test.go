package hub_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"latchkey/home"
	"latchkey/hub"
)

// Where the tests' house is, and how far a degree of latitude is.
const (
	lat, lon = 48.8566, 2.3522
	degree   = 111195.08
)

func circle(radius float64) home.Area {
	return home.Area{Circle: &home.Circle{Latitude: lat, Longitude: lon, Radius: radius}}
}

func (f *fixture) zone(n hub.NewZone) home.Zone {
	f.t.Helper()
	return must[home.Zone](f.t)(f.CreateZone(f.ctx, f.owner, n))
}

// at puts id's phone some metres north of the house.
func (f *fixture) at(id *home.Identity, metres, accuracy float64) {
	f.t.Helper()
	v := home.Position{Latitude: lat + metres/degree, Longitude: lon, Accuracy: &accuracy}
	if _, err := f.Locate(f.ctx, id, hub.Fix{Kind: "location", Phone: "p", Position: v}); err != nil {
		f.t.Fatal(err)
	}
}

// pass lets time go by, as the program sees it.
func (f *fixture) pass(d time.Duration) {
	f.t.Helper()
	for ; d > 0; d -= 2 * time.Second {
		f.clock.forward(min(d, 2*time.Second))
		if err := f.SettlePresence(f.ctx); err != nil {
			f.t.Fatal(err)
		}
	}
}

// restart closes the hub and opens another one on what it kept.
func (f *fixture) restart() {
	f.t.Helper()
	f.Close()
	h, err := hub.New(f.ctx, hub.Config{Store: f.store, Clock: f.clock.time, Drivers: []home.Driver{f.driver}})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(h.Close)
	f.Hub = h
}

// events returns the events above after that are about coming and going.
func (f *fixture) events(after uint64) (out []home.Event) {
	f.t.Helper()
	kinds := []string{home.EventArrived, home.EventLeft, home.EventHouseEmpty, home.EventHouseOccupied, home.EventZoneEntered, home.EventZoneLeft}
	_, err := f.store.Log(f.ctx, f.house.ID, after, 100000, func(e home.Entry) error {
		if e.Event != nil && slices.Contains(kinds, e.Event.Type) {
			out = append(out, *e.Event)
		}
		return nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return out
}

func (f *fixture) wantEvents(after uint64, want ...string) {
	f.t.Helper()
	var got []string
	for _, e := range f.events(after) {
		got = append(got, e.Type)
		if len(e.Cause) == 0 {
			f.t.Errorf("%s has no cause", e.Type)
		}
	}
	if !slices.Equal(got, want) {
		f.t.Errorf("told %v, want %v", got, want)
	}
}

func (f *fixture) head() uint64 {
	f.t.Helper()
	return must[uint64](f.t)(f.Head(f.owner))
}

func TestZonesAreKept(t *testing.T) {
	f := open(t)
	before := f.head()
	z := f.zone(hub.NewZone{Name: "Nest", Area: circle(50), Home: true, Color: "#00ff00"})
	if z.Enter != 0 || z.Leave != home.LeaveSeconds {
		t.Errorf("the dwell times are %d and %d", z.Enter, z.Leave)
	}
	_, err := f.CreateZone(f.ctx, f.owner, hub.NewZone{Name: " nest", Area: circle(50)})
	wantCode(t, err, home.Conflict, "name_taken")
	_, err = f.CreateZone(f.ctx, f.joined("kid", home.Child), hub.NewZone{Name: "Den", Area: circle(50)})
	wantCode(t, err, home.Forbidden, "right_missing")
	name := "Home"
	z = must[home.Zone](t)(f.UpdateZone(f.ctx, f.owner, z.ID, hub.ZoneChange{Name: &name, Leave: ptr(5), Version: 1}))
	_, err = f.UpdateZone(f.ctx, f.owner, z.ID, hub.ZoneChange{Name: &name, Version: 1})
	wantCode(t, err, home.Stale, "version_stale")
	_, err = f.UpdateZone(f.ctx, f.owner, "nowhere", hub.ZoneChange{})
	wantCode(t, err, home.NotFound, "zone_unknown")
	park := f.zone(hub.NewZone{Name: "Park", Area: home.Area{Polygon: []home.Coordinate{{Latitude: 1, Longitude: 179.999}, {Latitude: 1, Longitude: -179.999}, {Latitude: 1.001, Longitude: 180}}}})
	f.restart()
	if all := must[[]home.Zone](t)(f.Zones(f.ctx, f.owner)); len(all) != 2 || all[0].Version != 2 || all[0].Leave != 5 || len(all[1].Area.Polygon) != 3 {
		t.Errorf("after a restart: %+v", all)
	}
	if err := f.DeleteZone(f.ctx, f.owner, park.ID); err != nil {
		t.Fatal(err)
	}
	wantCode(t, f.DeleteZone(f.ctx, f.owner, park.ID), home.NotFound, "zone_unknown")
	told := slices.DeleteFunc(f.told(before), func(s string) bool { return len(s) < 5 || s[:5] != "zone." })
	if want := []string{"zone.created", "zone.updated", "zone.created", "zone.deleted"}; !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
	for i := range hub.MaxZones - 1 {
		f.zone(hub.NewZone{Name: fmt.Sprintf("Zone %d", i), Area: circle(50)})
	}
	_, err = f.CreateZone(f.ctx, f.owner, hub.NewZone{Name: "One more", Area: circle(50)})
	wantCode(t, err, home.Conflict, "too_many_zones")
}

func TestZonesThatAreNone(t *testing.T) {
	f := open(t)
	nan, ring := math.NaN(), []home.Coordinate{{Latitude: 1, Longitude: 1}, {Latitude: 1, Longitude: 1.01}, {Latitude: 1.01, Longitude: 1}}
	for name, n := range map[string]hub.NewZone{
		"no area":       {},
		"both":          {Area: home.Area{Circle: circle(50).Circle, Polygon: ring}},
		"no number":     {Area: circle(nan)},
		"too small":     {Area: circle(9)},
		"too large":     {Area: circle(100001)},
		"off the earth": {Area: home.Area{Circle: &home.Circle{Latitude: 90.1, Longitude: 0, Radius: 50}}},
		"corner":        {Area: home.Area{Polygon: append(slices.Clone(ring), home.Coordinate{Latitude: nan})}},
		"many corners":  {Area: home.Area{Polygon: slices.Repeat(ring, 34)}},
		"too wide":      {Area: home.Area{Polygon: append(slices.Clone(ring), home.Coordinate{Latitude: 5, Longitude: 1})}},
		"a line":        {Area: home.Area{Polygon: []home.Coordinate{ring[0], ring[1], ring[0]}}},
		"dwell":         {Area: circle(50), Enter: ptr(3601)},
		"color":         {Area: circle(50), Color: "#00FF0"},
	} {
		n.Name = name
		_, err := f.CreateZone(f.ctx, f.owner, n)
		wantCode(t, err, home.Unprocessable, "zone_refused")
	}
}

// TestComingAndGoing: what a position does, what it is told as and why, and that
// a crossing that waits survives a restart.
func TestComingAndGoing(t *testing.T) {
	f := open(t)
	z := f.zone(hub.NewZone{Name: "Home", Area: circle(100), Home: true})
	bob := f.joined("bob", home.Child)
	before := f.head()
	f.at(bob, 5000, 10)
	f.wantEvents(before)
	f.at(bob, 20, 10)
	f.wantEvents(before, home.EventZoneEntered, home.EventArrived, home.EventHouseOccupied)
	entered := f.events(before)
	var c home.ZoneCrossing
	if json.Unmarshal(entered[0].Data, &c) != nil || c != (home.ZoneCrossing{Account: bob.Account, Zone: z.ID, Name: "Home"}) || entered[0].Verb != home.ReadLocation {
		t.Errorf("entered is %+v", entered[0])
	}
	cause := entered[1].Cause
	if n := len(cause); n < 3 || cause[n-2].Name != home.EventLocation || cause[n-2].Seq == 0 || cause[n-1].Seq != entered[0].Seq {
		t.Errorf("the arrival is caused by %+v", cause)
	}
	f.at(bob, 500, 10)
	f.pass(20 * time.Second)
	f.restart()
	f.wantEvents(before, home.EventZoneEntered, home.EventArrived, home.EventHouseOccupied)
	f.pass(10 * time.Second)
	f.wantEvents(entered[2].Seq, home.EventZoneLeft, home.EventLeft, home.EventHouseEmpty)
	f.pass(time.Minute)
	if n := len(f.events(before)); n != 6 {
		t.Errorf("%d events", n)
	}
	f.at(bob, 0, 10)
	if m := f.member(bob.Account); len(m.Zones) != 1 || m.Zones[0].Name != "Home" {
		t.Errorf("bob is in %v", m.Zones)
	}
	for _, m := range must[[]home.Member](t)(f.Members(f.ctx, bob)) {
		if (m.Zones != nil) != (m.Account == bob.Account) {
			t.Error("a child sees where others are, or not where they are themselves")
		}
	}
	_, err := f.Positions(f.ctx, bob)
	wantCode(t, err, home.Forbidden, "right_missing")
	if all := must[[]hub.MemberPosition](t)(f.Positions(f.ctx, f.owner)); len(all) != 1 || all[0].Account.ID != bob.Account || len(all[0].Zones) != 1 {
		t.Errorf("positions are %+v", all)
	}
	before = f.head()
	if err := f.DeleteZone(f.ctx, f.owner, z.ID); err != nil {
		t.Fatal(err)
	}
	f.at(bob, 5000, 10)
	f.pass(time.Minute)
	f.wantEvents(before)
}

// TestAWalkAtTheEdge: within the accuracy that it tells of, a walk crosses
// nothing; whatever a phone says, entering and leaving alternate and presence
// follows them.
func TestAWalkAtTheEdge(t *testing.T) {
	f := open(t)
	f.zone(hub.NewZone{Name: "Home", Area: circle(100), Home: true})
	rapid.Check(t, func(t *rapid.T) {
		f.pass(10 * time.Minute)
		before := f.head()
		for range rapid.IntRange(1, 15).Draw(t, "positions") {
			accuracy := rapid.Float64Range(0.5, 90).Draw(t, "accuracy")
			f.at(f.owner, 100+accuracy*rapid.Float64Range(-0.99, 0.99).Draw(t, "edge"), accuracy)
			f.pass(time.Duration(rapid.IntRange(0, 20).Draw(t, "later")) * 2 * time.Second)
		}
		if n := len(f.events(before)); n > 0 {
			t.Fatalf("%d events at the edge", n)
		}
		inside := f.member(f.owner.Account).Presence.AtHome
		for range rapid.IntRange(1, 15).Draw(t, "positions") {
			f.at(f.owner, rapid.Float64Range(-400, 400).Draw(t, "north"), rapid.Float64Range(0, 700).Draw(t, "accuracy"))
			f.pass(time.Duration(rapid.IntRange(0, 20).Draw(t, "later")) * 2 * time.Second)
		}
		for _, e := range f.events(before) {
			switch e.Type {
			case home.EventZoneEntered, home.EventZoneLeft:
				if inside == (e.Type == home.EventZoneEntered) {
					t.Fatalf("%s twice", e.Type)
				}
				inside = !inside
			case home.EventArrived, home.EventLeft:
				if inside != (e.Type == home.EventArrived) {
					t.Fatalf("%s without crossing", e.Type)
				}
			}
		}
		if got := f.member(f.owner.Account).Presence.AtHome; got != inside {
			t.Fatalf("at home: %v, inside: %v", got, inside)
		}
	})
}

// TestEverythingAtOnce: positions, things seen and the timer from many
// goroutines leave one story, told once.
func TestEverythingAtOnce(t *testing.T) {
	f := open(t)
	f.zone(hub.NewZone{Name: "Home", Area: circle(100), Home: true, Leave: ptr(0)})
	must[home.Member](t)(f.SetPresenceSources(f.ctx, f.owner, f.owner.Account, []home.PresenceSource{
		{Feature: "mqtt:my-phone-presence", Operator: "=", Value: home.Num(1), Timeout: 10}}))
	var work sync.WaitGroup
	for i := range 4 {
		work.Go(func() {
			for n := range 60 {
				accuracy, at := 5.0, home.Position{Latitude: lat + float64((n+i)%2), Longitude: lon}
				at.Accuracy = &accuracy
				_, err := f.Locate(context.Background(), f.owner, hub.Fix{Kind: "location", Phone: "p", Position: at})
				_, reported := f.Report(context.Background(), f.owner, home.Report{Feature: "mqtt:my-phone-presence", Value: home.Num(float64(n % 2))})
				f.clock.forward(time.Second)
				settled := f.SettlePresence(context.Background())
				_, listed := f.Members(context.Background(), f.owner)
				if err != nil || reported != nil || settled != nil || listed != nil {
					t.Error(err, reported, settled, listed)
				}
			}
		})
	}
	work.Wait()
	zone, presence, house := false, false, false
	for _, e := range f.events(0) {
		is := map[string]*bool{home.EventZoneEntered: &zone, home.EventZoneLeft: &zone, home.EventArrived: &presence, home.EventLeft: &presence,
			home.EventHouseOccupied: &house, home.EventHouseEmpty: &house}[e.Type]
		now := e.Type == home.EventZoneEntered || e.Type == home.EventArrived || e.Type == home.EventHouseOccupied
		if *is == now {
			t.Fatalf("%s twice", e.Type)
		}
		*is = now
	}
	if m := f.member(f.owner.Account); m.Presence.AtHome != presence || presence != house {
		t.Errorf("at home %v, told %v, the house %v", m.Presence.AtHome, presence, house)
	}
}
