package hub

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"latchkey/home"
)

// Fix is what a phone says of where it is.
type Fix struct {
	Position home.Position
	User     string // the phone's own word for its owner; shown, never trusted
	Phone    string // the phone's name, "" = phone
	Kind     string // location, transition, waypoint, waypoints, lwt, status
	Raw      json.RawMessage
	Regions  []Region // of a transition one, of waypoints any number
}

// Region is a place that a phone watches by itself.
type Region struct {
	Name    string
	Entered bool         // of a transition: came, or else left
	Circle  *home.Circle // of a waypoint; nil = it has no size, such as a beacon
}

// MemberPosition is where a member last was.
type MemberPosition struct {
	Account  home.Account
	Position home.Position
	Zones    []home.InZone // that the member is in, by name
}

// phoneFeature is one feature of a phone's device.
type phoneFeature struct{ name, title, category, kind, unit string }

// phoneFeatures are the features of a phone's device, in the order of
// phoneReports.
func phoneFeatures() [6]phoneFeature {
	return [6]phoneFeature{
		{"latitude", "Latitude", positionCategory, "decimal", "degree"},
		{"longitude", "Longitude", positionCategory, "decimal", "degree"},
		{"accuracy", "Accuracy", positionCategory, "decimal", "m"},
		{"altitude", "Altitude", positionCategory, "decimal", "m"},
		{"velocity", "Velocity", positionCategory, "decimal", "km/h"},
		{"battery", "Battery", "battery", "integer", "percent"},
	}
}

// Locate takes in what a phone says of where it is: the position goes into the
// member's record, and with the battery into the history of the phone's
// device, which is made when it is new. It returns where the other members
// are, as far as id may know. It needs location:write.
func (h *Hub) Locate(ctx context.Context, id *home.Identity, f Fix) ([]MemberPosition, error) {
	p, err := h.houseOf(id)
	if err != nil {
		return nil, err
	}
	if !id.MaySome(home.WriteLocation) {
		return nil, forbidden(home.WriteLocation)
	}
	switch f.Kind {
	case "location":
		err = h.keepFix(ctx, id, p, &f)
	case "transition":
		err = h.keepTransition(ctx, id, p, &f)
	case "waypoint", "waypoints":
		err = h.keepWaypoints(ctx, id, p, &f)
	case "lwt":
		err = h.keepLoss(ctx, id, p, &f)
	default:
		_, err = h.tell(ctx, p, locationEvent(id, &f), f.Raw)
	}
	if err != nil {
		return nil, err
	}
	return h.others(id, p), nil
}

func locationEvent(id *home.Identity, f *Fix) home.Event {
	what := "location." + f.Kind
	return home.Event{Type: what, Subject: string(id.Account), At: f.Position.At, Cause: causeOf(id), Verb: home.ReadLocation}
}

func judgePosition(v *home.Position) error {
	e := home.Errorf(home.Unprocessable, "the position is not acceptable").Because("position_refused")
	within := func(path string, v *float64, low, high float64) {
		if v != nil && !(*v >= low && *v <= high) {
			e.At(path, "%s is %v to %v", path, low, high)
		}
	}
	within("lat", &v.Latitude, -90, 90)
	within("lon", &v.Longitude, -180, 180)
	within("acc", v.Accuracy, 0, 1e7)
	within("alt", v.Altitude, -20000, 1e6)
	within("vel", v.Velocity, -1, 1e6)
	within("batt", v.Battery, 0, 100)
	if len(v.Tracker) > 20 || !printable(v.Tracker) {
		e.At("tid", "a tracker id is at most 20 bytes of text")
	}
	return e.OrNil()
}

// keepFix keeps one position: the phone's device when it is new, the member's
// position, the event and the values, all in one commit.
func (h *Hub) keepFix(ctx context.Context, id *home.Identity, p *place, f *Fix) error {
	if err := judgePosition(&f.Position); err != nil {
		return err
	}
	if now := h.Now(); f.Position.At == 0 || f.Position.At > now.Add(h.limits.FutureTime) {
		f.Position.At = now
	}
	device, err := h.phone(ctx, id, p, f)
	if err != nil {
		return err
	}
	f.Position.Phone = device.ExternalID
	in := &intake{place: p, hub: h, cause: causeOf(id)}
	reports := phoneReports(device, &f.Position)
	in.room(len(reports))
	for i := range reports {
		l := p.feature(reports[i].Feature)
		if l == nil {
			return in.unknownNow(reports[i].Feature)
		}
		in.states[i] = arrival{live: l, report: &reports[i]}
	}
	return h.write(ctx, func(d *draft) error {
		p.draftPosition(d, id, f.Position, h.limits.TriggerAge)
		return in.decide(d)
	})
}

// phoneReports are a position's values as reports. A position of long ago, from
// a phone that was offline, is history at its own time.
func phoneReports(d *home.Device, v *home.Position) []home.Report {
	var out []home.Report
	for i, value := range []*float64{&v.Latitude, &v.Longitude, v.Accuracy, v.Altitude, v.Velocity, v.Battery} {
		if value != nil && !math.IsNaN(*value) {
			out = append(out, home.Report{Feature: d.Features[i].ExternalID, Value: home.Num(*value), At: v.At, Explicit: true})
		}
	}
	return out
}

// phone returns the device of id's phone, and makes it when it is new.
func (h *Hub) phone(ctx context.Context, id *home.Identity, p *place, f *Fix) (*home.Device, error) {
	external := phoneID(id, f)
	p.mu.RLock()
	d := p.device(home.ID(external))
	p.mu.RUnlock()
	if d != nil {
		return d, nil
	}
	n := NewDevice{Name: cmp.Or(f.Phone, "Phone"), ExternalID: external, Model: "OwnTracks"}
	for _, pf := range phoneFeatures() {
		n.Features = append(n.Features, NewFeature{ExternalID: external + ":" + pf.name, Name: pf.title, Category: pf.category, Type: pf.kind, Unit: pf.unit, ReadOnly: true})
	}
	err := h.write(ctx, func(draft *draft) error {
		if d = p.device(home.ID(external)); d != nil {
			return nil
		}
		var err error
		if d, err = h.draftDevice(draft, p, n); err != nil {
			return err
		}
		draft.event(p, home.Event{Type: "device.created", Subject: external, Cause: causeOf(id), Verb: home.ReadDevice}, d)
		draft.audit(id, home.Audit{House: p.id, Action: "device.created", Target: "device:" + string(d.ID), Detail: d.Name})
		return nil
	})
	return d, err
}

// phoneID is the external id of id's phone.
func phoneID(id *home.Identity, f *Fix) string {
	return fmt.Sprintf("owntracks:%s:%s", cmp.Or(id.Account, id.Key), slug(cmp.Or(f.Phone, "phone")))
}

// slug is a name as part of an external id.
func slug(name string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, name)
	return clean[:min(len(clean), 60)]
}

// draftPosition drafts a position: the newest stands in the member's record. A
// young one moves the member between zones; one of long ago or out of order
// does not.
func (p *place) draftPosition(d *draft, id *home.Identity, v home.Position, young time.Duration) {
	seq := d.event(p, home.Event{Type: home.EventLocation, Subject: string(id.Account), At: v.At, Cause: causeOf(id), Verb: home.ReadLocation}, v)
	m := p.members[id.Account]
	if m == nil || m.Position != nil && m.Position.At > v.At {
		return
	}
	mv := p.moving(d, m)
	mv.member.Position, mv.counts = &v, true
	if d.now.Sub(v.At) <= young {
		mv.placed(&v, causeOf(id).And(home.Link{Kind: "event", Seq: seq, Name: home.EventLocation}))
		mv.arriveOrLeave()
	}
	mv.save()
}

// Positions lists where the members last were, one's own position included. It
// needs location:read.
func (h *Hub) Positions(_ context.Context, id *home.Identity) ([]MemberPosition, error) {
	p, err := h.placeOf(id, home.ReadLocation)
	if err != nil {
		return nil, err
	}
	return h.positions(p, ""), nil
}

// others lists where the other members are, if id may know.
func (h *Hub) others(id *home.Identity, p *place) []MemberPosition {
	if !id.May(home.ReadLocation, nil, nil) {
		return nil
	}
	return h.positions(p, id.Account)
}

// positions lists where all members but one are, in the order of the accounts.
func (h *Hub) positions(p *place, but home.ID) []MemberPosition {
	h.registry.mu.RLock()
	defer h.registry.mu.RUnlock()
	p.mu.RLock()
	defer p.mu.RUnlock()
	out := []MemberPosition{}
	for account, m := range p.members {
		if a := h.registry.accounts[account]; account != but && m.Position != nil && a != nil {
			out = append(out, MemberPosition{Account: *a, Position: *m.Position, Zones: p.zonesOf(account)})
		}
	}
	slices.SortFunc(out, func(a, b MemberPosition) int { return cmp.Compare(a.Account.UID, b.Account.UID) })
	return out
}
