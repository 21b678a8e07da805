package native

import (
	"net/http"

	"latchkey/dialects/native/rest"
	"latchkey/home"
	"latchkey/internal/wire"
)

type whereabouts struct {
	Account home.ID   `json:"account"`
	AtHome  bool      `json:"at_home"`
	Since   home.Time `json:"since" doc:"null = never told"`
}

type presenceList struct {
	Presence []whereabouts `json:"presence"`
	Occupied bool          `json:"occupied" doc:"somebody who counts is at home"`
}

type presenceBody struct {
	AtHome bool `json:"at_home"`
}

type presenceDone struct {
	Account home.ID `json:"account"`
	AtHome  bool    `json:"at_home"`
	Changed bool    `json:"changed" doc:"false when it was so already: nothing is told then"`
}

func (a *api) presences() []rest.Operation {
	return []rest.Operation{
		rest.Op(rest.Spec{Method: http.MethodGet, Path: "/presence", Name: "list_presence", Tag: "members", Right: home.ReadMember, Class: wire.Read,
			Title: home.Label{EN: "Who is at home?", FR: "Qui est à la maison ?"}}, a.listPresence),
		rest.Op(rest.Spec{Method: http.MethodPut, Path: "/presence/{account}", Name: "set_presence", Tag: "members", Right: home.WritePresence, Class: wire.Ingest,
			Sample: "/presence/a1", Title: home.Label{EN: "Say that somebody is at home, or not", FR: "Dire que quelqu'un est à la maison, ou non"}}, a.setPresence),
	}
}

func (a *api) listPresence(c *rest.Call, _ *struct{}) (presenceList, error) {
	all, err := a.listMembers(c, nil)
	out := presenceList{Presence: make([]whereabouts, 0, len(all.Members))}
	for _, m := range all.Members {
		out.Presence = append(out.Presence, whereabouts{Account: m.Account, AtHome: m.Presence.AtHome, Since: m.Presence.Since})
		out.Occupied = out.Occupied || m.Presence.AtHome && !m.Uncounted
	}
	return out, err
}

func (a *api) setPresence(c *rest.Call, in *struct {
	oneMember
	Body presenceBody
}) (presenceDone, error) {
	changed, err := a.hub.SetPresence(c, c.ID, in.Account, in.Body.AtHome)
	return presenceDone{Account: in.Account, AtHome: in.Body.AtHome, Changed: changed}, err
}
