package wire_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"latchkey/home"
	"latchkey/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve runs h until the test ends or stop is called; stop returns Server's error.
func serve(t *testing.T, ln net.Listener, h http.Handler, limits wire.Limits) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- wire.Server(ctx, ln, h, limits) }()
	called := false
	stop = func() error {
		if called {
			return nil
		}
		called = true
		cancel()
		return <-ended
	}
	t.Cleanup(func() { _ = stop() })
	return stop
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

func dial(t *testing.T, ln net.Listener) net.Conn {
	t.Helper()
	c, err := net.Dial(ln.Addr().Network(), ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

func exchange(t *testing.T, c net.Conn, request string) (int, string) {
	t.Helper()
	fmt.Fprint(c, request)
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return resp.StatusCode, err.Error()
	}
	return resp.StatusCode, string(b)
}

func routes(handlers ...wire.Route) wire.Dialect {
	for i := range handlers {
		handlers[i].Name, handlers[i].Right = fmt.Sprintf("t.%d", i), home.Anyone
	}
	return wire.Dialect{Name: "t", Routes: handlers}
}

func TestServerClosesSlowHeaders(t *testing.T) {
	ln := listen(t)
	serve(t, ln, mount(t, wire.Options{}, web()), wire.Limits{Header: 50 * time.Millisecond})
	c := dial(t, ln)
	fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: local")
	if _, err := io.Copy(io.Discard, c); err != nil {
		t.Errorf("the connection was not closed: %v", err)
	}
}

func TestServerRefusesHugeHeaders(t *testing.T) {
	ln := listen(t)
	serve(t, ln, mount(t, wire.Options{}, web()), wire.Limits{})
	if status, _ := exchange(t, dial(t, ln), "GET / HTTP/1.1\r\nHost: localhost\r\nX: "+strings.Repeat("a", 31<<10)+"\r\n\r\n"); status != 200 {
		t.Errorf("31 KiB: %d", status)
	}
	if status, _ := exchange(t, dial(t, ln), "GET / HTTP/1.1\r\nHost: localhost\r\nX: "+strings.Repeat("a", 33<<10)+"\r\n\r\n"); status != 431 {
		t.Errorf("33 KiB: %d", status)
	}
}

func TestServerAnswersOptionsStarItself(t *testing.T) {
	ln := listen(t)
	serve(t, ln, mount(t, wire.Options{}, web()), wire.Limits{})
	if status, body := exchange(t, dial(t, ln), "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n"); status != 404 || !strings.Contains(body, "path_unknown") {
		t.Errorf("%d %s", status, body)
	}
}

func TestServerReportsASmuggledBody(t *testing.T) {
	ln := listen(t)
	d := alpha()
	serve(t, ln, mount(t, wire.Options{}, d), wire.Limits{})
	for _, head := range []string{
		"Transfer-Encoding: chunked\r\n\r\n5\nabcde\r\n0\r\n\r\n",
		"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
		"Transfer-Encoding: chunked\r\n\r\nzz\r\nabcde\r\n0\r\n\r\n",
	} {
		if status, body := exchange(t, dial(t, ln), "PUT /v1/devices/x HTTP/1.1\r\nHost: localhost\r\n"+head); status != 400 {
			t.Errorf("%q: %d %s", head, status, body)
		}
	}
}

// stranger is a listener whose callers seem to come from another machine.
type stranger struct{ net.Listener }

func (s stranger) Accept() (net.Conn, error) {
	c, err := s.Listener.Accept()
	return strange{c}, err
}

type strange struct{ net.Conn }

func (strange) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 9} }

func TestThisMachineAndProxiesAreNotCounted(t *testing.T) {
	for ln, limits := range map[net.Listener]wire.Limits{
		listen(t):           {PerAddress: 1},
		stranger{listen(t)}: {PerAddress: 1, Proxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}},
	} {
		serve(t, ln, mount(t, wire.Options{}, web()), limits)
		for i := range 3 {
			if status, body := exchange(t, dial(t, ln), "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); status != 200 {
				t.Errorf("connection %d: %d %s", i, status, body)
			}
		}
	}
}

func TestServerSpeaksTLS(t *testing.T) {
	certified := httptest.NewUnstartedServer(nil)
	certified.EnableHTTP2 = true
	certified.StartTLS()
	defer certified.Close()
	d := routes(wire.Route{Method: "GET", Path: "/", Handler: func(w http.ResponseWriter, r *http.Request) error {
		return wire.WriteJSON(w, 200, []any{r.TLS != nil, r.Proto, wire.FromLoopback(r)})
	}})
	ln := listen(t)
	serve(t, ln, mount(t, wire.Options{HSTS: true}, d), wire.Limits{TLS: &tls.Config{Certificates: certified.TLS.Certificates}})
	resp, err := certified.Client().Get("https://" + ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, err := io.ReadAll(resp.Body); err != nil || string(b) != `[true,"HTTP/2.0",true]` || resp.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("%s %v %v", b, err, resp.Header)
	}
	certified.Client().CloseIdleConnections()
}

func TestServerLimitsConnections(t *testing.T) {
	closed := func(c net.Conn) bool {
		status, _ := exchange(t, c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
		return status == 0
	}
	for name, limits := range map[string]wire.Limits{"in all": {Connections: 3}, "of one address": {PerAddress: 3}} {
		ln := stranger{listen(t)}
		serve(t, ln, mount(t, wire.Options{}, web()), limits)
		var held []net.Conn
		for range 3 {
			c := dial(t, ln)
			if closed(c) {
				t.Fatalf("%s: a connection within the limit was closed", name)
			}
			held = append(held, c)
		}
		if !closed(dial(t, ln)) {
			t.Errorf("%s: the fourth of three was served", name)
		}
		held[0].Close()
		again := false
		for i := 0; i < 2000 && !again; i++ { // until the server has seen the close
			again = !closed(dial(t, ln))
		}
		if !again {
			t.Errorf("%s: a closed connection left no room", name)
		}
	}
}

func TestAKeyThatHoldsFreesTheAddress(t *testing.T) {
	d := routes(wire.Route{Method: "GET", Path: "/", Handler: func(w http.ResponseWriter, r *http.Request) error {
		if err := wire.Spend(r, "key", home.TokenKey); err != nil {
			return err
		}
		return wire.WriteJSON(w, 200, "in")
	}})
	ln := stranger{listen(t)}
	serve(t, ln, mount(t, wire.Options{}, d), wire.Limits{PerAddress: 1})
	for i := range 5 {
		if status, body := exchange(t, dial(t, ln), "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); status != 200 {
			t.Fatalf("connection %d: %d %s", i, status, body)
		}
	}
}

func TestServerStops(t *testing.T) {
	begun, let := make(chan struct{}, 2), make(chan struct{})
	d := routes(
		wire.Route{Method: "GET", Path: "/slow", Handler: func(w http.ResponseWriter, _ *http.Request) error {
			begun <- struct{}{}
			<-let
			return wire.WriteJSON(w, 200, "done")
		}},
		wire.Route{Method: "GET", Path: "/stream", Stream: true, Handler: func(w http.ResponseWriter, r *http.Request) error {
			w.(http.Flusher).Flush()
			begun <- struct{}{}
			<-r.Context().Done()
			close(let) // the other one may end only after the stream was told
			return nil
		}})
	ln := listen(t)
	stop := serve(t, ln, mount(t, wire.Options{}, d), wire.Limits{})
	slow, stream := dial(t, ln), dial(t, ln)
	fmt.Fprint(slow, "GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
	fmt.Fprint(stream, "GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
	<-begun
	<-begun
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if status, body := exchange(t, slow, ""); status != 200 || body != `"done"` {
		t.Errorf("a request in work was cut: %d %s", status, body)
	}
	if _, err := net.Dial("tcp", ln.Addr().String()); err == nil {
		t.Error("the listener is still open")
	}
}

// A client that keeps its connection is told with an answer that it ends: its
// next request is not lost in a connection that is closed under it.
func TestServerSaysThatItStops(t *testing.T) {
	ln := listen(t)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	stopping := make(chan struct{})
	go func() {
		ended <- wire.Server(ctx, ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/stop" {
				cancel()
				<-stopping
			}
			fmt.Fprint(w, "yes")
		}), wire.Limits{})
	}()
	kept, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	in := bufio.NewReader(kept)
	ask := func() (*http.Response, error) {
		fmt.Fprint(kept, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
		w, err := http.ReadResponse(in, nil)
		if err == nil {
			_, err = io.Copy(io.Discard, w.Body)
		}
		return w, err
	}
	if w, err := ask(); err != nil || w.Close {
		t.Fatalf("before the stop: %v, %v", w, err)
	}
	go func() {
		if w, err := http.Get("http://" + ln.Addr().String() + "/stop"); err == nil {
			_ = w.Body.Close()
		}
	}()
	<-ctx.Done()
	for { // the stop may not have been seen yet
		w, err := ask()
		if err != nil {
			t.Fatalf("a request on a kept connection has no answer: %v", err)
		}
		if w.Close {
			break
		}
	}
	close(stopping)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestServerCutsWhatDoesNotEnd(t *testing.T) {
	begun := make(chan struct{})
	d := routes(wire.Route{Method: "GET", Path: "/", Handler: func(w http.ResponseWriter, r *http.Request) error {
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return err
		}
		close(begun)
		_, _ = c.Read(make([]byte, 1)) // nothing comes; only closing ends it
		return nil
	}})
	ln := listen(t)
	stop := serve(t, ln, mount(t, wire.Options{}, d), wire.Limits{Stop: 50 * time.Millisecond})
	fmt.Fprint(dial(t, ln), "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
	<-begun
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestFromLoopback(t *testing.T) {
	unix, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	d := routes(wire.Route{Method: "GET", Path: "/", Handler: func(w http.ResponseWriter, r *http.Request) error {
		return wire.WriteJSON(w, 200, wire.FromLoopback(r))
	}})
	for _, ln := range []net.Listener{unix, listen(t)} {
		serve(t, ln, mount(t, wire.Options{}, d), wire.Limits{})
		for header, want := range map[string]string{"": "true", "X-Forwarded-For: 1.2.3.4\r\n": "false", "Forwarded: for=x\r\n": "false", "CF-Connecting-IP: 1.2.3.4\r\n": "false", "via: 1.1 x\r\n": "false",
			"Origin: http://localhost\r\n": "true", "Origin: http://evil.example\r\n": "false", "Origin: null\r\n": "false", "Sec-Fetch-Site: cross-site\r\n": "false", "Sec-Fetch-Site: none\r\n": "true"} {
			if _, got := exchange(t, dial(t, ln), "GET / HTTP/1.1\r\nHost: localhost\r\n"+header+"\r\n"); got != want {
				t.Errorf("%s %q: %s", ln.Addr().Network(), header, got)
			}
		}
	}
}

func TestSlowUploadIsCut(t *testing.T) {
	now := time.Now()
	d := routes(wire.Route{Method: "PUT", Path: "/", Body: wire.UploadBody, Handler: func(w http.ResponseWriter, r *http.Request) error {
		first := make([]byte, 1)
		if _, err := io.ReadFull(r.Body, first); err != nil {
			return err
		}
		now = now.Add(20 * time.Second) // one byte in 20 s
		_, err := io.ReadAll(r.Body)
		return err
	}})
	h := mount(t, wire.Options{Clock: func() time.Time { return now }}, d)
	w := send(h, "PUT", "/", body("many bytes"))
	if w.Code != 400 || !strings.Contains(w.Body.String(), "too slowly") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// timed is a ResponseWriter that remembers the deadlines set.
type timed struct {
	*httptest.ResponseRecorder
	read, write *time.Time
}

func (d *timed) SetReadDeadline(t time.Time) error  { d.read = &t; return nil }
func (d *timed) SetWriteDeadline(t time.Time) error { d.write = &t; return nil }

func TestDeadlines(t *testing.T) {
	begin := time.Unix(1_700_000_000, 0)
	read := func(w http.ResponseWriter, r *http.Request) error {
		_, err := io.ReadAll(r.Body)
		return err
	}
	cases := []struct {
		route       wire.Route
		read, write *time.Time
	}{
		{wire.Route{Body: wire.Body}, nil, nil}, // the server's own deadlines hold
		{wire.Route{Stream: true}, new(time.Time), new(time.Time)},
		{wire.Route{Wait: time.Minute}, nil, ptr(begin.Add(90 * time.Second))},
		{wire.Route{Body: wire.UploadBody}, ptr(begin.Add(15 * time.Second)), ptr(begin.Add(5*time.Minute + 30*time.Second))},
	}
	for _, c := range cases {
		c.route.Method, c.route.Path, c.route.Handler = "POST", "/", read
		h := mount(t, wire.Options{Clock: func() time.Time { return begin }}, routes(c.route))
		w := &timed{ResponseRecorder: httptest.NewRecorder()}
		h.ServeHTTP(w, httptest.NewRequest("POST", "http://localhost/", strings.NewReader("x")))
		if !same(w.read, c.read) || !same(w.write, c.write) {
			t.Errorf("%+v: read %v, write %v; want %v, %v", c.route, w.read, w.write, c.read, c.write)
		}
	}
}

func ptr(t time.Time) *time.Time { return &t }

func same(a, b *time.Time) bool { return a == nil && b == nil || a != nil && b != nil && a.Equal(*b) }

// TestDetach: the server waits for what goes on after its handler, and tells
// it to stop.
func TestDetach(t *testing.T) {
	ended := make(chan struct{})
	d := routes(wire.Route{Method: "GET", Path: "/", Stream: true, Handler: func(w http.ResponseWriter, r *http.Request) error {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return err
		}
		ctx, done := wire.Detach(r.Context())
		go func() {
			defer done()
			_, _ = conn.Write([]byte("HTTP/1.1 204 No Content\r\n\r\n"))
			<-ctx.Done()
			_ = conn.Close()
			close(ended)
		}()
		return nil
	}})
	ln := listen(t)
	ctx, stop := context.WithCancel(t.Context())
	returned := make(chan error, 1)
	go func() { returned <- wire.Server(ctx, ln, mount(t, wire.Options{}, d), wire.Limits{}) }()
	if code, _ := exchange(t, dial(t, ln), "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); code != 204 {
		t.Errorf("answered %d", code)
	}
	select {
	case <-ended:
		t.Error("ended with its handler")
	default:
	}
	stop()
	if err := <-returned; err != nil {
		t.Error(err)
	}
	select {
	case <-ended:
	default:
		t.Error("the server did not wait")
	}
}
