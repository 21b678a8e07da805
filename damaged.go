package latchkey

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"latchkey/home"
	"latchkey/internal/wire"
	"latchkey/web"
)

// ServeDamage answers in place of a house whose files could not be opened: to
// programs with 503 and the reason, to people with a page that says what to do.
// It returns when ctx ends.
func ServeDamage(ctx context.Context, ln net.Listener, d *home.Damage, c Config) error {
	c.defaults()
	h, err := wire.Mount([]wire.Dialect{recovery(d)}, wire.Options{Log: c.Log, Clock: c.Clock,
		Hosts: c.Settings.Server.Hosts, Proxies: c.Settings.Server.TrustedProxies})
	if err != nil {
		return fmt.Errorf("serve the recovery page: %w", err)
	}
	return wire.Server(ctx, ln, h, wire.Limits{Stop: c.Settings.Limits.StopTime, Log: c.Log})
}

// recovery is the whole of what a damaged house answers.
func recovery(d *home.Damage) wire.Dialect {
	out := wire.Dialect{Name: "recovery"}
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		out.Routes = append(out.Routes, wire.Route{Method: method, Path: "/{path...}", Sample: "/", Name: "recovery." + strings.ToLower(method),
			Right: home.Anyone, Body: wire.Body, Handler: func(w http.ResponseWriter, r *http.Request) error { return sayDamage(w, r, d) }})
	}
	out.Routes = append(out.Routes,
		wire.Route{Method: http.MethodGet, Path: "/healthz", Name: "recovery.health", Right: home.Anyone, Handler: func(w http.ResponseWriter, _ *http.Request) error {
			b, err := json.Marshal(map[string]string{"status": "damaged", "code": d.Reason})
			if err != nil {
				return err
			}
			return wire.WriteRaw(w, http.StatusServiceUnavailable, b)
		}})
	return out
}

func sayDamage(w http.ResponseWriter, r *http.Request, d *home.Damage) error {
	if r.Method == http.MethodGet && web.Asset(w, r) {
		return nil
	}
	if r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html") {
		web.Recovery(w, r, d)
		return nil
	}
	return &home.Error{Code: home.Unavailable, Reason: d.Reason, RetryAfter: 30 * time.Second,
		Message: "the house is not open: its data could not be trusted. Whoever runs the server finds what to do in its log and on its page"}
}
