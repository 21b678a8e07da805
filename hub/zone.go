package hub

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"latchkey/home"
	"latchkey/internal/geo"
)

// MaxZones is how many zones one house has at most.
const MaxZones = 200

// zoneColor is a color as web pages write it.
var zoneColor = regexp.MustCompile(`^#[0-9a-f]{6}$`)

// NewZone is what a zone is made from. Enter and Leave are in seconds; nil
// takes the default: 0 and home.LeaveSeconds.
type NewZone struct {
	Name         string
	Area         home.Area
	Home         bool
	Enter, Leave *int
	Color        string // #rrggbb, or ""
}

// ZoneChange is what changes in a zone; nil leaves as it is. Version 0 does not
// check the version.
type ZoneChange struct {
	Name         *string
	Area         *home.Area
	Home         *bool
	Enter, Leave *int
	Color        *string
	Version      int64
}

// Zones lists the zones of id's house, by name. It needs house:read.
func (h *Hub) Zones(_ context.Context, id *home.Identity) ([]home.Zone, error) {
	p, err := h.placeOf(id, home.ReadHouse)
	if err != nil {
		return nil, err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	out := make([]home.Zone, 0, len(p.zones))
	for _, z := range p.byName() {
		out = append(out, *z)
	}
	return out, nil
}

// CreateZone makes a zone. It needs house:write. Errors: Unprocessable,
// Conflict (name_taken, too_many_zones).
func (h *Hub) CreateZone(ctx context.Context, id *home.Identity, n NewZone) (home.Zone, error) {
	p, err := h.placeOf(id, home.WriteHouse)
	if err != nil {
		return home.Zone{}, err
	}
	z := home.Zone{ID: home.NewID(), House: p.id, Version: 1, Name: n.Name, Area: n.Area, Home: n.Home, Leave: home.LeaveSeconds, Color: n.Color}
	set(&z.Enter, n.Enter)
	set(&z.Leave, n.Leave)
	err = h.write(ctx, func(d *draft) error { return p.saveZone(d, id, z, "zone.created") })
	return z, err
}

// UpdateZone changes a zone. Who is in it is judged anew from the next
// positions on. It needs house:write. Errors: NotFound (zone_unknown), Stale,
// and those of CreateZone.
func (h *Hub) UpdateZone(ctx context.Context, id *home.Identity, zone home.ID, c ZoneChange) (home.Zone, error) {
	p, err := h.placeOf(id, home.WriteHouse)
	if err != nil {
		return home.Zone{}, err
	}
	var out home.Zone
	err = h.write(ctx, func(d *draft) error {
		old := p.zones[zone]
		if old == nil {
			return zoneUnknown()
		}
		out = *old
		if err := checkVersion(out.Version, c.Version); err != nil {
			return err
		}
		set(&out.Name, c.Name)
		set(&out.Area, c.Area)
		set(&out.Home, c.Home)
		set(&out.Enter, c.Enter)
		set(&out.Leave, c.Leave)
		set(&out.Color, c.Color)
		out.Version++
		return p.saveZone(d, id, out, "zone.updated")
	})
	return out, err
}

// DeleteZone deletes a zone. Nobody's presence changes by that. It needs
// house:write. Errors: NotFound (zone_unknown).
func (h *Hub) DeleteZone(ctx context.Context, id *home.Identity, zone home.ID) error {
	p, err := h.placeOf(id, home.WriteHouse)
	if err != nil {
		return err
	}
	return h.write(ctx, func(d *draft) error {
		z := p.zones[zone]
		if z == nil {
			return zoneUnknown()
		}
		d.remove(home.KindZone, zone, func() {
			p.mu.Lock()
			delete(p.zones, zone)
			p.mu.Unlock()
		})
		d.event(p, home.Event{Type: "zone.deleted", Subject: string(zone), Cause: causeOf(id), Verb: home.ReadHouse}, nil)
		d.audit(id, home.Audit{House: p.id, Action: "zone.deleted", Target: "zone:" + string(zone), Detail: z.Name})
		return nil
	})
}

// saveZone judges a zone and drafts it.
func (p *place) saveZone(d *draft, id *home.Identity, z home.Zone, what string) error {
	if err := judgeZone(&z); err != nil {
		return err
	}
	if p.zones[z.ID] == nil && len(p.zones) >= MaxZones {
		return home.Errorf(home.Conflict, "a house has at most %d zones", MaxZones).Because("too_many_zones")
	}
	for _, o := range p.zones {
		if o.ID != z.ID && sameName(o.Name, z.Name) {
			return home.Errorf(home.Conflict, "this house already has a zone named %s", o.Name).Because("name_taken")
		}
	}
	d.put(home.Record{Kind: home.KindZone, ID: z.ID, House: p.id, Version: z.Version}, z, func() {
		p.mu.Lock()
		p.zones[z.ID] = &z
		p.mu.Unlock()
	})
	d.event(p, home.Event{Type: what, Subject: string(z.ID), Cause: causeOf(id), Verb: home.ReadHouse}, z)
	d.audit(id, home.Audit{House: p.id, Action: what, Target: "zone:" + string(z.ID), Detail: z.Name})
	return nil
}

func judgeZone(z *home.Zone) error {
	e := home.Errorf(home.Unprocessable, "the zone is not acceptable").Because("zone_refused")
	checkName(e, "name", z.Name)
	switch {
	case (z.Area.Circle == nil) == (z.Area.Polygon == nil):
		e.At("area", "an area is a circle or a polygon, one of them")
	case z.Area.Circle != nil:
		c := z.Area.Circle
		checkCoordinate(e, "area.circle.", home.Coordinate{Latitude: c.Latitude, Longitude: c.Longitude})
		if !(c.Radius >= 10 && c.Radius <= 100000) {
			e.At("area.circle.radius", "a radius is 10 to 100000 metres")
		}
	default:
		judgePolygon(e, z.Area.Polygon)
	}
	for _, v := range []struct {
		name    string
		seconds int
	}{{"enter_seconds", z.Enter}, {"leave_seconds", z.Leave}} {
		if v.seconds < 0 || v.seconds > 3600 {
			e.At(v.name, "%s is 0 to 3600", v.name)
		}
	}
	if z.Color != "" && !zoneColor.MatchString(z.Color) {
		e.At("color", "a color is written like #2f7d32")
	}
	return e.OrNil()
}

func judgePolygon(e *home.Error, corners []home.Coordinate) {
	if len(corners) < 3 || len(corners) > 100 {
		e.At("area.polygon", "a polygon has 3 to 100 corners, this one has %d", len(corners))
		return
	}
	for i, c := range corners {
		checkCoordinate(e, fmt.Sprintf("area.polygon[%d].", i), c)
	}
	if len(e.Fields) > 0 {
		return
	}
	if square, across := geo.Extent(corners); across > geo.Widest {
		e.At("area.polygon", "a polygon's corners are at most 100 km from its first one")
	} else if square < 100 {
		e.At("area.polygon", "a polygon encloses at least 100 square metres; list its corners in order")
	}
}

func checkCoordinate(e *home.Error, path string, c home.Coordinate) {
	if !(c.Latitude >= -90 && c.Latitude <= 90) {
		e.At(path+"latitude", "a latitude is -90 to 90 degrees")
	}
	if !(c.Longitude >= -180 && c.Longitude <= 180) {
		e.At(path+"longitude", "a longitude is -180 to 180 degrees")
	}
}

// sameName reports whether two names are one for people.
func sameName(a, b string) bool {
	return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b))
}

func zoneUnknown() error {
	return home.Errorf(home.NotFound, "there is no such zone").Because("zone_unknown")
}
