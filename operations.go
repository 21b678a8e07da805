package latchkey

import (
	"net/http"

	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/wire"
)

// operations are the paths for whoever runs the server: is it well, is it
// ready, what does it do.
func (l *Latchkey) operations() wire.Dialect {
	get := func(path, name string, h wire.Handler) wire.Route {
		return wire.Route{Method: http.MethodGet, Path: path, Name: name, Right: home.Anyone, Class: wire.Control, Carry: wire.Header, Handler: h}
	}
	return wire.Dialect{Name: "operations", Routes: []wire.Route{
		get("/healthz", "operations.health", health),
		get("/readyz", "operations.ready", l.readiness),
		get("/metrics", "operations.metrics", l.showMetrics),
	}}
}

// health says that the program runs, and nothing else to a stranger.
func health(w http.ResponseWriter, _ *http.Request) error {
	return wire.WriteRaw(w, http.StatusOK, []byte(`{"status":"ok"}`))
}

// readiness says whether requests are welcome.
func (l *Latchkey) readiness(w http.ResponseWriter, _ *http.Request) error {
	if !l.ready.Load() {
		return wire.WriteRaw(w, http.StatusServiceUnavailable, []byte(`{"status":"stopping"}`))
	}
	return wire.WriteRaw(w, http.StatusOK, []byte(`{"status":"ready"}`))
}

// showMetrics answers programs on this machine, and keys with server:operate.
func (l *Latchkey) showMetrics(w http.ResponseWriter, r *http.Request) error {
	if !wire.FromLoopback(r) {
		secret, _, err := wire.Credential(r, wire.RouteOf(r))
		if err != nil {
			return err
		}
		id, err := l.hub.Identify(r.Context(), hub.Credential{Secret: secret, Remote: wire.RemoteIP(r).String()})
		if err != nil {
			return err
		}
		if !id.May(home.Operate, nil, nil) {
			return home.Errorf(home.Forbidden, "this needs the right %s", home.Operate).Because("right_missing")
		}
	}
	l.metrics.page.ServeHTTP(w, r)
	return nil
}
