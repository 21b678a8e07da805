package wire_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"latchkey/home"
	"latchkey/internal/wire"
)

func TestOrigin(t *testing.T) {
	var got string
	route := wire.Route{Method: http.MethodGet, Path: "/", Name: "x.y", Right: home.Anyone, Handler: func(_ http.ResponseWriter, r *http.Request) error {
		got = wire.Origin(r)
		return nil
	}}
	h, err := wire.Mount([]wire.Dialect{{Name: "x", Routes: []wire.Route{route}}}, wire.Options{Hosts: []string{"home.example.org"}, Proxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		host, peer, proto string
		tls               bool
		want              string
		loopback          bool
	}{
		"plain":             {host: "192.0.2.7:7311", want: "http://192.0.2.7:7311"},
		"a name":            {host: "home.example.org", want: "http://home.example.org"},
		"TLS":               {host: "home.example.org", tls: true, want: "https://home.example.org"},
		"our proxy":         {host: "home.example.org", peer: "192.0.2.1:9", proto: "https", want: "https://home.example.org"},
		"somebody's header": {host: "home.example.org", peer: "198.51.100.1:9", proto: "https", want: "http://home.example.org"},
		"loopback":          {host: "127.0.0.1:7311", want: "http://127.0.0.1:7311", loopback: true},
		"localhost":         {host: "LocalHost:7311", want: "http://LocalHost:7311", loopback: true},
		"IPv6":              {host: "[::1]:7311", want: "http://[::1]:7311", loopback: true},
		"no host":           {host: ""},
		"a port of words":   {host: "localhost:'$(id)'"},
		"a port too large":  {host: "localhost:70000"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host, r.TLS, got = c.host, nil, "not asked"
		if c.tls {
			r.TLS = &tls.ConnectionState{}
		}
		if c.peer != "" {
			r.RemoteAddr = c.peer
		}
		if c.proto != "" {
			r.Header.Set("X-Forwarded-Proto", c.proto)
		}
		h.ServeHTTP(httptest.NewRecorder(), r)
		if got != c.want || wire.LoopbackOrigin(got) != c.loopback {
			t.Errorf("%s: %q, loopback %v", name, got, wire.LoopbackOrigin(got))
		}
	}
}

// FuzzOrigin: whatever a Host header says, an origin is an address and nothing
// that a page or a shell takes for more.
func FuzzOrigin(f *testing.F) {
	for _, host := range []string{"", "localhost", "192.0.2.7:7311", "[::1]:7311", "[::1", "a:b:c", "x:'$(id)'", "x\"><script>", "home.example.org.", ":80", ": ]", "]", "1:"} {
		f.Add(host)
	}
	f.Fuzz(func(t *testing.T, host string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = host
		got := wire.Origin(r)
		if got != "" && (!strings.HasSuffix(got, host) || strings.ContainsAny(got, "'\"<>&$`\\ \t\r\n;|@#?%")) {
			t.Errorf("%q gives %q", host, got)
		}
		wire.LoopbackOrigin(got)
	})
}
