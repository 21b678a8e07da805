package dialecttest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/wire"
	"latchkey/stores/memory"
)

// bareHub is an empty hub, for looking at route tables.
func (k *Kit) bareHub(t testing.TB) (*hub.Hub, func()) {
	t.Helper()
	c := &clock{}
	c.set(Start)
	h, err := hub.New(t.Context(), k.hubConfig(memory.New(), c, nil))
	if err != nil {
		t.Fatal(err)
	}
	return h, h.Close
}

// routes tries each route by its example address, whatever its body would be.
func (s *suite) routes() {
	w := s.kit.World(s.t)
	for i := range s.all {
		rt := &s.all[i]
		s.otherMethods(w, rt)
		s.tooMuch(w, rt)
		s.oddPaths(w, rt)
		s.crossSite(w, rt)
		s.noKey(w, rt)
	}
	s.end(w, "route table")
}

// say sends a call and reports an answer that is not among the accepted.
func (s *suite) say(w *World, rt *wire.Route, what string, c call, accepted ...int) Answer {
	a, err := w.send(c)
	if err != nil {
		s.find("route %s: %s: %v", rt.Name, what, err)
		return a
	}
	if !slices.Contains(accepted, a.Status) {
		s.find("route %s: %s got %d, accepted is %v: %.200s", rt.Name, what, a.Status, accepted, a.Body)
	}
	return a
}

// bearer returns a header with a credential of a kind that the route takes.
func (s *suite) bearer(rt *wire.Route) []string {
	for _, k := range []struct {
		name string
		kind home.KeyKind
	}{{"token", home.SessionKey}, {"pat", home.TokenKey}, {"key", home.OpenKey}, {"gw", home.GatewayKey}, {"hk", home.HookKey}, {"prt", home.PartnerKey}} {
		if rt.Takes(k.kind) {
			return []string{"Authorization: Bearer " + s.kit.vars[k.name]}
		}
	}
	return nil
}

// example returns the route's address, with a key that holds where one belongs
// into it.
func (s *suite) example(rt *wire.Route) string {
	if rt.URLSecret == "" {
		return rt.Example()
	}
	kind := "key"
	if !rt.Takes(home.OpenKey) {
		kind = "hk"
	}
	path := strings.Split(rt.Example(), "/")
	path[slices.Index(strings.Split(rt.Path, "/"), "{"+rt.URLSecret+"}")] = s.kit.vars[kind]
	return strings.Join(path, "/")
}

func (s *suite) otherMethods(w *World, rt *wire.Route) {
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodTrace, "BREW"} {
		c := call{method: method, target: s.example(rt), headers: s.bearer(rt)}
		if s.route(c) != nil {
			continue
		}
		a := s.say(w, rt, "the method "+method, c, http.StatusMethodNotAllowed)
		if a.Status == http.StatusMethodNotAllowed && a.Header.Get("Allow") == "" {
			s.find("route %s: a 405 without Allow", rt.Name)
		}
	}
}

func (s *suite) tooMuch(w *World, rt *wire.Route) {
	limit := max(rt.Body, 16<<10)
	c := call{method: rt.Method, target: s.example(rt), headers: append(s.bearer(rt), "Content-Type: application/json", "Content-Length: "+strconv.FormatInt(limit+1, 10))}
	s.say(w, rt, "a body that says it is too large", c, http.StatusRequestEntityTooLarge)
	if rt.Body > 0 && rt.Body <= wire.Body {
		c.headers = append(s.bearer(rt), "Content-Type: application/json", "Transfer-Encoding: chunked")
		c.body = fmt.Sprintf("%x\r\n{\"x\":\"%s\"}\r\n0\r\n\r\n", limit+8, strings.Repeat("x", int(limit)))
		// A handler may see first that what the address names is not there.
		s.say(w, rt, "a body that turns out too large", c, http.StatusRequestEntityTooLarge, http.StatusNotFound, http.StatusForbidden)
		c.headers, c.body = append(s.bearer(rt), "Content-Encoding: gzip"), "\x1f\x8b"
		s.say(w, rt, "a compressed body", c, http.StatusUnsupportedMediaType)
	}
}

// oddPaths writes the address in ways that another layer could read as another
// one.
func (s *suite) oddPaths(w *World, rt *wire.Route) {
	path := s.example(rt)
	cut := strings.LastIndexByte(path, '/')
	dir, last := path[:cut], path[cut+1:]
	for _, odd := range []string{"/" + path, "/x/.." + path, "/x/%2e%2e" + path, "/x/%252e%252e" + path, "/x/..%2f" + path[1:], "/x/..;" + path,
		dir + "/./" + last, dir + "//" + last, dir + "/%2e/" + last, dir + "/%09" + last, dir + "%5c" + last, dir + "\\" + last, path + "%00", path + "/..%2f" + last} {
		c := call{method: rt.Method, target: odd, headers: s.bearer(rt)}
		a, err := w.send(c)
		if err != nil {
			s.find("route %s: the address %q: %v", rt.Name, odd, err)
		} else if a.Status < 400 || a.Status >= 500 {
			s.find("route %s: the address %s got %d: %.200s", rt.Name, w.normal(odd, ""), a.Status, a.Body)
		}
	}
}

// crossSite is a page of another site that makes a signed-in browser ask.
func (s *suite) crossSite(w *World, rt *wire.Route) {
	if rt.Method == http.MethodGet {
		return
	}
	for _, kind := range []string{"application/json", wire.FormType, "text/plain"} {
		c := call{method: rt.Method, target: rt.Example(), body: "{}", headers: []string{"Cookie: latchkey=" + s.kit.vars["token"], "Origin: https://evil.example",
			"Sec-Fetch-Site: cross-site", "Content-Type: " + kind}}
		s.say(w, rt, "a page of another site", c, http.StatusForbidden)
	}
}

// noKey asks without anything; a path with a key in it has one of nonsense.
func (s *suite) noKey(w *World, rt *wire.Route) {
	if rt.Right == home.Anyone {
		return
	}
	body := "{}"
	if rt.Body == 0 {
		body = ""
	}
	s.say(w, rt, "no key", call{method: rt.Method, target: rt.Example(), body: body, headers: []string{"Content-Type: application/json"}}, http.StatusUnauthorized)
}
