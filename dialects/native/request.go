package native

import (
	"net/http"
	"net/url"

	"latchkey/dialects/native/rest"
	"latchkey/home"
	"latchkey/internal/wire"
)

type outgoing struct {
	ID       home.ID    `json:"id"`
	Method   string     `json:"method"`
	URL      string     `json:"url"`
	Run      home.ID    `json:"run,omitempty"`
	By       home.ID    `json:"by"`
	Created  home.Time  `json:"created_at"`
	Attempts int        `json:"attempts"`
	Next     home.Time  `json:"next_at"`
	Last     string     `json:"last,omitempty" doc:"how the last attempt ended"`
	Dead     bool       `json:"dead,omitempty" doc:"given up"`
	Cause    home.Cause `json:"cause"`
}

type outgoingList struct {
	Requests []outgoing `json:"requests"`
}

func (a *api) requests() []rest.Operation {
	return []rest.Operation{
		rest.Op(rest.Spec{Method: http.MethodGet, Path: "/requests", Name: "list_requests", Tag: "events", Right: home.ReadScene, Class: wire.Read,
			Title: home.Label{EN: "List outgoing requests that are not yet done", FR: "Lister les requêtes sortantes en attente"},
			Doc:   "Without headers and bodies, which may hold secrets."}, a.listRequests),
	}
}

func (a *api) listRequests(c *rest.Call, _ *struct{}) (outgoingList, error) {
	all, err := a.hub.Requests(c, c.ID)
	out := outgoingList{Requests: make([]outgoing, 0, len(all))}
	for _, r := range all {
		out.Requests = append(out.Requests, outgoing{ID: r.ID, Method: r.Method, URL: plainURL(r.URL), Run: r.Run, By: r.By, Created: r.Created,
			Attempts: r.Attempts, Next: r.Next, Last: r.Last, Dead: r.Dead, Cause: filled(r.Cause)})
	}
	return out, err
}

// plainURL is an address without its secrets.
func plainURL(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return ""
	}
	u.User = nil
	u.RawQuery = wire.RedactQuery(u.RawQuery)
	return u.String()
}
