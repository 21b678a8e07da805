package native

import (
	"net/http"

	"latchkey/dialects/native/rest"
	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/wire"
)

type newHouse struct {
	Name      string   `json:"name,omitempty" doc:"1 to 100 characters; Home when left out"`
	TimeZone  string   `json:"time_zone,omitempty" doc:"IANA name; UTC when left out" example:"Europe/Paris"`
	Latitude  *float64 `json:"latitude,omitempty" doc:"degrees, -90 to 90; goes with longitude"`
	Longitude *float64 `json:"longitude,omitempty" doc:"degrees, -180 to 180"`
	Language  string   `json:"language,omitempty" enum:"en,fr"`
}

func (n newHouse) hub() hub.NewHouse {
	return hub.NewHouse{Name: n.Name, TimeZone: n.TimeZone, Latitude: n.Latitude, Longitude: n.Longitude, Language: n.Language}
}

type setupBody struct {
	Username string    `json:"username"`
	Password string    `json:"password" doc:"8 to 256 characters"`
	Email    string    `json:"email,omitempty"`
	Name     string    `json:"name,omitempty"`
	House    *newHouse `json:"house,omitempty"`
	Code     string    `json:"code,omitempty" doc:"the one-time code that the program printed; not needed on the machine itself"`
}

type setupDone struct {
	Account account `json:"account"`
	House   house   `json:"house"`
	Token   string  `json:"token" doc:"a session token, shown once"`
}

type setupState struct {
	Needed bool `json:"needed"`
}

func (a *api) setups() []rest.Operation {
	return []rest.Operation{
		rest.Op(rest.Spec{Method: http.MethodGet, Path: "/setup", Name: "get_setup", Tag: "session", Right: home.Anyone, Class: wire.Read,
			Title: home.Label{EN: "Is the first set-up still to be done?", FR: "La première installation reste-t-elle à faire ?"}},
			func(*rest.Call, *struct{}) (setupState, error) { return setupState{a.hub.NeedsSetup()}, nil }),
		rest.Op(rest.Spec{Method: http.MethodPost, Path: "/setup", Name: "set_up", Tag: "session", Right: home.Anyone, Status: http.StatusCreated, Secret: true,
			Title: home.Label{EN: "Make the first account and its house", FR: "Créer le premier compte et sa maison"},
			Doc:   "Works once, from the machine itself or with the one-time code that the program prints at start."}, a.setUp),
	}
}

func (a *api) setUp(c *rest.Call, in *struct{ Body setupBody }) (setupDone, error) {
	b := in.Body
	req := hub.SetupRequest{Username: b.Username, Password: b.Password, Email: b.Email, Name: b.Name, Code: b.Code,
		Loopback: wire.FromLoopback(c.Request), Remote: c.Remote()}
	if b.House != nil {
		h := b.House.hub()
		req.House = &h
	}
	done, err := a.hub.Setup(c, req)
	if err != nil {
		return setupDone{}, err
	}
	return setupDone{Account: shownAccount(done.Account), House: house{done.House}, Token: done.Token}, nil
}
