package hub

import (
	"context"
	"slices"
	"strings"

	"latchkey/home"
	"latchkey/internal/presence"
)

// keepTransition tells that a phone says to have entered or left a region. A
// zone of the region's name or id is taken to be that region.
func (h *Hub) keepTransition(ctx context.Context, id *home.Identity, p *place, f *Fix) error {
	now := h.Now()
	if f.Position.At == 0 || f.Position.At > now.Add(h.limits.FutureTime) {
		f.Position.At = now
	}
	return h.write(ctx, func(d *draft) error {
		e := locationEvent(id, f)
		seq := d.event(p, e, f.Raw)
		m := p.members[id.Account]
		if m == nil || d.now.Sub(f.Position.At) > h.limits.TriggerAge {
			return nil
		}
		mv, found := p.moving(d, m), false
		for _, r := range f.Regions {
			z := p.zoneNamed(r.Name)
			if z == nil {
				continue
			}
			found = true
			side := presence.Outside
			if r.Entered {
				side = presence.Inside
			}
			mv.see(z, presence.Evidence{Side: side, At: f.Position.At, Now: d.now, Cause: e.Cause.And(home.Link{Kind: "event", Seq: seq, Name: e.Type})})
		}
		if found {
			mv.arriveOrLeave()
			mv.save()
		}
		return nil
	})
}

// keepWaypoints tells of regions that a phone watches, and makes zones of them
// when the account may write the house. What is the home is not changed that
// way unless the key itself may: it decides who is in.
func (h *Hub) keepWaypoints(ctx context.Context, id *home.Identity, p *place, f *Fix) error {
	return h.write(ctx, func(d *draft) error {
		d.event(p, locationEvent(id, f), f.Raw)
		if id.Account == "" || !slices.Contains(home.RoleRights(id.Role), home.WriteHouse) {
			return nil
		}
		room := MaxZones - len(p.zones)
		done := map[string]bool{}
		for _, r := range f.Regions {
			z, fresh := p.zoneFrom(id, r)
			if z == nil || fresh && room == 0 || judgeZone(z) != nil {
				continue
			}
			name := strings.ToLower(strings.TrimSpace(z.Name))
			if done[name] {
				continue
			}
			done[name] = true
			what := "zone.updated"
			if fresh {
				what = "zone.created"
				room--
			}
			if err := p.saveZone(d, id, *z, what); err != nil {
				return err
			}
		}
		return nil
	})
}

// zoneFrom returns the zone that a region makes, and whether it is a new one;
// nil when there is nothing to change.
func (p *place) zoneFrom(id *home.Identity, r Region) (z *home.Zone, fresh bool) {
	if r.Circle == nil {
		return nil, false
	}
	old := p.zoneNamed(r.Name)
	if old == nil {
		return &home.Zone{ID: home.NewID(), House: p.id, Version: 1, Name: r.Name, Area: home.Area{Circle: r.Circle}, Leave: home.LeaveSeconds}, true
	}
	if old.Home && !id.May(home.WriteHouse, nil, nil) || old.Area.Circle == nil || *old.Area.Circle == *r.Circle {
		return nil, false
	}
	out := *old
	out.Area = home.Area{Circle: r.Circle}
	out.Version++
	return &out, false
}

// keepLoss tells that a phone's connection has broken off.
func (h *Hub) keepLoss(ctx context.Context, id *home.Identity, p *place, f *Fix) error {
	return h.do(ctx, &change{shared: true, decide: func(d *draft) error {
		e := locationEvent(id, f)
		seq := d.event(p, e, f.Raw)
		e.Type, e.Subject, e.Cause = home.EventPhoneGone, phoneID(id, f), e.Cause.And(home.Link{Kind: "event", Seq: seq, Name: e.Type})
		d.event(p, e, map[string]home.ID{"account": id.Account})
		return nil
	}})
}
