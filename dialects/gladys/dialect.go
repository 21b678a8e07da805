package gladys

import (
	"net/http"
	"sync"

	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/wire"
)

// Options are the choices of New. The zero value works.
type Options struct {
	// Version is this program's version, such as 1.4.0, for the update check.
	Version string
	// Released is when that version came out; 0 = not said.
	Released home.Time
	// Notes is the address of the version's release notes; "" = none.
	Notes string
}

// api is what the handlers of this dialect share.
type api struct {
	hub     *hub.Hub
	options Options
	bodies  sync.Pool // of *[]byte
	done    answer    // {"status":200}
	nobody  answer    // []
}

// The credentials that a route takes: only an open API key may stand in an
// address, because that kind cannot read or control anything.
func urlKinds() []home.KeyKind { return []home.KeyKind{home.OpenKey} }

func headerKinds() []home.KeyKind {
	return []home.KeyKind{home.OpenKey, home.TokenKey, home.SessionKey}
}

func personKinds() []home.KeyKind { return []home.KeyKind{home.SessionKey, home.TokenKey} }

// New returns the dialect over h.
func New(h *hub.Hub, o Options) wire.Dialect {
	a := &api{hub: h, options: o, done: newAnswer(`{"status":200}`), nobody: newAnswer(`[]`)}
	a.bodies.New = func() any { b := make([]byte, 0, 4096); return &b }
	routes := append(a.ingestRoutes(), a.keyRoutes()...)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		routes = append(routes, wire.Route{Method: method, Path: "/v1/api/gladys/version", Name: "gladys.version_" + map[string]string{"GET": "get", "POST": "post"}[method],
			Right: home.Anyone, Class: wire.Read, Handler: a.version})
	}
	return wire.Dialect{Name: "gladys", Routes: routes, Fail: a.fail, Prefixes: []string{"/v1/api", "/open-api-keys"}}
}

// ingest is a path under /v1/api that takes something in, with the key as last
// segment or in a header.
type ingest struct {
	path, name string
	right      home.Verb
	body       int64
	carry      wire.Carrier // where the key may stand when it is not in the path
	handler    wire.Handler
}

func (a *api) ingestRoutes() []wire.Route {
	var out []wire.Route
	for _, in := range []ingest{
		{"/v1/api/device/state", "gladys.state", home.WriteState, wire.Body, wire.Bearer, a.postState},
		{"/v1/api/event", "gladys.event", home.WriteEvent, eventBody, wire.Bearer, a.postEvent},
		{"/v1/api/message", "gladys.message", home.WriteMessage, wire.StateBody, wire.Bearer, a.postMessage},
		{"/v1/api/owntracks", "gladys.owntracks", home.WriteLocation, trackBody, wire.Bearer | wire.Basic, a.postTrack},
	} {
		route := wire.Route{Method: http.MethodPost, Path: in.path, Name: in.name, Right: in.right, Kinds: headerKinds(), Carry: in.carry,
			Body: in.body, Class: wire.Ingest, Handler: in.handler}
		inPath := route
		// Whatever stands in a header is not looked at: OwnTracks sends its user name
		// there, and the original has never read it.
		inPath.Path, inPath.Name, inPath.Kinds, inPath.Carry = in.path+"/{key}", in.name+"_by_key", urlKinds(), wire.PathSecret
		inPath.URLSecret, inPath.Sample = "key", in.path+"/0000000000000000000000000000000000000000000000000000000000000000000000000000beef"
		out = append(out, inPath, route)
	}
	return out
}

func (a *api) keyRoutes() []wire.Route {
	sample := "/open-api-keys/aaaaaaaaaaaaaaaaaaaaaaaaaa"
	out := []wire.Route{
		{Method: http.MethodPost, Path: "/open-api-keys", Name: "gladys.create_key", Right: home.WriteKey, Body: wire.StateBody, Handler: a.createKey},
		{Method: http.MethodGet, Path: "/open-api-keys", Name: "gladys.keys", Right: home.ReadKey, Class: wire.Read, Handler: a.listKeys},
		{Method: http.MethodPatch, Path: "/open-api-keys/{id}", Name: "gladys.rename_key", Right: home.WriteKey, Body: wire.StateBody, Sample: sample, Handler: a.renameKey},
		{Method: http.MethodDelete, Path: "/open-api-keys/{id}", Name: "gladys.revoke_key", Right: home.WriteKey, Sample: sample, Handler: a.revokeKey},
	}
	for i := range out {
		out[i].Kinds, out[i].Carry = personKinds(), wire.Bearer|wire.Bare
	}
	return out
}

// identify says who asks, and takes the request from that key's rate.
func (a *api) identify(r *http.Request) (*home.Identity, error) {
	route := wire.RouteOf(r)
	secret, _, err := wire.Credential(r, route)
	if err != nil {
		return nil, err
	}
	id, err := a.hub.Identify(r.Context(), hub.Credential{Secret: secret, Kinds: route.Kinds, Remote: wire.RemoteIP(r).String()})
	if err != nil {
		return nil, err
	}
	return id, wire.Spend(r, id.Key, id.Kind)
}
