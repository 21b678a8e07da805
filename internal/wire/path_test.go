package wire_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"strings"
	"testing"

	"latchkey/internal/wire"
)

// FuzzPath: the route that answers a path is the one that a reader would find
// who decodes it once more, resolves its dots and takes backslashes for slashes.
func FuzzPath(f *testing.F) {
	for _, p := range []string{"/v1/devices", "/v1/%2e%2e/x", "/v1/api/state/abc", "/v1/..;/devices", "//v1/devices", "/a/%252e%252e/v1/devices", "/v1/devices/", "/x/..%5cv1/devices", "/v1/devices/%E2%80%8B", "/%76%31/devices", "/v1/devices/a%20"} {
		f.Add(p)
	}
	h := mount(f, wire.Options{}, alpha(), web())
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := url.ParseRequestURI(raw)
		if err != nil || !strings.HasPrefix(raw, "/") || u.Host != "" || strings.Contains(strings.ToLower(raw), "%2f") || len(raw) > 1000 {
			return
		}
		got := routeFor(t, h, u)
		if got == "" {
			return
		}
		again, err := url.PathUnescape(u.Path)
		if err != nil {
			again = u.Path
		}
		again = path.Clean(strings.ReplaceAll(again, "\\", "/"))
		if other := routeFor(t, h, &url.URL{Path: again}); other != got {
			t.Fatalf("%q is %s, read again as %q it is %q", raw, got, again, other)
		}
	})
}

// routeFor returns the name of the route that answers GET u, or "".
func routeFor(t *testing.T, h http.Handler, u *url.URL) string {
	r := httptest.NewRequest("GET", "http://localhost/", nil)
	r.URL, r.RequestURI = u, u.RequestURI()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != 200 {
		return ""
	}
	var body struct{ Route string }
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("%s: %v in %s", u, err, w.Body)
	}
	return body.Route
}
