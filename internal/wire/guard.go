package wire

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"latchkey/home"
)

// headerLine is a header that every answer carries.
type headerLine struct {
	name  string
	value []string
}

// baseHeaders returns the headers of every answer. The values are shared: their
// capacity is 1, so that Header.Add copies before it appends.
func baseHeaders(hsts bool) []headerLine {
	lines := []headerLine{
		{"Content-Security-Policy", []string{"default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"}},
		{"X-Content-Type-Options", []string{"nosniff"}},
		{"X-Frame-Options", []string{"DENY"}},
		{"Referrer-Policy", []string{"no-referrer"}},
		{"Cache-Control", []string{"no-store"}},
	}
	if hsts {
		lines = append(lines, headerLine{"Strict-Transport-Security", []string{"max-age=31536000"}})
	}
	return lines
}

// admitRequest is what every request has to pass before it is matched. A CORS
// preflight is answered here.
func (m *mounted) admitRequest(x *exchange, r *http.Request) *home.Error {
	if len(r.RequestURI) > MaxURL {
		x.Header().Set("Connection", "close")
		return home.Errorf(home.Invalid, "the address is %d bytes long; the most is %d", len(r.RequestURI), MaxURL).Because(ReasonLongURL)
	}
	if !m.hosts.takes(r.Host) {
		return home.Errorf(home.Invalid, "this server is not %.100q; ask for it by an IP address, localhost, a .local name, or a name of the hosts setting", r.Host).Because(ReasonHost)
	}
	origin := r.Header["Origin"]
	if len(origin) > 0 && m.crossOrigin(x, r, origin[0]) {
		x.ours = true
		return nil
	}
	if len(r.Header["Cookie"]) > 0 {
		return m.sameSite(r)
	}
	return nil
}

// sameSite refuses what a page of another site makes a signed-in browser do.
// GET is safe as far as the standard check goes, so a WebSocket handshake has to
// prove its origin.
func (m *mounted) sameSite(r *http.Request) *home.Error {
	if err := m.csrf.Check(r); err != nil {
		return home.Errorf(home.Forbidden, "a page of another site may not do this with your session").Because(ReasonCrossSite)
	}
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		return nil
	}
	if origin := r.Header.Get("Origin"); origin != "" && samePage(r) || slices.Contains(m.Origins, origin) {
		return nil
	}
	return home.Errorf(home.Forbidden, "a WebSocket with a session cookie is only for pages of this server; use a key instead").Because(ReasonCrossSite)
}

// crossOrigin puts CORS headers on answers for allowed origins, and reports
// whether the request was a preflight and is answered.
func (m *mounted) crossOrigin(x *exchange, r *http.Request, origin string) bool {
	if len(m.Origins) == 0 {
		return false
	}
	h := x.Header()
	h.Add("Vary", "Origin")
	if !slices.Contains(m.Origins, origin) && !slices.Contains(m.Origins, "*") {
		return false
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "X-Request-Id, ETag, Link, Retry-After, RateLimit, RateLimit-Policy")
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Token")
	h.Set("Access-Control-Max-Age", "600")
	x.ours = true
	x.WriteHeader(http.StatusNoContent)
	return true
}

// hostList knows the names under which the server may be asked. A page on
// another name that resolves to our address (DNS rebinding) is not among them.
type hostList struct{ names, below []string }

func newHostList(hosts []string) hostList {
	var l hostList
	for _, h := range hosts {
		h = strings.ToLower(strings.TrimSuffix(h, "."))
		if strings.HasPrefix(h, "*.") {
			l.below = append(l.below, h[1:])
		} else if h != "" {
			l.names = append(l.names, h)
		}
	}
	return l
}

// takes reports whether host, with or without a port, is one of ours. An absent
// Host (HTTP/1.0) passes: no browser leaves it out.
func (l hostList) takes(host string) bool {
	if host == "" {
		return true
	}
	name := bareHost(host)
	if c := name; c != "" && (c[0] >= '0' && c[0] <= '9' || strings.IndexByte(c, ':') >= 0) {
		if _, err := netip.ParseAddr(c); err == nil {
			return true
		}
	}
	name = strings.TrimSuffix(name, ".")
	if strings.EqualFold(name, "localhost") || below(name, ".local") || below(name, ".localhost") {
		return true
	}
	for _, n := range l.names {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return slices.ContainsFunc(l.below, func(suffix string) bool { return below(name, suffix) })
}

func below(name, suffix string) bool {
	return len(name) > len(suffix) && strings.EqualFold(name[len(name)-len(suffix):], suffix)
}

// bareHost takes port and brackets off.
func bareHost(host string) string {
	if host[0] != '[' && strings.Count(host, ":") <= 1 {
		name, _, _ := strings.Cut(host, ":")
		return name
	}
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	if host[0] == '[' && host[len(host)-1] == ']' {
		return host[1 : len(host)-1]
	}
	return host // not well-formed; it is nobody's name
}
