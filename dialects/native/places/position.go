package places

import (
	"net/http"

	"latchkey/dialects/native/rest"
	"latchkey/home"
	"latchkey/internal/wire"
)

type located struct {
	Account  home.ID       `json:"account"`
	Username string        `json:"username"`
	Name     string        `json:"name,omitempty"`
	Position home.Position `json:"position"`
	Zones    []home.InZone `json:"zones" doc:"that the member is in"`
}

type positionList struct {
	Positions []located `json:"positions"`
}

type sourceList struct {
	Sources []home.PresenceSource `json:"sources"`
}

type oneMember struct {
	Account home.ID `path:"account"`
}

const sourceDoc = "Being seen on any source is to be at home. Who was not seen on any for its time-out, and is in no zone that is the home, has left. " +
	"A report that compares so means seen: for timeout_seconds (10 to 604800) after it, or with holds for as long as the value stays so and so long after. The list takes the " +
	"place of the one before; at most 20. For oneself, presence:write is enough."

func (a *api) positions() []rest.Operation {
	const path, sample = "/members/{account}/presence-sources", "/members/a1/presence-sources"
	return []rest.Operation{
		rest.Op(rest.Spec{Method: http.MethodGet, Path: "/positions", Name: "list_positions", Tag: "places", Right: home.ReadLocation, Class: wire.Read,
			Title: home.Label{EN: "Where are the members?", FR: "O\u00f9 sont les habitants ?"}}, a.listPositions),
		rest.Op(rest.Spec{Method: http.MethodGet, Path: path, Name: "get_presence_sources", Tag: "places", Right: home.ReadMember, Class: wire.Read, Sample: sample,
			Title: home.Label{EN: "What shows that a member is at home?", FR: "Qu'est-ce qui montre qu'un habitant est l\u00e0 ?"}}, a.getSources),
		rest.Op(rest.Spec{Method: http.MethodPut, Path: path, Name: "set_presence_sources", Tag: "places", Right: home.WritePresence, Sample: sample,
			Title: home.Label{EN: "Say what shows that a member is at home", FR: "Dire ce qui montre qu'un habitant est l\u00e0"}, Doc: sourceDoc}, a.setSources),
	}
}

func (a *api) listPositions(c *rest.Call, _ *struct{}) (positionList, error) {
	all, err := a.hub.Positions(c, c.ID)
	out := positionList{Positions: make([]located, 0, len(all))}
	for _, v := range all {
		out.Positions = append(out.Positions, located{Account: v.Account.ID, Username: v.Account.Username, Name: v.Account.Name, Position: v.Position, Zones: v.Zones})
	}
	return out, err
}

func (a *api) getSources(c *rest.Call, in *oneMember) (sourceList, error) {
	all, err := a.hub.Members(c, c.ID)
	if err != nil {
		return sourceList{}, err
	}
	for _, m := range all {
		if m.Account == in.Account {
			return listOf(m), nil
		}
	}
	return sourceList{}, home.Errorf(home.NotFound, "there is no such member").Because("member_unknown")
}

func (a *api) setSources(c *rest.Call, in *struct {
	oneMember
	Body sourceList
}) (sourceList, error) {
	m, err := a.hub.SetPresenceSources(c, c.ID, in.Account, in.Body.Sources)
	return listOf(m), err
}

func listOf(m home.Member) sourceList {
	return sourceList{Sources: append([]home.PresenceSource{}, m.Sources...)}
}
