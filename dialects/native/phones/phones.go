// Package phones is the part of the native API that pairs phones: one-time links
// with which a phone gets a key of its own.
package phones

import (
	"net/http"

	"latchkey/dialects/native/rest"
	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/qr"
	"latchkey/internal/wire"
)

type pairing struct {
	ID        home.ID   `json:"id"`
	Name      string    `json:"name"`
	Account   home.ID   `json:"account" doc:"whose phone it is"`
	By        home.ID   `json:"by" doc:"who made the link"`
	CreatedAt home.Time `json:"created_at"`
	Expires   home.Time `json:"expires_at" doc:"of the link; the phone's key goes on"`
	OpenedAt  home.Time `json:"opened_at" doc:"when a phone took it; null = not yet"`
	Key       home.ID   `json:"key,omitempty" doc:"the phone's key, once it has one"`
	Device    home.ID   `json:"device,omitempty"`
	Feature   string    `json:"feature,omitempty" doc:"external id of the phone's presence: 1 at home, 0 away"`
}

func shown(g home.Pairing) pairing {
	return pairing{ID: g.ID, Name: g.Name, Account: g.Account, By: g.By, CreatedAt: g.CreatedAt, Expires: g.Expires, OpenedAt: g.OpenedAt,
		Key: g.Key, Device: g.Device, Feature: g.Feature}
}

type pairingList struct {
	Pairings []pairing `json:"pairings"`
}

type newPairing struct {
	Name    string  `json:"name" doc:"of the phone, 1 to 100 characters" example:"Ann's phone"`
	Account home.ID `json:"account,omitempty" doc:"whose phone it is; yours when left out"`
	QR      bool    `json:"qr,omitempty" doc:"whether to draw the link as a QR code too"`
}

type madePairing struct {
	Pairing pairing   `json:"pairing"`
	URL     string    `json:"url" doc:"what the phone opens, under the address that this request went to; works once, and is shown once"`
	Expires home.Time `json:"expires_at"`
	QR      string    `json:"qr,omitempty" doc:"the link as a QR code, SVG"`
}

type onePairing struct {
	Pairing home.ID `path:"id"`
}

// api is what the operations share.
type api struct{ hub *hub.Hub }

// Operations lists the operations over h, in the order of the documentation.
func Operations(h *hub.Hub) []rest.Operation {
	a := &api{hub: h}
	return []rest.Operation{
		rest.Op(rest.Spec{Method: http.MethodGet, Path: "/pairings", Name: "list_pairings", Tag: "keys", Right: home.ReadKey, Class: wire.Read,
			Title: home.Label{EN: "List open links for phones, and paired phones", FR: "Lister les liens ouverts pour t\u00e9l\u00e9phones, et les t\u00e9l\u00e9phones reli\u00e9s"},
			Doc:   "Your own and those that you made; an owner sees all of the house."}, a.list),
		rest.Op(rest.Spec{Method: http.MethodPost, Path: "/pairings", Name: "create_pairing", Tag: "keys", Right: home.WriteKey, Kinds: []home.KeyKind{home.SessionKey},
			Status: http.StatusCreated, Acts: true, Secret: true, Title: home.Label{EN: "Make a link that connects one phone", FR: "Cr\u00e9er un lien qui relie un t\u00e9l\u00e9phone"},
			Doc: "Within 15 minutes, and while your session lasts, the phone opens it and gets a key of its own: for its presence and its position, and nothing else. " +
				"Everybody for their own phone, an adult for a child's, an owner for any member's."}, a.create),
		rest.Op(rest.Spec{Method: http.MethodDelete, Path: "/pairings/{id}", Name: "delete_pairing", Tag: "keys", Right: home.WriteKey, Sample: "/pairings/p1",
			Title: home.Label{EN: "End a link, or revoke the key of the phone that took it", FR: "Mettre fin \u00e0 un lien, ou r\u00e9voquer la cl\u00e9 du t\u00e9l\u00e9phone qui l'a pris"},
			Doc:   "The phone's device stays, with its history."},
			func(c *rest.Call, in *onePairing) (rest.None, error) {
				return rest.None{}, a.hub.DeletePairing(c, c.ID, in.Pairing)
			}),
	}
}

func (a *api) list(c *rest.Call, _ *struct{}) (pairingList, error) {
	all, err := a.hub.Pairings(c, c.ID)
	out := pairingList{Pairings: make([]pairing, 0, len(all))}
	for _, g := range all {
		out.Pairings = append(out.Pairings, shown(g))
	}
	return out, err
}

func (a *api) create(c *rest.Call, in *struct{ Body newPairing }) (madePairing, error) {
	base := wire.Origin(c.Request)
	if base == "" {
		return madePairing{}, home.Errorf(home.Invalid, "the link begins with the address that this request went to: a Host header is needed").Because("host_missing")
	}
	g, code, err := a.hub.CreatePairing(c, c.ID, hub.NewPairing{Name: in.Body.Name, Account: in.Body.Account})
	if err != nil {
		return madePairing{}, err
	}
	out := madePairing{Pairing: shown(g), URL: base + "/pair/" + code, Expires: g.Expires}
	if in.Body.QR {
		if out.QR, err = qr.SVG(out.URL); err != nil {
			return madePairing{}, err
		}
	}
	c.Made("/pairings/" + string(g.ID))
	return out, nil
}
