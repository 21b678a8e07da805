// Package places is the part of the native API that says where people are:
// zones, positions, and what shows that a member is at home.
package places

import (
	"net/http"
	"strconv"

	"latchkey/dialects/native/rest"
	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/wire"
)

// api is what the operations share.
type api struct{ hub *hub.Hub }

// Operations lists the operations over h.
func Operations(h *hub.Hub) []rest.Operation {
	a := &api{hub: h}
	return append(a.zones(), a.positions()...)
}

type zone struct{ home.Zone }

// Tag implements rest.Tagged.
func (z zone) Tag() string { return strconv.FormatInt(z.Version, 10) }

type zoneList struct {
	Zones []zone `json:"zones"`
}

type newZone struct {
	Name  string    `json:"name" doc:"1 to 100 characters, unique in its house"`
	Area  home.Area `json:"area" doc:"a circle of 10 to 100000 metres, or a polygon of 3 to 100 corners"`
	Home  bool      `json:"home,omitempty" doc:"who is in it is at home"`
	Enter *int      `json:"enter_seconds,omitempty" doc:"how long a member is inside before it counts: 0 to 3600, 0 when left out"`
	Leave *int      `json:"leave_seconds,omitempty" doc:"and outside: 30 when left out"`
	Color string    `json:"color,omitempty" example:"#2f7d32"`
}

type zoneChange struct {
	Name  *string    `json:"name,omitempty"`
	Area  *home.Area `json:"area,omitempty"`
	Home  *bool      `json:"home,omitempty"`
	Enter *int       `json:"enter_seconds,omitempty"`
	Leave *int       `json:"leave_seconds,omitempty"`
	Color *string    `json:"color,omitempty"`
}

type oneZone struct {
	Zone home.ID `path:"id"`
}

const zoneDoc = "A position enters a zone when the whole circle of its accuracy is inside, and leaves it when all of it is 20 m beyond the edge and stays so for " +
	"leave_seconds. A circle that straddles the edge, or is worse than 500 m, changes nothing; nor does a position that is late or older than five minutes. " +
	"Told as zone.entered and zone.left to whoever may read locations. Entering and leaving a zone that is the home sets presence."

func (a *api) zones() []rest.Operation {
	const path, sample = "/zones/{id}", "/zones/z1"
	return []rest.Operation{
		rest.Op(rest.Spec{Method: http.MethodGet, Path: "/zones", Name: "list_zones", Tag: "places", Right: home.ReadHouse, Class: wire.Read,
			Title: home.Label{EN: "List the zones", FR: "Lister les zones"}}, a.listZones),
		rest.Op(rest.Spec{Method: http.MethodPost, Path: "/zones", Name: "create_zone", Tag: "places", Right: home.WriteHouse, Status: http.StatusCreated, Acts: true,
			Title: home.Label{EN: "Make a zone", FR: "Cr\u00e9er une zone"}, Doc: zoneDoc}, a.createZone),
		rest.Op(rest.Spec{Method: http.MethodGet, Path: path, Name: "get_zone", Tag: "places", Right: home.ReadHouse, Class: wire.Read, Sample: sample,
			Title: home.Label{EN: "Show a zone", FR: "Montrer une zone"}}, a.getZone),
		rest.Op(rest.Spec{Method: http.MethodPatch, Path: path, Name: "update_zone", Tag: "places", Right: home.WriteHouse, Versioned: true, Sample: sample,
			Title: home.Label{EN: "Change a zone", FR: "Modifier une zone"}, Doc: "Who is in it is judged anew from the next positions on."}, a.updateZone),
		rest.Op(rest.Spec{Method: http.MethodDelete, Path: path, Name: "delete_zone", Tag: "places", Right: home.WriteHouse, Sample: sample,
			Title: home.Label{EN: "Delete a zone; nobody's presence changes", FR: "Supprimer une zone ; aucune pr\u00e9sence ne change"}},
			func(c *rest.Call, in *oneZone) (rest.None, error) {
				return rest.None{}, a.hub.DeleteZone(c, c.ID, in.Zone)
			}),
	}
}

func (a *api) listZones(c *rest.Call, _ *struct{}) (zoneList, error) {
	all, err := a.hub.Zones(c, c.ID)
	out := zoneList{Zones: make([]zone, 0, len(all))}
	for _, z := range all {
		out.Zones = append(out.Zones, zone{z})
	}
	return out, err
}

func (a *api) createZone(c *rest.Call, in *struct{ Body newZone }) (zone, error) {
	b := in.Body
	z, err := a.hub.CreateZone(c, c.ID, hub.NewZone{Name: b.Name, Area: b.Area, Home: b.Home, Enter: b.Enter, Leave: b.Leave, Color: b.Color})
	if err == nil {
		c.Made("/zones/" + string(z.ID))
	}
	return zone{z}, err
}

func (a *api) getZone(c *rest.Call, in *oneZone) (zone, error) {
	all, err := a.hub.Zones(c, c.ID)
	if err != nil {
		return zone{}, err
	}
	for _, z := range all {
		if z.ID == in.Zone {
			return zone{z}, nil
		}
	}
	return zone{}, home.Errorf(home.NotFound, "there is no such zone").Because("zone_unknown")
}

func (a *api) updateZone(c *rest.Call, in *struct {
	oneZone
	Body zoneChange
}) (zone, error) {
	b := in.Body
	z, err := a.hub.UpdateZone(c, c.ID, in.Zone, hub.ZoneChange{Name: b.Name, Area: b.Area, Home: b.Home, Enter: b.Enter, Leave: b.Leave, Color: b.Color, Version: c.Version})
	return zone{z}, err
}
