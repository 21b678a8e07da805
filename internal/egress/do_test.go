package egress_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/home"
	"latchkey/internal/egress"
)

// hasty gives requests little time.
func hasty(c *egress.Config) {
	c.Timeouts = egress.Timeouts{Connect: 200 * time.Millisecond, Header: 100 * time.Millisecond, Total: 300 * time.Millisecond}
}

func TestDoSendsWhatItIsTold(t *testing.T) {
	g, hostport, base := target(t, func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("X-Seen", r.Header.Get("Accept-Encoding")+r.Header.Get("Via"))
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprintf(w, "%s %s %s %s %s", r.Method, r.URL, r.Host, r.Header.Get("X-A"), b)
	})
	t.Setenv("HTTP_PROXY", "http://192.0.2.1:1")
	got, err := g.Do(t.Context(), egress.Principal{}, egress.Request{Method: "POST", URL: base + "/p?q=1#f", Header: http.Header{"X-A": {"b"}}, Body: []byte("hello")})
	if err != nil {
		t.Fatal(err)
	}
	if want := "POST /p?q=1 " + hostport + " b hello"; got.Status != 418 || string(got.Body) != want || got.Header.Get("X-Seen") != "" || got.Took <= 0 {
		t.Errorf("%+v %s", got, got.Body)
	}
}

func TestDoRefusesTheTransportsHeaders(t *testing.T) {
	g, _, base := target(t, func(http.ResponseWriter, *http.Request) { t.Error("reached") })
	for name, value := range map[string]string{"Host": "evil", "connection": "x", "Transfer-Encoding": "chunked", "Content-Length": "1", "Proxy-Authorization": "x", "Upgrade": "h2c", "X-A": "b\r\nX-B: c", "X A": "b", "": "x"} {
		if _, err := g.Do(t.Context(), egress.Principal{}, egress.Request{URL: base, Header: http.Header{name: {value}}}); home.CodeOf(err) != home.Invalid {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, method := range []string{"CONNECT", "TRACE", "GET / HTTP/1.1\r\nX: y", "get"} {
		if _, err := g.Do(t.Context(), egress.Principal{}, egress.Request{URL: base, Method: method}); home.CodeOf(err) != home.Invalid {
			t.Errorf("%q: %v", method, err)
		}
	}
}

func TestAnswersAreCutAndNotUnpacked(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	if _, err := z.Write(make([]byte, 10<<20)); err != nil {
		t.Fatal(err)
	}
	z.Close()
	var sent atomic.Int64
	g, _, base := target(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/bomb" {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb.Bytes())
			return
		}
		w.Header().Set("Content-Length", fmt.Sprint(10<<30))
		for block := make([]byte, 64<<10); ; {
			n, err := w.Write(block)
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	})
	got, err := g.Do(t.Context(), egress.Principal{}, egress.Request{URL: base + "/endless"})
	if err != nil || len(got.Body) != egress.MaxAnswer || !got.Truncated {
		t.Errorf("endless: %v, %d bytes, truncated %v", err, len(got.Body), got.Truncated)
	}
	got, err = g.Do(t.Context(), egress.Principal{}, egress.Request{URL: base + "/bomb"})
	if err != nil || !bytes.Equal(got.Body, bomb.Bytes()[:min(bomb.Len(), egress.MaxAnswer)]) {
		t.Errorf("bomb: %v, %d bytes", err, len(got.Body))
	}
	if n := sent.Load(); n > 64<<20 {
		t.Errorf("%d bytes were taken in", n)
	}
}

func TestSlowTargetsEnd(t *testing.T) {
	cases := map[string]http.HandlerFunc{
		"hangs before the head": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"hangs in the body": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(200)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
		"drips": func(w http.ResponseWriter, r *http.Request) {
			tick := time.NewTicker(5 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
					fmt.Fprint(w, ".")
					_ = http.NewResponseController(w).Flush()
				case <-r.Context().Done():
					return
				}
			}
		},
	}
	for name, h := range cases {
		g, _, base := target(t, h, hasty)
		if _, err := g.Do(t.Context(), egress.Principal{}, egress.Request{URL: base}); told(err) != "egress_timeout" || home.CodeOf(err) != home.Unavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestASilentListenerEnds(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	c := egress.Config{Allow: []string{ln.Addr().String()}}
	hasty(&c)
	for _, scheme := range []string{"http://", "https://"} {
		if _, err := egress.New(c).Do(t.Context(), egress.Principal{}, egress.Request{URL: scheme + ln.Addr().String()}); told(err) != "egress_timeout" {
			t.Errorf("%s: %v", scheme, err)
		}
	}
}

func TestUnreachableAndBadTLS(t *testing.T) {
	s := httptest.NewTLSServer(http.NotFoundHandler())
	s.Config.ErrorLog = nil
	defer s.Close()
	g := egress.New(egress.Config{Allow: []string{s.Listener.Addr().String(), "127.0.0.1:1"}})
	for _, raw := range []string{s.URL, "http://127.0.0.1:1/", "http://" + s.Listener.Addr().String()} {
		got, err := g.Do(t.Context(), egress.Principal{}, egress.Request{URL: raw + "/?token=secret"})
		if raw[:5] == "http:" && err == nil && got.Status == 400 {
			continue // the TLS server says in plain HTTP that it wants TLS
		}
		if told(err) != "egress_unreachable" || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", raw, err)
		}
	}
	trusting := egress.New(egress.Config{Allow: []string{s.Listener.Addr().String()}, Roots: s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs})
	if got, err := trusting.Do(t.Context(), egress.Principal{}, egress.Request{URL: s.URL}); err != nil || got.Status != 404 {
		t.Errorf("%+v %v", got, err)
	}
}

func TestRedirects(t *testing.T) {
	g, hostport, base := target(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/once":
			http.Redirect(w, r, "/end?from=once", http.StatusFound)
		case "/keep":
			http.Redirect(w, r, "/end", http.StatusTemporaryRedirect)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/other":
			http.Redirect(w, r, "http://localhost"+r.Host[strings.LastIndex(r.Host, ":"):]+"/end", http.StatusFound)
		case "/tls":
			http.Redirect(w, r, "https://"+r.Host+"/end", http.StatusFound)
		case "/nowhere":
			w.WriteHeader(http.StatusFound)
		default:
			b, err := io.ReadAll(r.Body)
			fmt.Fprintf(w, "%s %q %q %v", r.Method, r.Header.Get("Authorization"), b, err)
		}
	})
	send := func(path string, hops int) (egress.Response, error) {
		return g.Do(t.Context(), egress.Principal{}, egress.Request{Method: "POST", URL: base + path, Hops: hops, Body: []byte("b"), Header: http.Header{"Authorization": {"Bearer x"}}})
	}
	if got, err := send("/once", 0); told(err) != "egress_redirect" || got.Status != 302 {
		t.Errorf("not asked for: %d %v", got.Status, err)
	}
	if got, err := send("/once", 1); err != nil || string(got.Body) != `GET "" "" <nil>` {
		t.Errorf("302: %s %v", got.Body, err)
	}
	if got, err := send("/keep", 1); err != nil || string(got.Body) != `POST "" "b" <nil>` {
		t.Errorf("307: %s %v", got.Body, err)
	}
	for _, path := range []string{"/loop", "/other", "/tls", "/nowhere"} {
		if _, err := send(path, 99); told(err) != "egress_redirect" {
			t.Errorf("%s (%s): %v", path, hostport, err)
		}
	}
}

func TestTwoAtATimePerTarget(t *testing.T) {
	var now, most atomic.Int64
	g, _, base := target(t, func(http.ResponseWriter, *http.Request) {
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		now.Add(-1)
	})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := g.Do(t.Context(), egress.Principal{}, egress.Request{URL: base}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if m := most.Load(); m > 2 {
		t.Errorf("%d at a time", m)
	}
}

func TestABusyTargetIsSaidToBeBusy(t *testing.T) {
	begun, let := make(chan struct{}), make(chan struct{})
	g, _, base := target(t, func(http.ResponseWriter, *http.Request) { begun <- struct{}{}; <-let })
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			if _, err := g.Do(t.Context(), egress.Principal{}, egress.Request{URL: base}); err != nil {
				t.Error(err)
			}
		})
		<-begun
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := g.Do(gone, egress.Principal{}, egress.Request{URL: base}); told(err) != "egress_busy" {
		t.Errorf("%v", err)
	}
	close(let)
	wg.Wait()
}

func TestConnectionsAreNotShared(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]bool{}
	g, _, base := target(t, func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen[r.RemoteAddr] = true
	})
	for i := range 5 {
		if _, err := g.Do(t.Context(), egress.Principal{House: home.ID(fmt.Sprint(i))}, egress.Request{URL: base}); err != nil {
			t.Fatal(err)
		}
	}
	if len(seen) != 5 {
		t.Errorf("%d connections for 5 requests", len(seen))
	}
}

func TestACancelledRequestEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	g, _, base := target(t, func(_ http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() })
	if _, err := g.Do(ctx, egress.Principal{}, egress.Request{URL: base}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
