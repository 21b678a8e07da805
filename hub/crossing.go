package hub

import (
	"cmp"
	"slices"

	"latchkey/home"
	"latchkey/internal/geo"
	"latchkey/internal/presence"
)

// moving is one member on the move, in one draft.
type moving struct {
	place  *place
	draft  *draft
	member home.Member // as it becomes
	watch  *watch      // as it becomes
	// What crossed an edge of a zone that is the home, and what for.
	entered, left bool
	cause         home.Cause
	counts        bool // the version counts up
}

func (p *place) moving(d *draft, m *home.Member) *moving {
	mv := &moving{place: p, draft: d, member: *m, watch: p.watches[m.Account].copy()}
	for id := range mv.watch.Zones {
		if p.zones[id] == nil {
			delete(mv.watch.Zones, id)
		}
	}
	return mv
}

// byName lists the zones in an order that does not change. The committer calls
// it.
func (p *place) byName() []*home.Zone {
	out := make([]*home.Zone, 0, len(p.zones))
	for _, z := range p.zones {
		out = append(out, z)
	}
	slices.SortFunc(out, func(a, b *home.Zone) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return out
}

// placed takes in a position: what it says about each zone.
func (mv *moving) placed(v *home.Position, cause home.Cause) {
	at := home.Coordinate{Latitude: v.Latitude, Longitude: v.Longitude}
	for _, z := range mv.place.byName() {
		mv.see(z, presence.Evidence{Side: presence.SideOf(geo.Edge(z.Area, at), v.Accuracy), At: v.At, Now: mv.draft.now, Cause: cause})
	}
}

// see takes in what says that the member is inside a zone or outside.
func (mv *moving) see(z *home.Zone, e presence.Evidence) {
	t, crossed := mv.watch.Zones[z.ID].Next(z, e)
	switch {
	case crossed:
		mv.cross(z, t, min(e.At, mv.draft.now))
	case t.Since != 0 || t.Turning != 0:
		mv.watch.Zones[z.ID] = t
	}
}

// cross tells that the member has crossed the edge of z.
func (mv *moving) cross(z *home.Zone, t presence.Track, at home.Time) {
	what := home.EventZoneLeft
	if t.Inside {
		what = home.EventZoneEntered
	}
	account := mv.member.Account
	seq := mv.draft.event(mv.place, home.Event{Type: what, Subject: string(account), At: at, Cause: t.Cause, Verb: home.ReadLocation},
		home.ZoneCrossing{Account: account, Zone: z.ID, Name: z.Name})
	if z.Home {
		mv.entered, mv.left = mv.entered || t.Inside, mv.left || !t.Inside
		mv.cause = t.Cause.And(home.Link{Kind: "event", Seq: seq, Name: what})
	}
	mv.watch.Zones[z.ID] = t.Told()
}

// arriveOrLeave sets presence after crossings of the home's edge. Who is shown
// by a source, or is in another zone of the home, has not left.
func (mv *moving) arriveOrLeave() {
	inside, atHome := mv.place.atHomeZone(mv.watch), mv.member.Presence.AtHome
	switch {
	case mv.entered && inside && !atHome:
		mv.turn(true, mv.cause)
	case mv.left && !inside && atHome && !mv.place.shown(&mv.member, mv.watch).Seen(mv.draft.now):
		mv.turn(false, mv.cause)
	}
}

func (mv *moving) turn(atHome bool, cause home.Cause) {
	mv.place.turn(mv.draft, &mv.member, atHome, cause)
	mv.counts = true
}

// save drafts the member's record.
func (mv *moving) save() {
	if mv.counts {
		mv.member.Version++
	}
	mv.place.saveWatched(mv.draft, &mv.member, mv.watch)
}

// zoneNamed returns the zone of that id or name, or nil. The committer calls it.
func (p *place) zoneNamed(word string) *home.Zone {
	if z := p.zones[home.ID(word)]; z != nil {
		return z
	}
	for _, z := range p.zones {
		if sameName(z.Name, word) {
			return z
		}
	}
	return nil
}
