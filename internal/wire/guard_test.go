package wire_test

import (
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/home"
	"latchkey/internal/wire"
)

func host(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }

func TestHostAllowList(t *testing.T) {
	h := mount(t, wire.Options{Hosts: []string{"house.example.org", "*.lan"}}, web())
	for _, name := range []string{"localhost", "LOCALHOST:8080", "127.0.0.1", "192.168.1.5:8080", "[::1]:8080", "[fe80::1]", "latchkey.local", "latchkey.local.", "a.b.LOCAL:80",
		"house.example.org", "House.Example.org:443", "pi.lan", ""} {
		if w := send(h, "GET", "/", host(name)); w.Code != 200 {
			t.Errorf("Host %q: %d", name, w.Code)
		}
	}
	for _, name := range []string{"evil.example", "house.example.org.evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "1.evil", "local", ".local", "lan", "evillan", "[::1", "::1.evil:80", "xlocal"} {
		if w := send(h, "GET", "/", host(name)); w.Code != 421 {
			t.Errorf("Host %q: %d", name, w.Code)
		}
	}
}

func TestCrossSiteRequestsWithACookie(t *testing.T) {
	h := mount(t, wire.Options{Origins: []string{"https://wall.example.org"}}, alpha())
	cookie := header("Cookie", "latchkey=x")
	ws := header("Upgrade", "websocket")
	cases := []struct {
		name, method, path string
		change             []func(*http.Request)
		status             int
	}{
		{"cross-site PUT", "PUT", "/v1/devices/x", []func(*http.Request){cookie, header("Sec-Fetch-Site", "cross-site")}, 403},
		{"foreign origin PUT", "PUT", "/v1/devices/x", []func(*http.Request){cookie, header("Origin", "https://evil.example")}, 403},
		{"null origin PUT", "PUT", "/v1/devices/x", []func(*http.Request){cookie, header("Origin", "null")}, 403},
		{"same-origin PUT", "PUT", "/v1/devices/x", []func(*http.Request){cookie, header("Sec-Fetch-Site", "same-origin")}, 200},
		{"cross-site PUT without a cookie", "PUT", "/v1/devices/x", []func(*http.Request){header("Sec-Fetch-Site", "cross-site")}, 200},
		{"PUT without a browser", "PUT", "/v1/devices/x", []func(*http.Request){cookie}, 200},
		{"WebSocket without an origin", "GET", "/v1/devices", []func(*http.Request){cookie, ws}, 403},
		{"WebSocket of another site", "GET", "/v1/devices", []func(*http.Request){cookie, ws, header("Origin", "http://evil.example")}, 403},
		{"WebSocket of our own page", "GET", "/v1/devices", []func(*http.Request){cookie, ws, header("Origin", "http://localhost")}, 200},
		{"WebSocket of an allowed page", "GET", "/v1/devices", []func(*http.Request){cookie, ws, header("Origin", "https://wall.example.org")}, 200},
		{"WebSocket with a key", "GET", "/v1/devices", []func(*http.Request){ws}, 200},
	}
	for _, c := range cases {
		if w := send(h, c.method, c.path, c.change...); w.Code != c.status {
			t.Errorf("%s: %d %s, want %d", c.name, w.Code, w.Body, c.status)
		}
	}
}

func TestCORSIsOnlyForTheList(t *testing.T) {
	h := mount(t, wire.Options{Origins: []string{"https://wall.example.org"}}, alpha())
	preflight := []func(*http.Request){header("Access-Control-Request-Method", "PUT")}
	w := send(h, "OPTIONS", "/v1/devices/x", append(preflight, header("Origin", "https://wall.example.org"))...)
	if w.Code != 204 || w.Header().Get("Access-Control-Allow-Origin") != "https://wall.example.org" || w.Header().Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	w = send(h, "OPTIONS", "/v1/devices/x", append(preflight, header("Origin", "https://evil.example"))...)
	if w.Code != 405 || w.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	w = send(h, "GET", "/v1/devices", header("Origin", "https://wall.example.org"))
	if w.Code != 200 || w.Header().Get("Access-Control-Allow-Origin") == "" || w.Header().Get("Vary") != "Origin" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestClassesHaveTheirOwnRoom(t *testing.T) {
	begun, let := make(chan struct{}), make(chan struct{})
	d := routes(
		wire.Route{Method: "POST", Path: "/in", Class: wire.Ingest, Handler: func(w http.ResponseWriter, _ *http.Request) error {
			begun <- struct{}{}
			<-let
			return wire.WriteJSON(w, 200, "in")
		}},
		wire.Route{Method: "POST", Path: "/control", Class: wire.Control, Handler: func(w http.ResponseWriter, _ *http.Request) error {
			return wire.WriteJSON(w, 200, "controlled")
		}})
	h := mount(t, wire.Options{InFlight: [4]int{wire.Ingest: 2}}, d)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() { send(h, "POST", "/in") })
		<-begun
	}
	if w := send(h, "POST", "/in"); w.Code != 503 || w.Header().Get("Retry-After") != "1" {
		t.Errorf("the third of two: %d %v", w.Code, w.Header())
	}
	if w := send(h, "POST", "/control"); w.Code != 200 {
		t.Errorf("another class: %d", w.Code)
	}
	close(let)
	wg.Wait()
	go func() { <-begun }()
	if w := send(h, "POST", "/in"); w.Code != 200 {
		t.Errorf("after the rush: %d", w.Code)
	}
}

func TestLimiter(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	l := wire.NewLimiter(func() time.Time { return now }, wire.Rates{Key: wire.Rate{PerSecond: 2, Burst: 4}, Visitor: wire.Rate{PerSecond: 1, Burst: 1}, Most: 3})
	h := http.Header{}
	for i := range 4 {
		if err := l.Key(h, "a", home.TokenKey); err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
	}
	if p, r := h.Get("RateLimit-Policy"), h.Get("RateLimit"); p != `"key";q=4;w=2` || r != `"key";r=0;t=2` {
		t.Errorf("%s %s", p, r)
	}
	err := l.Key(h, "a", home.TokenKey)
	if home.CodeOf(err) != home.TooMany || home.AsError(err).RetryAfter != 500*time.Millisecond {
		t.Errorf("the fifth of four: %v", err)
	}
	now = now.Add(500 * time.Millisecond)
	if err := l.Key(h, "a", home.TokenKey); err != nil {
		t.Errorf("half a second later: %v", err)
	}
	if err := l.Key(h, "b", home.OpenKey); err != nil || l.Callers() != 1 {
		t.Errorf("rate 0 is no limit: %v, %d callers", err, l.Callers())
	}
	one, same, other := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::ffff:1"), netip.MustParseAddr("2001:db8:0:1::1")
	if l.Visitor(h, one) != nil || l.Visitor(h, same) == nil || l.Visitor(h, other) != nil {
		t.Error("a /64 is one visitor, another /64 another")
	}
	for i := range 100 {
		_ = l.Visitor(h, netip.AddrFrom4([4]byte{10, 0, 0, byte(i)})) // only the count matters
	}
	if n := l.Callers(); n != 3 {
		t.Errorf("%d callers remembered, 3 allowed", n)
	}
}

func TestVisitorsPayForWrongKeys(t *testing.T) {
	d := routes(wire.Route{Method: "GET", Path: "/", Handler: func(w http.ResponseWriter, r *http.Request) error {
		if _, _, err := wire.Credential(r, wire.RouteOf(r)); err != nil {
			return err
		}
		return wire.WriteJSON(w, 200, wire.RemoteIP(r).String())
	}})
	d.Routes[0].Right = home.Signed
	l := wire.NewLimiter(time.Now, wire.Rates{Visitor: wire.Rate{PerSecond: 0.001, Burst: 3}})
	h := mount(t, wire.Options{Limiter: l, Proxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}, d)
	var got []int
	for range 5 {
		got = append(got, send(h, "GET", "/").Code)
	}
	if want := []int{401, 401, 401, 429, 429}; !equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if w := send(h, "GET", "/", header("X-Token", "abc")); w.Code != 200 {
		t.Errorf("a key from the same address: %d", w.Code)
	}
	forwarded := header("X-Forwarded-For", "6.6.6.6, 203.0.113.7, 192.0.2.9")
	if w := send(h, "GET", "/", forwarded); w.Code != 401 {
		t.Errorf("another visitor behind the proxy: %d", w.Code)
	}
	if w := send(h, "GET", "/", forwarded, header("X-Token", "abc")); !strings.Contains(w.Body.String(), "203.0.113.7") {
		t.Errorf("address behind the proxy: %s", w.Body)
	}
	stranger := func(r *http.Request) { r.RemoteAddr = "198.51.100.1:9" }
	if w := send(h, "GET", "/", stranger, header("X-Forwarded-For", "9.9.9.9"), header("X-Token", "abc")); !strings.Contains(w.Body.String(), "198.51.100.1") {
		t.Errorf("a stranger's X-Forwarded-For was believed: %s", w.Body)
	}
}

func equal(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
