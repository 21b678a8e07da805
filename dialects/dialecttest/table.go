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
		p := probe{suite: s, w: w, rt: &s.all[i]}
		p.otherMethods()
		p.tooMuch()
		p.oddPaths()
		p.crossSite()
		p.noKey()
	}
	s.end(w, "route table")
}

// probe tries one route.
type probe struct {
	*suite
	w  *World
	rt *wire.Route
}

// say sends a call and reports an answer that is not among the accepted.
func (p *probe) say(what string, c call, accepted ...int) Answer {
	a, err := p.w.send(c)
	if err != nil {
		p.find("route %s: %s: %v", p.rt.Name, what, err)
		return a
	}
	if !slices.Contains(accepted, a.Status) {
		p.find("route %s: %s got %d, accepted is %v: %.200s", p.rt.Name, what, a.Status, accepted, a.Body)
	}
	return a
}

// bearer returns a header with a credential of a kind that the route takes.
func (p *probe) bearer() []string {
	for _, k := range []struct {
		name string
		kind home.KeyKind
	}{{"token", home.SessionKey}, {"pat", home.TokenKey}, {"key", home.OpenKey}, {"gw", home.GatewayKey}, {"hk", home.HookKey}, {"prt", home.PartnerKey}} {
		if p.rt.Takes(k.kind) {
			return []string{"Authorization: Bearer " + p.kit.vars[k.name]}
		}
	}
	return nil
}

// example returns the route's address, with a key that holds where one belongs
// into it.
func (p *probe) example() string {
	if p.rt.URLSecret == "" {
		return p.rt.Example()
	}
	kind := "key"
	if !p.rt.Takes(home.OpenKey) {
		kind = "hk"
	}
	path := strings.Split(p.rt.Example(), "/")
	path[slices.Index(strings.Split(p.rt.Path, "/"), "{"+p.rt.URLSecret+"}")] = p.kit.vars[kind]
	return strings.Join(path, "/")
}

func (p *probe) otherMethods() {
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodTrace, "BREW"} {
		c := call{method: method, target: p.example(), headers: p.bearer()}
		if p.route(c) != nil {
			continue
		}
		a := p.say("the method "+method, c, http.StatusMethodNotAllowed)
		if a.Status == http.StatusMethodNotAllowed && a.Header.Get("Allow") == "" {
			p.find("route %s: a 405 without Allow", p.rt.Name)
		}
	}
}

func (p *probe) tooMuch() {
	limit := max(p.rt.Body, 16<<10)
	c := call{method: p.rt.Method, target: p.example(), headers: append(p.bearer(), "Content-Type: application/json", "Content-Length: "+strconv.FormatInt(limit+1, 10))}
	p.say("a body that says it is too large", c, http.StatusRequestEntityTooLarge)
	if p.rt.Body > 0 && p.rt.Body <= wire.Body {
		c.headers = append(p.bearer(), "Content-Type: application/json", "Transfer-Encoding: chunked")
		c.body = fmt.Sprintf("%x\r\n{\"x\":\"%s\"}\r\n0\r\n\r\n", limit+8, strings.Repeat("x", int(limit)))
		// A handler may see first that what the address names is not there.
		p.say("a body that turns out too large", c, http.StatusRequestEntityTooLarge, http.StatusNotFound, http.StatusForbidden)
		c.headers, c.body = append(p.bearer(), "Content-Encoding: gzip"), "\x1f\x8b"
		p.say("a compressed body", c, http.StatusUnsupportedMediaType)
	}
}

// oddPaths writes the address in ways that another layer could read as another
// one.
func (p *probe) oddPaths() {
	path := p.example()
	cut := strings.LastIndexByte(path, '/')
	dir, last := path[:cut], path[cut+1:]
	for _, odd := range []string{"/" + path, "/x/.." + path, "/x/%2e%2e" + path, "/x/%252e%252e" + path, "/x/..%2f" + path[1:], "/x/..;" + path,
		dir + "/./" + last, dir + "//" + last, dir + "/%2e/" + last, dir + "/%09" + last, dir + "%5c" + last, dir + "\\" + last, path + "%00", path + "/..%2f" + last} {
		c := call{method: p.rt.Method, target: odd, headers: p.bearer()}
		a, err := p.w.send(c)
		if err != nil {
			p.find("route %s: the address %q: %v", p.rt.Name, odd, err)
		} else if a.Status < 400 || a.Status >= 500 {
			p.find("route %s: the address %s got %d: %.200s", p.rt.Name, p.w.normal(odd, ""), a.Status, a.Body)
		}
	}
}

// crossSite is a page of another site that makes a signed-in browser ask.
func (p *probe) crossSite() {
	if p.rt.Method == http.MethodGet {
		return
	}
	for _, kind := range []string{"application/json", wire.FormType, "text/plain"} {
		c := call{method: p.rt.Method, target: p.rt.Example(), body: "{}", headers: []string{"Cookie: latchkey=" + p.kit.vars["token"], "Origin: https://evil.example",
			"Sec-Fetch-Site: cross-site", "Content-Type: " + kind}}
		p.say("a page of another site", c, http.StatusForbidden)
	}
}

// noKey asks without anything; a path with a key in it has one of nonsense.
func (p *probe) noKey() {
	if p.rt.Right == home.Anyone {
		return
	}
	body := "{}"
	if p.rt.Body == 0 {
		body = ""
	}
	p.say("no key", call{method: p.rt.Method, target: p.rt.Example(), body: body, headers: []string{"Content-Type: application/json"}}, http.StatusUnauthorized)
}
