package hub

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"latchkey/home"
	"latchkey/internal/presence"
)

// watch is what the house remembers of a member's coming and going. It is kept
// in the member's record, so that a restart forgets nothing, and is never
// changed in place.
type watch struct {
	Zones map[home.ID]presence.Track   `json:"zones,omitempty"`
	Seen  map[string]presence.Sighting `json:"seen,omitempty"` // by the source's feature
}

// memberRecord is a member as it is stored.
type memberRecord struct {
	home.Member
	Watch *watch `json:"watch,omitempty"`
}

// copy returns a watch to change; w may be nil.
func (w *watch) copy() *watch {
	out := &watch{Zones: map[home.ID]presence.Track{}, Seen: map[string]presence.Sighting{}}
	if w != nil {
		maps.Copy(out.Zones, w.Zones)
		maps.Copy(out.Seen, w.Seen)
	}
	return out
}

// saveWatched drafts a member with what is remembered of it; w may be nil.
func (p *place) saveWatched(d *draft, m *home.Member, w *watch) {
	doc := memberRecord{Member: *m, Watch: w}
	d.put(home.Record{Kind: home.KindMember, ID: m.ID, House: p.id, Parent: m.Account, Version: m.Version}, doc, func() {
		p.mu.Lock()
		p.members[m.Account] = m
		if w != nil {
			p.watches[m.Account] = w
		}
		p.mu.Unlock()
	})
}

// zonesOf lists the zones that a member is in, by name; never nil. The caller
// holds p.mu.
func (p *place) zonesOf(account home.ID) []home.InZone {
	out := []home.InZone{}
	if w := p.watches[account]; w != nil {
		for id, t := range w.Zones {
			if z := p.zones[id]; z != nil && t.Inside {
				out = append(out, home.InZone{Zone: id, Name: z.Name, Since: t.Since})
			}
		}
	}
	slices.SortFunc(out, func(a, b home.InZone) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// atHomeZone reports whether w is inside a zone that is the home.
func (p *place) atHomeZone(w *watch) bool {
	if w == nil {
		return false
	}
	for id, t := range w.Zones {
		if z := p.zones[id]; t.Inside && z != nil && z.Home {
			return true
		}
	}
	return false
}

// shown is a member as its sources show it; w may be nil.
func (p *place) shown(m *home.Member, w *watch) *presence.Member {
	return &presence.Member{Since: m.Presence.Since, Sources: m.Sources,
		Sighting: func(feature string) presence.Sighting {
			if w == nil {
				return presence.Sighting{}
			}
			return w.Seen[feature]
		},
		Current: func(feature string) *home.State {
			if l := p.features[feature]; l != nil {
				return l.current.Load()
			}
			return nil
		}}
}

// SettlePresence makes what has waited for its time: crossings of zones, members
// whom no source has shown for long enough, memberships that have ended. The
// program calls it every few seconds: what could not be written now, as when the
// disk is full, is written then.
func (h *Hub) SettlePresence(ctx context.Context) error {
	type due struct {
		place   *place
		account home.ID
	}
	var all []due
	now := h.Now()
	if now < clockEpoch {
		return nil // a clock that cannot be believed sends nobody away
	}
	h.registry.mu.RLock()
	for _, p := range h.registry.houses {
		p.mu.RLock()
		for account, m := range p.members {
			if p.isDue(m, now) {
				all = append(all, due{p, account})
			}
		}
		p.mu.RUnlock()
	}
	h.registry.mu.RUnlock()
	for _, one := range all {
		err := h.write(ctx, func(d *draft) error {
			if p := one.place; h.registry.houses[p.id] == p {
				p.settle(d, one.account)
			}
			return nil
		})
		if err != nil && home.CodeOf(err) != home.Unavailable {
			return err
		}
	}
	return nil
}

// isDue reports whether there is something to settle for m. The caller holds
// p.mu or is the committer.
func (p *place) isDue(m *home.Member, now home.Time) bool {
	w := p.watches[m.Account]
	if w != nil {
		for id, t := range w.Zones {
			if z := p.zones[id]; z != nil && t.Due(z, now) {
				return true
			}
		}
	}
	if !m.Presence.AtHome {
		return false
	}
	if ended(m, now) {
		return true
	}
	gone, _ := p.shown(m, w).Gone(now)
	return gone && !p.atHomeZone(w)
}

// settle drafts what is due for a member. The committer calls it.
func (p *place) settle(d *draft, account home.ID) {
	m := p.members[account]
	if m == nil || !p.isDue(m, d.now) {
		return
	}
	mv := p.moving(d, m)
	for _, z := range p.byName() {
		t, crossed := mv.watch.Zones[z.ID].Settle(z, d.now)
		if crossed {
			mv.cross(z, t, d.now)
		}
	}
	mv.arriveOrLeave()
	if now := &mv.member; now.Presence.AtHome {
		gone, cause := p.shown(now, mv.watch).Gone(d.now)
		if cause == nil {
			cause = now.Presence.Cause
		}
		if gone && !p.atHomeZone(mv.watch) || ended(now, d.now) {
			mv.turn(false, cause)
		}
	}
	mv.save()
}

func ended(m *home.Member, now home.Time) bool { return m.Expires != 0 && m.Expires <= now }
