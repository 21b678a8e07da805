package wire_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"latchkey/home"
	"latchkey/internal/wire"
)

func ok(w http.ResponseWriter, r *http.Request) error {
	return wire.WriteJSON(w, http.StatusOK, map[string]string{"route": wire.RouteOf(r).Name})
}

func alpha() wire.Dialect {
	return wire.Dialect{
		Name: "alpha", Prefixes: []string{"/v1"}, TrailingSlash: true,
		Fail: func(w http.ResponseWriter, _ *http.Request, e *home.Error) {
			wire.FailHeaders(w, e)
			_ = wire.WriteJSON(w, wire.StatusOf(e), map[string]string{"alpha": e.Message})
		},
		Routes: []wire.Route{
			{Method: "GET", Path: "/v1/devices", Name: "alpha.devices", Right: home.ReadDevice, Class: wire.Read, Handler: ok},
			{Method: "PUT", Path: "/v1/devices/{id}", Name: "alpha.device", Right: home.WriteDevice, Body: 64, Sample: "/v1/devices/x", Handler: echo},
			{Method: "POST", Path: "/v1/api/state/{key}", Name: "alpha.state", Right: home.WriteState, Body: wire.StateBody, Class: wire.Ingest,
				URLSecret: "key", Sample: "/v1/api/state/k", Handler: ok},
			{Method: "GET", Path: "/v1/panic", Name: "alpha.panic", Right: home.Anyone, Handler: func(http.ResponseWriter, *http.Request) error { panic("kaboom") }},
			{Method: "GET", Path: "/v1/broken", Name: "alpha.broken", Right: home.Anyone, Handler: func(http.ResponseWriter, *http.Request) error {
				return errors.New("select * from secrets")
			}},
		},
	}
}

func echo(w http.ResponseWriter, r *http.Request) error {
	b, err := wire.ReadBody(r, wire.Body)
	if err != nil {
		return err
	}
	return wire.WriteJSON(w, http.StatusOK, string(b))
}

func web() wire.Dialect {
	return wire.Dialect{Name: "web", Routes: []wire.Route{{Method: "GET", Path: "/", Name: "web.page", Right: home.Anyone, Class: wire.Read, Handler: ok}}}
}

func mount(t testing.TB, o wire.Options, dialects ...wire.Dialect) http.Handler {
	t.Helper()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	h, err := wire.Mount(dialects, o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// send builds a request without judging its path, as a hostile client would.
func send(h http.Handler, method, target string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://localhost/", nil)
	r.RequestURI, r.Host = target, "localhost"
	if err := setURL(r, target); err != nil {
		panic(err)
	}
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func setURL(r *http.Request, target string) error {
	u, err := r.URL.Parse("http://localhost")
	if err != nil {
		return err
	}
	path, query, _ := strings.Cut(target, "?")
	u.RawQuery, u.RawPath = query, path
	if u.Path, err = unescape(path); err != nil {
		return err
	}
	r.URL = u
	return nil
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func body(s string) func(*http.Request) {
	return func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(s)), int64(len(s))
	}
}

func TestAnswersInTheOwnersShape(t *testing.T) {
	h := mount(t, wire.Options{}, alpha(), web())
	long := strings.Repeat("a", 9000)
	cases := []struct {
		method, target string
		status         int
		body           string
	}{
		{"GET", "/v1/devices", 200, `"alpha.devices"`},
		{"GET", "/v1/devices/", 200, `"alpha.devices"`},
		{"HEAD", "/v1/devices", 200, ``},
		{"GET", "/v1/nothing", 404, `"alpha"`},
		{"POST", "/v1/nothing", 404, `"alpha"`},
		{"GET", "/v1", 404, `"alpha"`},
		{"GET", "/v10", 200, `"web.page"`},
		{"POST", "/v1/devices", 405, `"alpha"`},
		{"GET", "/v1/devices/x", 405, `"alpha"`},
		{"TRACE", "/v1/devices", 405, `"alpha"`},
		{"CONNECT", "/v1/devices", 405, `"alpha"`},
		{"BREW", "/v1/devices", 405, `"alpha"`},
		{"TRACE", "/elsewhere", 405, `"method_not_allowed"`},
		{"POST", "/elsewhere", 405, `"method_not_allowed"`},
		{"GET", "/" + long, 414, `"uri_too_long"`},
		{"GET", "/v1/" + long, 414, `"alpha"`},
		{"GET", "/v1/panic", 500, `"alpha"`},
		{"GET", "/v1/broken", 500, `our side`},
		{"PUT", "/v1/devices/x", 200, ``},
	}
	for _, c := range cases {
		w := send(h, c.method, c.target)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.body) {
			t.Errorf("%s %.40s: %d %s, want %d with %s", c.method, c.target, w.Code, w.Body, c.status, c.body)
		}
		if c.status == 405 && w.Header().Get("Allow") == "" {
			t.Errorf("%s %s: no Allow", c.method, c.target)
		}
		if strings.Contains(w.Body.String(), "secrets") || strings.Contains(w.Body.String(), "kaboom") {
			t.Errorf("%s %s: the answer tells what happened inside: %s", c.method, c.target, w.Body)
		}
		for _, name := range []string{"X-Request-Id", "Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Cache-Control"} {
			if w.Header().Get(name) == "" {
				t.Errorf("%s %.40s: header %s is missing", c.method, c.target, name)
			}
		}
		if got := w.Header().Get("Access-Control-Allow-Origin"); got != "" {
			t.Errorf("%s %s: CORS for %q", c.method, c.target, got)
		}
	}
}

func TestAllowNamesTheMethods(t *testing.T) {
	h := mount(t, wire.Options{}, alpha(), web())
	if got := send(h, "DELETE", "/v1/devices").Header().Get("Allow"); got != "GET, HEAD" {
		t.Errorf("Allow: %q", got)
	}
	if got := send(h, "DELETE", "/v1/devices/x").Header().Get("Allow"); got != "PUT" {
		t.Errorf("Allow: %q", got)
	}
}

func TestPathTricksReachNoRoute(t *testing.T) {
	h := mount(t, wire.Options{}, alpha(), web())
	tricks := []string{
		"/v1/./devices", "/v1/../v1/devices", "/v1/%2e/devices", "/v1/%2e%2e/devices", "/v1/.%2e/devices", "/v1/%252e%252e/devices",
		"/v1/..;/devices", "/v1/..;x=1/devices", "//v1/devices", "/v1//devices", "/v1/devices//", "/v1\\devices", "/v1/%5cdevices", "/v1/%09devices",
		"/v1/devices%00", "/v1/..%2fdevices", "/v1/..%5cdevices", "/v1/%252fdevices", "/static/..%2f..%2fetc/passwd", "/app/.%252e/x", "/v1/devices%c0%af",
		"/v1/ ../devices", "/v1/%20../devices",
	}
	for _, path := range tricks {
		if w := send(h, "GET", path); w.Code != 404 {
			t.Errorf("GET %s: %d %s", path, w.Code, w.Body)
		}
	}
	for _, path := range []string{"/v1/devices/a%2Fb", "/v1/devices/a%20b", "/v1/devices/50%25", "/v1/devices/a;b", "/v1/devices/.hidden", "/v1/devices/a..b", "/v1/devices/caf%C3%A9"} {
		if w := send(h, "PUT", path); w.Code != 200 {
			t.Errorf("PUT %s: %d %s", path, w.Code, w.Body)
		}
	}
}

func TestBodyLimits(t *testing.T) {
	h := mount(t, wire.Options{}, alpha())
	fits, over := strings.Repeat("a", 64), strings.Repeat("a", 65)
	if w := send(h, "PUT", "/v1/devices/x", body(fits)); w.Code != 200 {
		t.Errorf("64 bytes: %d %s", w.Code, w.Body)
	}
	if w := send(h, "PUT", "/v1/devices/x", body(over)); w.Code != 413 {
		t.Errorf("65 bytes: %d", w.Code)
	}
	unsaid := func(r *http.Request) { body(over)(r); r.ContentLength = -1 }
	if w := send(h, "PUT", "/v1/devices/x", unsaid); w.Code != 413 || w.Header().Get("Connection") != "close" {
		t.Errorf("65 bytes, length unsaid: %d %v", w.Code, w.Header())
	}
	if w := send(h, "GET", "/v1/devices", body("{}")); w.Code != 200 {
		t.Errorf("a small body where none is read: %d", w.Code)
	}
	if w := send(h, "GET", "/v1/devices", body(strings.Repeat("a", 17<<10))); w.Code != 413 {
		t.Errorf("a large body where none is read: %d", w.Code)
	}
	if w := send(h, "PUT", "/v1/devices/x", body("a"), header("Content-Encoding", "gzip")); w.Code != 415 {
		t.Errorf("gzip: %d", w.Code)
	}
}

func TestProblemCarriesTheRequestID(t *testing.T) {
	w := send(mount(t, wire.Options{}, web()), "POST", "/x")
	var p wire.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	if p.Instance == "" || p.Instance != w.Header().Get("X-Request-Id") || p.Status != 405 || p.Type != "urn:latchkey:error:method_not_allowed" {
		t.Errorf("%+v", p)
	}
	if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("content type %q", got)
	}
}

func TestMountRefusesBadTables(t *testing.T) {
	good := wire.Route{Method: "GET", Path: "/a", Name: "a", Right: home.Anyone, Handler: ok}
	with := func(change func(*wire.Route)) []wire.Route {
		bad := good
		change(&bad)
		return []wire.Route{bad}
	}
	tables := map[string][]wire.Route{
		"no right":           with(func(r *wire.Route) { r.Right = "" }),
		"unknown right":      with(func(r *wire.Route) { r.Right = "x" }),
		"no name":            with(func(r *wire.Route) { r.Name = "" }),
		"no handler":         with(func(r *wire.Route) { r.Handler = nil }),
		"unknown method":     with(func(r *wire.Route) { r.Method = "BREW" }),
		"begin with a slash": with(func(r *wire.Route) { r.Path = "a" }),
		"no sample":          with(func(r *wire.Route) { r.Path = "/a/{b}" }),
		"no wildcard":        with(func(r *wire.Route) { r.URLSecret = "key" }),
		"already taken":      {good, good},
		"conflicts":          {{Method: "GET", Path: "/{a}/b", Name: "1", Right: home.Anyone, Sample: "/x/b", Handler: ok}, {Method: "GET", Path: "/b/{a}", Name: "2", Right: home.Anyone, Sample: "/b/x", Handler: ok}},
	}
	for want, routes := range tables {
		if _, err := wire.Mount([]wire.Dialect{{Name: "d", Routes: routes}}, wire.Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestLogHoldsNoSecret(t *testing.T) {
	var log bytes.Buffer
	h := mount(t, wire.Options{Log: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}, alpha(), web())
	const key, old = "lk_key_0123456789abcdefghijklmnopqrstab12", "8f4e2c0b9a7d6e5f4c3b2a190817263548f4e2c0b9a7d6e5f4c3b2a1908172635499aabbccddeeff"
	send(h, "POST", "/v1/api/state/"+key)
	send(h, "POST", "/v1/api/state/"+old)
	send(h, "POST", "/v1/api/unknown/"+old)
	send(h, "GET", "/v1/devices?access_token=short-secret&key="+key+"&x="+old)
	send(h, "GET", "/v1/devices", header("Authorization", "Bearer "+key), header("Cookie", "latchkey="+key))
	send(h, "GET", "/"+key)
	for _, secret := range []string{key, old, "short-secret"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log holds %s:\n%s", secret, log.String())
		}
	}
	if !strings.Contains(log.String(), "/v1/api/state/lk_key_...ab12") {
		t.Errorf("the log does not tell the key:\n%s", log.String())
	}
	if n := strings.Count(log.String(), "\n"); n != 6 {
		t.Errorf("%d lines for 6 requests", n)
	}
}

// What goes wrong is told in the log, once each; that nothing can be done for the
// time being is not told again for every request that hears so.
func TestLogIsNotFlooded(t *testing.T) {
	var log bytes.Buffer
	fails := func(err error) wire.Route {
		return wire.Route{Right: home.Anyone, Handler: func(http.ResponseWriter, *http.Request) error { return err }}
	}
	broken, busy := fails(errors.New("broken")), fails(home.Errorf(home.Unavailable, "the disk is full"))
	broken.Method, broken.Path, broken.Name = "GET", "/broken", "d.broken"
	busy.Method, busy.Path, busy.Name = "GET", "/busy", "d.busy"
	h := mount(t, wire.Options{Log: slog.New(slog.NewTextHandler(&log, nil))}, wire.Dialect{Name: "d", Routes: []wire.Route{broken, busy}})
	for range 5 {
		if w := send(h, "GET", "/busy"); w.Code != http.StatusServiceUnavailable {
			t.Fatalf("busy: %d", w.Code)
		}
	}
	if log.Len() > 0 {
		t.Errorf("503 is in the log:\n%s", log.String())
	}
	if send(h, "GET", "/broken"); !strings.Contains(log.String(), "status=500") {
		t.Errorf("500 is not in the log:\n%s", log.String())
	}
}

func TestFailureAfterTheFirstByteCutsTheConnection(t *testing.T) {
	d := wire.Dialect{Name: "d", Routes: []wire.Route{{Method: "GET", Path: "/", Name: "d.half", Right: home.Anyone, Handler: func(w http.ResponseWriter, _ *http.Request) error {
		fmt.Fprint(w, "half of it")
		w.(http.Flusher).Flush()
		return errors.New("then nothing")
	}}}}
	s := httptest.NewServer(mount(t, wire.Options{}, d))
	defer s.Close()
	resp, err := http.Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, err := io.ReadAll(resp.Body); err == nil {
		t.Errorf("a cut answer looks whole: %q", b)
	}
}

// counts is Metrics that remembers.
type counts struct {
	done    []string
	refused []wire.Class
}

func (c *counts) Done(rt *wire.Route, status int, took time.Duration, sent int64) {
	name := "none"
	if rt != nil {
		name = rt.Name
	}
	c.done = append(c.done, fmt.Sprintf("%s %d %v %d", name, status, took, sent))
}

func (c *counts) Refused(class wire.Class) { c.refused = append(c.refused, class) }

func TestMetricsHearOfEveryAnswer(t *testing.T) {
	now := time.Unix(1, 0)
	clock := func() time.Time { now = now.Add(time.Millisecond); return now }
	var c counts
	h := mount(t, wire.Options{Metrics: &c, Clock: clock}, alpha())
	send(h, "GET", "/v1/devices")
	send(h, "GET", "/v1/panic")
	send(h, "GET", "/nothing")
	send(h, "GET", "/", host("evil.example"))
	if len(c.done) != 4 || c.done[0] != "alpha.devices 200 1ms 25" || !strings.HasPrefix(c.done[1], "alpha.panic 500") || !strings.HasPrefix(c.done[2], "none 404") || !strings.HasPrefix(c.done[3], "none 421") {
		t.Errorf("%q", c.done)
	}
}
