package hub_test

import (
	"testing"
	"time"

	"latchkey/home"
	"latchkey/hub"
)

func (f *fixture) sources(id *home.Identity, sources ...home.PresenceSource) {
	f.t.Helper()
	must[home.Member](f.t)(f.SetPresenceSources(f.ctx, f.owner, id.Account, sources))
}

func motion(seconds int) home.PresenceSource {
	return home.PresenceSource{Feature: "mqtt:my-phone-presence", Operator: ">=", Value: home.Num(1), Timeout: seconds}
}

func (f *fixture) seen(v float64) {
	f.report(home.Report{Feature: "mqtt:my-phone-presence", Value: home.Num(v)})
}

// TestThingsSeen: two members who are shown by the same thing occupy the house
// once; each leaves after a time-out of its own, which survives a restart.
func TestThingsSeen(t *testing.T) {
	f := open(t)
	bob := f.joined("bob", home.Adult)
	f.sources(f.owner, motion(60))
	f.sources(bob, motion(120))
	before := f.head()
	f.seen(0)
	f.wantEvents(before)
	f.seen(1)
	f.wantEvents(before, home.EventArrived, home.EventHouseOccupied, home.EventArrived)
	f.pass(30 * time.Second)
	f.seen(1)
	f.pass(40 * time.Second)
	f.wantEvents(before, home.EventArrived, home.EventHouseOccupied, home.EventArrived)
	f.restart()
	f.pass(20 * time.Second)
	if f.member(f.owner.Account).Presence.AtHome || !f.member(bob.Account).Presence.AtHome {
		t.Error("a minute after the last motion bob is at home, and ann is not")
	}
	f.pass(time.Minute)
	f.wantEvents(before, home.EventArrived, home.EventHouseOccupied, home.EventArrived, home.EventLeft, home.EventLeft, home.EventHouseEmpty)
	// What is old, or history, shows nobody.
	f.report(home.Report{Feature: "mqtt:my-phone-presence", Value: home.Num(1), At: f.Now().Add(-time.Hour), Explicit: true})
	if f.member(bob.Account).Presence.AtHome {
		t.Error("history brought bob home")
	}
}

// TestZoneAndThing: who is in the home's zone or seen by a thing is at home.
func TestZoneAndThing(t *testing.T) {
	f := open(t)
	f.zone(hub.NewZone{Name: "Home", Area: circle(100), Home: true, Leave: ptr(0)})
	f.sources(f.owner, motion(60))
	before := f.head()
	f.at(f.owner, 0, 5)
	f.seen(1)
	f.pass(10 * time.Minute)
	f.seen(1)
	f.at(f.owner, 900, 5)
	f.wantEvents(before, home.EventZoneEntered, home.EventArrived, home.EventHouseOccupied, home.EventZoneLeft)
	f.pass(time.Minute)
	f.wantEvents(before, home.EventZoneEntered, home.EventArrived, home.EventHouseOccupied, home.EventZoneLeft, home.EventLeft, home.EventHouseEmpty)
}

// TestWhoCounts: a guest keeps the house occupied unless flagged, and whoever
// goes for good does not.
func TestWhoCounts(t *testing.T) {
	f := open(t)
	gus := f.joined("gus", home.Guest)
	set := func(who *home.Identity, atHome bool) {
		t.Helper()
		must[bool](t)(f.SetPresence(f.ctx, f.owner, who.Account, atHome))
	}
	count := func(uncounted bool) {
		t.Helper()
		must[home.Member](t)(f.UpdateMember(f.ctx, f.owner, gus.Account, hub.MemberChange{Uncounted: &uncounted}))
	}
	before := f.head()
	set(gus, true)
	count(true)
	count(false)
	count(true)
	set(f.owner, true)
	set(gus, false)
	set(gus, true)
	set(f.owner, false)
	f.wantEvents(before, home.EventArrived, home.EventHouseOccupied, home.EventHouseEmpty, home.EventHouseOccupied, home.EventHouseEmpty,
		home.EventArrived, home.EventHouseOccupied, home.EventLeft, home.EventArrived, home.EventLeft, home.EventHouseEmpty)
	count(false)
	before = f.head()
	if err := f.RemoveMember(f.ctx, f.owner, gus.Account); err != nil {
		t.Fatal(err)
	}
	f.wantEvents(before, home.EventLeft, home.EventHouseEmpty)

	mia := f.joined("mia", home.Guest)
	soon := f.Now().Add(time.Minute)
	must[home.Member](t)(f.UpdateMember(f.ctx, f.owner, mia.Account, hub.MemberChange{Expires: &soon}))
	before = f.head()
	set(mia, true)
	f.pass(2 * time.Minute)
	f.wantEvents(before, home.EventArrived, home.EventHouseOccupied, home.EventLeft, home.EventHouseEmpty)
}

func TestSourcesThatAreNone(t *testing.T) {
	f := open(t)
	bob := f.joined("bob", home.Adult)
	good := motion(60)
	for _, change := range []func(*home.PresenceSource){
		func(s *home.PresenceSource) { s.Feature = "nothing" },
		func(s *home.PresenceSource) { s.Operator = "~" },
		func(s *home.PresenceSource) { s.Timeout = 9 },
		func(s *home.PresenceSource) { s.Timeout = 604801 },
		func(s *home.PresenceSource) { s.Value = home.Txt("1") },
		func(s *home.PresenceSource) { s.Feature, s.Value = "note:text", home.Txt("a") },
	} {
		s := good
		change(&s)
		_, err := f.SetPresenceSources(f.ctx, f.owner, bob.Account, []home.PresenceSource{s})
		wantCode(t, err, home.Unprocessable, "sources_refused")
	}
	_, err := f.SetPresenceSources(f.ctx, f.owner, bob.Account, make([]home.PresenceSource, hub.MaxSources+1))
	wantCode(t, err, home.Unprocessable, "sources_refused")
	_, err = f.SetPresenceSources(f.ctx, f.owner, "nobody", nil)
	wantCode(t, err, home.NotFound, "member_unknown")
	_, err = f.SetPresenceSources(f.ctx, bob, f.owner.Account, nil)
	wantCode(t, err, home.Forbidden, "right_missing")
	if m, err := f.SetPresenceSources(f.ctx, bob, bob.Account, []home.PresenceSource{good}); err != nil || len(m.Sources) != 1 {
		t.Errorf("bob's own: %v, %v", m.Sources, err)
	}
	before := f.head()
	f.sources(bob, good)
	if f.head() != before {
		t.Error("the same sources again are told")
	}
}

// TestRegions: what OwnTracks says of regions.
func TestRegions(t *testing.T) {
	f := open(t)
	bob := f.joined("bob", home.Adult)
	z := f.zone(hub.NewZone{Name: "Home", Area: circle(100), Home: true, Leave: ptr(0)})
	_, secret := f.key(f.owner, hub.NewKey{Kind: home.OpenKey})
	phone := f.identify(secret)
	send := func(id *home.Identity, kind string, at home.Time, regions ...hub.Region) {
		t.Helper()
		f.clock.forward(time.Second)
		fix := hub.Fix{Kind: kind, Position: home.Position{At: at}, Regions: regions, Phone: "pixel", Raw: []byte(`{}`)}
		must[[]hub.MemberPosition](t)(f.Locate(f.ctx, id, fix))
	}
	before := f.head()
	send(bob, "transition", 0, hub.Region{Name: "home", Entered: true})
	late := f.Now().Add(-10 * time.Second)
	send(bob, "transition", late, hub.Region{Name: "Home"})
	send(bob, "transition", f.Now().Add(-time.Hour), hub.Region{Name: "Home"})
	send(bob, "transition", 0, hub.Region{Name: "Elsewhere", Entered: true})
	f.wantEvents(before, home.EventZoneEntered, home.EventArrived, home.EventHouseOccupied)
	send(bob, "transition", 0, hub.Region{Name: string(z.ID)})
	f.wantEvents(before, home.EventZoneEntered, home.EventArrived, home.EventHouseOccupied, home.EventZoneLeft, home.EventLeft, home.EventHouseEmpty)

	school := hub.Region{Name: "School", Circle: &home.Circle{Latitude: 48.9, Longitude: 2.4, Radius: 150}}
	moved := hub.Region{Name: "HOME", Circle: &home.Circle{Latitude: 10, Longitude: 10, Radius: 5000}}
	zones := func() []home.Zone { return must[[]home.Zone](t)(f.Zones(f.ctx, f.owner)) }
	send(bob, "waypoint", 0, school)
	if len(zones()) != 1 {
		t.Error("an adult's phone made a zone")
	}
	send(phone, "waypoints", 0, school, school, moved, hub.Region{Name: "Beacon"}, hub.Region{Name: "Dot", Circle: &home.Circle{Radius: 1}},
		hub.Region{Name: " school ", Circle: &home.Circle{Radius: 100}})
	if all := zones(); len(all) != 2 || all[0].Area.Circle.Latitude != lat || all[1].Name != "School" || all[1].Home {
		t.Errorf("the zones are %+v", all)
	}
	school.Circle = &home.Circle{Latitude: 48.9, Longitude: 2.4, Radius: 300}
	send(phone, "waypoint", 0, school)
	send(phone, "waypoint", 0, school)
	send(f.owner, "waypoint", 0, moved)
	if all := zones(); all[1].Area.Circle.Radius != 300 || all[1].Version != 2 || all[0].Area.Circle.Latitude != 10 || !all[0].Home {
		t.Errorf("the zones are %+v", all)
	}
	before = f.head()
	send(phone, "lwt", 0)
	if told := f.told(before); len(told) != 2 || told[0] != "location.lwt" || told[1] != home.EventPhoneGone {
		t.Errorf("told %v", told)
	}
}
