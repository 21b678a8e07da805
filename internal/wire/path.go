package wire

import (
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"latchkey/home"
)

// MaxURL is the longest request target in bytes.
const MaxURL = 8 << 10

// plainPath reports whether p has nothing that another layer could read as
// another path. It is the fast way; suspicious decides on the rest.
func plainPath(p string) bool {
	if p == "" || p[0] != '/' {
		return false
	}
	for i := 0; i < len(p); i++ {
		c := p[i]
		if c == '%' || c == '\\' || c == ';' || c <= ' ' || c >= 0x7f {
			return false
		}
		if c == '/' && i+1 < len(p) && (p[i+1] == '/' || p[i+1] == '.') {
			return false
		}
	}
	return true
}

// suspicious reports whether the escaped path p could mean another path to
// another reader: dot segments and backslashes in any encoding, empty segments,
// "..;", control characters, percent signs that still encode something after one
// decoding. A route then does not exist, whatever its right.
func suspicious(p string) bool {
	if p == "" || p[0] != '/' {
		return true
	}
	segments := strings.Split(p[1:], "/")
	for i, s := range segments {
		if s == "" && i < len(segments)-1 {
			return true
		}
		if oddSegment(s) {
			return true
		}
	}
	return false
}

func oddSegment(raw string) bool {
	s, err := url.PathUnescape(raw)
	if err != nil || !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return r == '\\' || r < ' ' || r == 0x7f }) {
		return true
	}
	for part := range strings.SplitSeq(s, "/") {
		name, _, _ := strings.Cut(part, ";")
		if name = strings.TrimSpace(name); name == "." || name == ".." {
			return true
		}
	}
	for rest := s; ; {
		_, after, ok := strings.Cut(rest, "%")
		if !ok {
			return false
		}
		if len(after) >= 2 && isHex(after[0]) && isHex(after[1]) {
			return true
		}
		rest = after
	}
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// owns reports whether prefix is path or a whole part of its beginning.
func owns(prefix, path string) bool {
	prefix = strings.TrimSuffix(prefix, "/")
	return strings.HasPrefix(path, prefix) && (len(path) == len(prefix) || path[len(prefix)] == '/')
}

// owner returns the dialect that the path belongs to and how long its prefix
// is; nil and 0 when none owns it.
func (m *mounted) owner(path string) (*Dialect, int) {
	var best *Dialect
	length := 0
	for i := range m.dialects {
		for _, p := range m.dialects[i].Prefixes {
			p = strings.TrimSuffix(p, "/")
			if owns(p, path) && (best == nil || len(p) > length) {
				best, length = &m.dialects[i], len(p)
			}
		}
	}
	return best, length
}

// foreign reports whether a catch-all route has caught a path that a dialect
// with a longer prefix owns.
func (m *mounted) foreign(rt *Route, path string) bool {
	open := strings.IndexByte(rt.Path, '{')
	literal := rt.Path
	if open >= 0 {
		literal = rt.Path[:open]
	}
	d, length := m.owner(path)
	return d != nil && d != rt.dialect && length > len(strings.TrimSuffix(literal, "/"))
}

// catchAll reports whether a pattern matches paths of any length.
func catchAll(pattern string) bool {
	return strings.HasSuffix(pattern, "/") || strings.HasSuffix(pattern, "...}")
}

// unmatched answers a request for which there is no route.
func (m *mounted) unmatched(x *exchange, r *http.Request) {
	x.ours, x.swallow = true, false
	h := x.Header()
	h.Del("Content-Type")
	h.Del("Content-Length")
	h.Del("Allow")
	d, _ := m.owner(r.URL.Path)
	if allowed := m.allowed(r); len(allowed) > 0 {
		h.Set("Allow", strings.Join(allowed, ", "))
		d.fail(x, r, home.Errorf(home.Invalid, "%.20s is not a method of this path; it takes %s", r.Method, strings.Join(allowed, ", ")).Because(ReasonMethod))
		return
	}
	if r.Method == http.MethodTrace || r.Method == http.MethodConnect {
		h.Set("Allow", "GET, POST")
		d.fail(x, r, home.Errorf(home.Invalid, "%s is not accepted here", r.Method).Because(ReasonMethod))
		return
	}
	d.fail(x, r, home.Errorf(home.NotFound, "there is nothing at this path").Because("path_unknown"))
}

// allowed returns the methods that the path of r has routes for.
func (m *mounted) allowed(r *http.Request) []string {
	if suspicious(r.URL.EscapedPath()) {
		return nil
	}
	probe := &http.Request{URL: r.URL, Host: r.Host, Header: http.Header{}}
	var found []string
	for _, method := range methods() {
		probe.Method = method
		h, pattern := m.mux.Handler(probe)
		b, ok := h.(*bound)
		if pattern == "" || !ok || b.wide && m.foreign(b.route, r.URL.Path) {
			continue
		}
		found = append(found, method)
		if method == http.MethodGet {
			found = append(found, http.MethodHead)
		}
	}
	return found
}
