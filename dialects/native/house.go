package native

import (
	"net/http"

	"latchkey/dialects/native/rest"
	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/wire"
)

type house struct{ home.House }

// Tag implements rest.Tagged.
func (h house) Tag() string { return version(h.Version) }

type houseList struct {
	Houses []house `json:"houses"`
}

type houseChange struct {
	Name      *string  `json:"name,omitempty"`
	TimeZone  *string  `json:"time_zone,omitempty"`
	Latitude  *float64 `json:"latitude,omitempty"`
	Longitude *float64 `json:"longitude,omitempty"`
	Language  *string  `json:"language,omitempty" enum:"en,fr"`
}

type oneHouse struct {
	House home.ID `path:"id"`
}

func housesOf(all []home.House) []house {
	out := make([]house, 0, len(all))
	for _, v := range all {
		out = append(out, house{v})
	}
	return out
}

func (a *api) houses() []rest.Operation {
	one := func(s rest.Spec) rest.Spec {
		s.Path, s.HouseIn, s.Sample, s.Tag = "/houses/{id}", "id", "/houses/h1", "houses"
		return s
	}
	return []rest.Operation{
		rest.Op(rest.Spec{Method: http.MethodGet, Path: "/houses", Name: "list_houses", Tag: "houses", Right: home.Signed, Class: wire.Read,
			Title: home.Label{EN: "List your houses", FR: "Lister vos maisons"},
			Doc:   "A key for one house is shown that house alone, and its coordinates only with house:read."},
			func(c *rest.Call, _ *struct{}) (houseList, error) {
				all, err := a.hub.Houses(c, c.ID)
				return houseList{housesOf(all)}, err
			}),
		rest.Op(rest.Spec{Method: http.MethodPost, Path: "/houses", Name: "create_house", Tag: "houses", Right: home.Signed, Status: http.StatusCreated, Acts: true,
			Title: home.Label{EN: "Make a house of your own", FR: "Créer une maison à soi"},
			Doc:   "By a session, or a personal token with house:write."},
			func(c *rest.Call, in *struct {
				Body newHouse `example:"{\"name\":\"Home\",\"time_zone\":\"Europe/Paris\"}"`
			}) (house, error) {
				v, err := a.hub.CreateHouse(c, c.ID, in.Body.hub())
				if err == nil {
					c.Made("/houses/" + string(v.ID))
				}
				return house{v}, err
			}),
		rest.Op(one(rest.Spec{Method: http.MethodGet, Name: "get_house", Right: home.ReadHouse, Class: wire.Read,
			Title: home.Label{EN: "Show a house", FR: "Montrer une maison"}}),
			func(c *rest.Call, _ *oneHouse) (house, error) {
				v, err := a.hub.House(c, c.ID)
				return house{v}, err
			}),
		rest.Op(one(rest.Spec{Method: http.MethodPatch, Name: "update_house", Right: home.WriteHouse, Versioned: true,
			Title: home.Label{EN: "Change a house", FR: "Modifier une maison"}}), a.updateHouse),
		rest.Op(one(rest.Spec{Method: http.MethodDelete, Name: "delete_house", Right: home.WriteHouse, Versioned: true, Kinds: []home.KeyKind{home.SessionKey},
			Title: home.Label{EN: "Delete a house with everything in it", FR: "Supprimer une maison avec tout ce qu'elle contient"},
			Doc:   "Devices, history, scenes, keys and memberships go with it. Only an owner may, signed in."}),
			func(c *rest.Call, _ *oneHouse) (rest.None, error) {
				return rest.None{}, a.hub.DeleteHouse(c, c.ID, c.Version)
			}),
	}
}

func (a *api) updateHouse(c *rest.Call, in *struct {
	oneHouse
	Body houseChange
}) (house, error) {
	b := in.Body
	v, err := a.hub.UpdateHouse(c, c.ID, hub.HouseChange{Name: b.Name, TimeZone: b.TimeZone, Language: b.Language,
		Latitude: b.Latitude, Longitude: b.Longitude, Version: c.Version})
	return house{v}, err
}
