package wire_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
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

func TestServerLimitsConnections(t *testing.T) {
	closed := func(c net.Conn) bool {
		status, _ := exchange(t, c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
		return status == 0
	}
	for name, limits := range map[string]wire.Limits{"in all": {Connections: 3}, "of one address": {PerAddress: 3}} {
		ln := listen(t)
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
	ln := listen(t)
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
		for header, want := range map[string]string{"": "true", "X-Forwarded-For: 1.2.3.4\r\n": "false", "Forwarded: for=x\r\n": "false", "CF-Connecting-IP: 1.2.3.4\r\n": "false", "via: 1.1 x\r\n": "false"} {
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
