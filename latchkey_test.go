package latchkey_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"latchkey"
	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/settings"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func config() latchkey.Config {
	s := settings.Default(func(string) string { return "" })
	s.Limits.VisitorRate = 0
	return latchkey.Config{Settings: s, Store: "memory", Version: "1.2.3"}
}

// open opens a house and closes it at the end of the test.
func open(t *testing.T, c latchkey.Config) *latchkey.Latchkey {
	t.Helper()
	l, err := latchkey.Open(t.Context(), c, latchkey.Usual(c))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// serve serves l on a free port and returns its address and what stops it.
func serve(t *testing.T, l *latchkey.Latchkey) (url string, stop func() error) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- l.Serve(ctx, ln) }()
	var done bool
	stop = func() error {
		if done {
			return nil
		}
		done = true
		cancel()
		return <-ended
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	url = "http://" + ln.Addr().String()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		if status, _ := get(t, url+"/readyz", nil); status == http.StatusOK {
			return url, stop
		}
	}
	t.Fatal("the house is not ready")
	return "", nil
}

func get(t *testing.T, url string, header http.Header) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	transport := &http.Transport{DisableKeepAlives: true}
	w, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	b, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.StatusCode, string(b)
}

// owner sets a house up and returns its owner's identity and token.
func owner(t *testing.T, h *hub.Hub) (*home.Identity, string) {
	t.Helper()
	made, err := h.Setup(t.Context(), hub.SetupRequest{Username: "ada", Password: "a long enough one", Loopback: true})
	if err != nil {
		t.Fatal(err)
	}
	id, err := h.Identify(t.Context(), hub.Credential{Secret: made.Token})
	if err != nil {
		t.Fatal(err)
	}
	return id, made.Token
}

// furnish makes a lamp.
func furnish(t *testing.T, h *hub.Hub, id *home.Identity) {
	t.Helper()
	zero, one := 0.0, 1.0
	if _, err := h.CreateDevice(t.Context(), id, hub.NewDevice{Name: "Lamp", ExternalID: "lamp", Driver: "virtual",
		Features: []hub.NewFeature{{ExternalID: "lamp:on", Category: "light", Type: "binary", Min: &zero, Max: &one}}}); err != nil {
		t.Fatal(err)
	}
}

func TestRunCallsAnActionInTheHouse(t *testing.T) {
	l := open(t, config())
	if _, err := l.Run(t.Context(), "", "device.command", nil); home.CodeOf(err) != home.NotFound {
		t.Errorf("without a house: %v", err)
	}
	id, _ := owner(t, l.Hub())
	furnish(t, l.Hub(), id)
	if _, err := l.Run(t.Context(), "", "device.command", json.RawMessage(`{"feature":"lamp:on","value":1}`)); err != nil {
		t.Fatal(err)
	}
	if _, _, s, err := l.Hub().FeatureOf(t.Context(), id, "lamp:on"); err != nil || s == nil || s.Value.Number != 1 {
		t.Errorf("the lamp is %+v, %v", s, err)
	}
	if _, err := l.Run(t.Context(), id.House, "no.such.action", nil); home.CodeOf(err) != home.NotFound {
		t.Errorf("unknown action: %v", err)
	}
}

func TestSceneRunsOverHTTPAndSafeModeKeepsItOff(t *testing.T) {
	for _, safe := range []bool{false, true} {
		c := config()
		c.Settings.SafeMode = safe
		l := open(t, c)
		id, token := owner(t, l.Hub())
		furnish(t, l.Hub(), id)
		if _, err := l.Hub().CreateScene(t.Context(), id, home.Scene{Name: "bell", Enabled: true,
			Triggers: []home.Trigger{{Type: "event", Settings: json.RawMessage(`{"type":"event","event":"custom.bell"}`)}},
			Steps:    []home.Step{{Action: "device.command", Args: json.RawMessage(`{"feature":"lamp:on","value":1}`)}}}); err != nil {
			t.Fatal(err)
		}
		url, stop := serve(t, l)
		stream, err := l.Hub().Follow(t.Context(), id, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Hub().Tell(t.Context(), id, hub.NewEvent{Type: "bell"}); err != nil {
			t.Fatal(err)
		}
		ran := false
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		for !ran {
			if safe {
				// Nothing more is to come; one command by hand marks the end.
				if _, err := l.Hub().Tell(ctx, id, hub.NewEvent{Type: "end"}); err != nil {
					t.Fatal(err)
				}
			}
			entries, err := stream.Next(ctx, 100)
			if err != nil {
				t.Fatalf("safe mode %v: %v", safe, err)
			}
			end := false
			for _, e := range entries {
				ran = ran || e.State != nil
				end = end || e.Event != nil && e.Event.Type == "custom.end"
			}
			if end {
				break
			}
		}
		cancel()
		if ran == safe {
			t.Errorf("with safe mode %v the scene ran: %v", safe, ran)
		}
		status, body := get(t, url+"/api/latchkey/v1/devices", http.Header{"Authorization": {"Bearer " + token}})
		if status != http.StatusOK || !strings.Contains(body, "lamp:on") {
			t.Errorf("devices: %d %s", status, body)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	}
}

func TestOperations(t *testing.T) {
	c := config()
	c.Settings.Server.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	l := open(t, c)
	_, token := owner(t, l.Hub())
	url, _ := serve(t, l)
	outside := func(extra ...string) http.Header {
		h := http.Header{"X-Forwarded-For": {"203.0.113.7"}}
		for i := 0; i+1 < len(extra); i += 2 {
			h[extra[i]] = []string{extra[i+1]}
		}
		return h
	}
	for name, c := range map[string]struct {
		path   string
		header http.Header
		status int
		says   string
	}{
		"health":                       {"/healthz", outside(), 200, `{"status":"ok"}`},
		"ready":                        {"/readyz", outside(), 200, "ready"},
		"metrics from here":            {"/metrics", nil, 200, `latchkey_info{version="1.2.3"} 1`},
		"metrics from outside":         {"/metrics", outside(), 401, "credential_missing"},
		"metrics with an operator key": {"/metrics", outside("Authorization", "Bearer "+token), 200, "latchkey_http_requests_total"},
		"metrics with a wrong key":     {"/metrics", outside("Authorization", "Bearer lk_pat_nothing"), 401, "credential"},
		"profiles":                     {"/debug/pprof/", nil, 404, "path_unknown"},
		"unknown":                      {"/v1/nothing/here", nil, 404, "path_unknown"},
	} {
		if status, body := get(t, url+c.path, c.header); status != c.status || !strings.Contains(body, c.says) {
			t.Errorf("%s: %d %.300s", name, status, body)
		}
	}
}

func TestStopEndsStreamsAndKeepsWhatWasTakenIn(t *testing.T) {
	l := open(t, config())
	_, token := owner(t, l.Hub())
	url, stop := serve(t, l)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/api/latchkey/v1/events/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	transport := &http.Transport{DisableKeepAlives: true}
	w, err := transport.RoundTrip(r)
	if err != nil || w.StatusCode != http.StatusOK {
		t.Fatal(w, err)
	}
	began := time.Now()
	if err := stop(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("stopping took %s", took)
	}
	if _, err := io.ReadAll(w.Body); err != nil {
		t.Errorf("the stream was cut instead of ended: %v", err)
	}
	if err := w.Body.Close(); err != nil {
		t.Error(err)
	}
}

func TestDemoKeepsOutgoingRequests(t *testing.T) {
	called := make(chan struct{}, 1)
	target, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	go func() {
		if c, err := target.Accept(); err == nil {
			called <- struct{}{}
			_ = c.Close()
		}
	}()
	c := config()
	c.Demo, c.Settings.Egress.Allow = true, []string{target.Addr().String()}
	l := open(t, c)
	id, _ := owner(t, l.Hub())
	serve(t, l)
	stream, err := l.Hub().Follow(t.Context(), id, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Hub().Call(t.Context(), id, "http.request", json.RawMessage(`{"url":"http://`+target.Addr().String()+`/"}`)); err != nil {
		t.Fatal(err)
	}
	for done := false; !done; {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		entries, err := stream.Next(ctx, 10)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			done = done || e.Event != nil && e.Event.Type == home.EventRequestDone
		}
	}
	select {
	case <-called:
		t.Error("the demo called out")
	default:
	}
	kept, err := l.Hub().Requests(t.Context(), id)
	if err != nil || len(kept) != 1 || !kept[0].Dead || !strings.Contains(kept[0].Last, "nothing was sent") || l.Hub().KeptRequests() != 1 {
		t.Errorf("what was kept is listed as %+v (%v)", kept, err)
	}
}

// A house with a clock of its own: commands and triggers have as long as ever,
// and sockets go by the machine's time.
func TestFastClock(t *testing.T) {
	began := time.Now()
	c := config()
	c.Pace, c.Wall = 86400, time.Now
	c.Clock = func() time.Time { return began.Add(time.Since(began) * 86400) }
	c.Begin = func(ctx context.Context, l *latchkey.Latchkey) error {
		id, _ := owner(t, l.Hub())
		furnish(t, l.Hub(), id)
		for n := range 20 {
			if _, err := l.Hub().Command(ctx, id, "lamp:on", home.Num(float64(n%2))); err != nil {
				return err
			}
		}
		return nil
	}
	l := open(t, c)
	url, _ := serve(t, l)
	if status, body := get(t, url+"/readyz", nil); status != http.StatusOK {
		t.Errorf("%d %s", status, body)
	}
}

func TestDamageIsSaidToProgramsAndPeople(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- latchkey.ServeDamage(ctx, ln, &home.Damage{Reason: "data_loss_suspected", Message: "5 entries lost", Path: "/secret/place"}, config())
	}()
	url := "http://" + ln.Addr().String()
	people := http.Header{"Accept": {"text/html"}}
	for name, c := range map[string]struct {
		path   string
		header http.Header
		status int
		says   string
	}{
		"monitor":   {"/healthz", nil, 503, `"code":"data_loss_suspected"`},
		"program":   {"/v1/api/device/state/x", nil, 503, `"code":"data_loss_suspected"`},
		"people":    {"/", people, 503, "5 entries lost"},
		"in French": {"/?lang=fr", people, 503, "Les donn\u00e9es ne sont pas s\u00fbres"},
		"style":     {"/page/style.css", nil, 200, "color-scheme"},
	} {
		status, body := get(t, url+c.path, c.header)
		if status != c.status || !strings.Contains(body, c.says) || name == "program" && strings.Contains(body, "secret") {
			t.Errorf("%s: %d %.300s", name, status, body)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestPartsOfOneNameAreRefused(t *testing.T) {
	c := config()
	twice := latchkey.Usual(c)
	twice.Drivers = append(twice.Drivers, twice.Drivers...)
	if l, err := latchkey.Open(t.Context(), c, twice); err == nil {
		t.Errorf("two drivers of one name were taken: %v", l.Close())
	}
	c.Store = "nothing"
	if l, err := latchkey.Open(t.Context(), c, latchkey.Usual(c)); err == nil || !strings.Contains(err.Error(), `"nothing"`) {
		t.Errorf("%v, %v", l, err)
	}
}

func TestDamageOf(t *testing.T) {
	c := config()
	parts := latchkey.Usual(c)
	parts.Stores = []latchkey.Store{{Name: "memory", Open: func(context.Context, latchkey.Config) (home.Store, error) {
		return nil, &home.Damage{Reason: "db_corrupt"}
	}}}
	_, err := latchkey.Open(t.Context(), c, parts)
	if d := latchkey.DamageOf(err); d == nil || d.Reason != "db_corrupt" {
		t.Errorf("got %v", err)
	}
	if latchkey.DamageOf(context.Canceled) != nil {
		t.Error("a foreign error is damage")
	}
}
