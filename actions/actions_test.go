package actions_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"latchkey/actions"
	"latchkey/drivers/virtual"
	"latchkey/home"
	"latchkey/hub"
	"latchkey/stores/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func clock() time.Time { return time.Date(2026, 3, 2, 7, 0, 0, 0, time.UTC) }

// fixture is a hub with a house, its owner and a lamp.
type fixture struct {
	*hub.Hub
	owner *home.Identity
}

func open(t testing.TB, judge actions.Judge) *fixture {
	t.Helper()
	h, err := hub.New(t.Context(), hub.Config{Store: memory.New(), Clock: clock, Drivers: []home.Driver{virtual.New(clock)},
		Actions: actions.All(actions.Parts{Judge: judge})})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	done, err := h.Setup(t.Context(), hub.SetupRequest{Username: "ann", Password: "a long word for tests 4711", Loopback: true})
	if err != nil {
		t.Fatal(err)
	}
	owner, err := h.Identify(t.Context(), hub.Credential{Secret: done.Token})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []hub.NewFeature{{ExternalID: "lamp", Category: "light", Type: "binary"}, {ExternalID: "note", Category: "text", Type: "text"}} {
		if _, err := h.CreateDevice(t.Context(), owner, hub.NewDevice{Name: n.ExternalID, ExternalID: "d:" + n.ExternalID, Features: []hub.NewFeature{n}}); err != nil {
			t.Fatal(err)
		}
	}
	return &fixture{h, owner}
}

func allow(context.Context, *home.Identity, string) error { return nil }

// call is one call of an action and how it must end.
type call struct {
	id     *home.Identity
	action string
	args   string
	code   home.Code
	text   string // in the result or the error
}

func (f *fixture) expect(t *testing.T, c call) {
	t.Helper()
	result, err := f.Call(t.Context(), c.id, c.action, json.RawMessage(c.args))
	said := string(result)
	if err != nil {
		e := home.AsError(err)
		said = e.Message
		for _, field := range e.Fields {
			said += " " + field.Path + ": " + field.Message
		}
	}
	if home.CodeOf(err) != c.code || !strings.Contains(said, c.text) {
		t.Errorf("%s %.80s: %q %s, want %q and %q in it", c.action, c.args, home.CodeOf(err), said, c.code, c.text)
	}
}

func TestRequestsAreKept(t *testing.T) {
	f := open(t, allow)
	f.expect(t, call{f.owner, "http.request", `{"url":"https://x.example/a","headers":{"x-a":"b"},"body":"{}"}`, "", "queued"})
	waiting, err := f.Requests(t.Context(), f.owner)
	if err != nil || len(waiting) != 1 {
		t.Fatalf("the outbox holds %d requests (%v), want 1", len(waiting), err)
	}
	if r := waiting[0]; r.URL != "https://x.example/a" || r.Headers["X-A"] != "b" || r.Method != "POST" || r.Body != "{}" || r.By != f.owner.Account {
		t.Errorf("the outbox holds %+v", r)
	}
}

func TestActions(t *testing.T) {
	f := open(t, func(_ context.Context, _ *home.Identity, address string) error {
		if strings.Contains(address, "metadata") {
			return home.Errorf(home.Forbidden, "never").Because("egress_forbidden")
		}
		return nil
	})
	key := *f.owner
	key.Account, key.Grants = "", []home.Grant{{Verbs: []home.Verb{home.WritePresence}}}
	narrow := *f.owner
	narrow.Grants = []home.Grant{{Verbs: []home.Verb{home.ReadState}}}
	ann := string(f.owner.Account)
	for _, c := range []call{
		{f.owner, "device.command", `{"feature":"lamp","value":1}`, "", `"status":"done"`},
		{f.owner, "device.command", `{"feature":"lamp","value":true}`, "", `"status":"done"`},
		{f.owner, "device.command", `{"feature":"note","value":"hi"}`, "", `"status":"done"`},
		{f.owner, "device.command", `{"feature":"lamp","value":"hi"}`, home.Unprocessable, "takes a number"},
		{f.owner, "device.command", `{"feature":"gone","value":1}`, home.NotFound, "gone"},
		{f.owner, "device.command", `{"feature":"lamp"}`, home.Unprocessable, "value: is missing"},
		{f.owner, "device.command", `{"feature":"lamp","value":1,"fast":true}`, home.Unprocessable, "fast: there is no such setting"},
		{f.owner, "device.command", ``, home.Unprocessable, "feature: is missing"},
		{&narrow, "device.command", `{"feature":"lamp","value":1}`, home.Forbidden, "device:control"},
		{f.owner, "presence.set", `{"account":"me","at_home":true}`, "", `"changed":true`},
		{f.owner, "presence.set", `{"account":"ANN","at_home":true}`, "", `"changed":false`},
		{f.owner, "presence.set", `{"account":"` + ann + `","at_home":false}`, "", `"changed":true`},
		{f.owner, "presence.set", `{"account":"bob","at_home":true}`, home.NotFound, "bob"},
		{&key, "presence.set", `{"account":"` + ann + `","at_home":true}`, "", `"changed":true`},
		{&key, "presence.set", `{"account":"ann","at_home":true}`, home.NotFound, ""},
		{&key, "presence.set", `{"account":"me","at_home":true}`, home.Unprocessable, "nobody"},
		{&narrow, "presence.set", `{"account":"me","at_home":true}`, home.Forbidden, "presence:write"},
		{f.owner, "event.tell", `{"event":"doorbell","subject":"front","data":{"n":1}}`, "", `"seq":`},
		{f.owner, "event.tell", `{"event":"doorbell","data":null}`, "", `"seq":`},
		{f.owner, "event.tell", `{"event":"door bell"}`, home.Unprocessable, "type"},
		{f.owner, "http.request", `{"url":"https://x.example/a","headers":{"x-a":"b"},"body":"{}"}`, "", `"status":"queued"`},
		{f.owner, "http.request", `{"url":"http://metadata/"}`, home.Forbidden, "never"},
		{&narrow, "http.request", `{"url":"https://x.example/a"}`, home.Forbidden, "egress:world"},
		{f.owner, "http.request", `{"url":"https://x.example","method":"TRACE"}`, home.Unprocessable, "method"},
		{f.owner, "http.request", `{"url":"https://x.example","headers":{"Host":"y"}}`, home.Unprocessable, "set by Latchkey"},
		{f.owner, "http.request", `{"url":"https://x.example","headers":{"webhook-id":"y"}}`, home.Unprocessable, "set by Latchkey"},
		{f.owner, "http.request", `{"url":"https://x.example","headers":{"A":"b\r\nC: d"}}`, home.Unprocessable, "control characters"},
		{f.owner, "http.request", `{"url":"https://x.example","headers":{"A b":"c"}}`, home.Unprocessable, "letters"},
		{f.owner, "http.request", `{"url":"https://x.example","headers":{"A":1}}`, home.Unprocessable, "not a text"},
		{f.owner, "http.request", `{"url":"https://x.example","headers":{"A":"1","a":"2"}}`, home.Unprocessable, "twice"},
		{f.owner, "http.request", `{"url":"javascript:alert(1)"}`, home.Unprocessable, "url"},
		{f.owner, "http.request", `{"url":"https://x.example","body":"` + strings.Repeat("a", 200_000) + `"}`, "", "queued"},
		{f.owner, "http.request", `{"url":"https://x.example","body":"` + strings.Repeat("a", 300_000) + `"}`, home.Unprocessable, "body: this has 300000 bytes"},
	} {
		f.expect(t, c)
	}
}

// Every action describes itself in both languages and names the right it needs.
func TestDescriptions(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range actions.All(actions.Parts{}) {
		if seen[a.Name] || a.Title.EN == "" || a.Title.FR == "" || a.Right == "" || a.Run == nil {
			t.Errorf("%s is listed twice, or lacks a title, a right or what it does", a.Name)
		}
		seen[a.Name] = true
		for _, f := range a.Fields {
			if f.Title.EN == "" || f.Title.FR == "" {
				t.Errorf("%s: the field %s lacks a title", a.Name, f.Name)
			}
		}
	}
}

func TestNoEgress(t *testing.T) {
	f := open(t, nil)
	if _, err := f.Call(t.Context(), f.owner, "http.request", json.RawMessage(`{"url":"https://x.example/"}`)); home.CodeOf(err) != home.Forbidden {
		t.Errorf("a server without egress queues requests: %v", err)
	}
}

// Whatever the arguments, http.request's step is taken or refused with fields.
func FuzzRequest(f *testing.F) {
	for _, s := range []string{
		`{"url":"https://x.example","method":"PUT","headers":{"A":"b"},"body":"c"}`, `{"url":"http://[::1]:80/%zz"}`, `{"headers":{"":""}}`, `null`, `{"url":1}`,
		`{"url":"https://x.example","headers":{"A":null,"B":["x"]}}`,
	} {
		f.Add(s)
	}
	actor := func(home.Scene, home.Cause) (*home.Identity, error) { return &home.Identity{}, nil }
	check := actions.CheckStep(actor, allow)
	f.Fuzz(func(t *testing.T, args string) {
		err := check(home.Scene{}, home.Step{Action: "http.request", Args: json.RawMessage(args)})
		if err == nil {
			return
		}
		if e := home.AsError(err); e.Code != home.Unprocessable || len(e.Fields) == 0 {
			t.Errorf("%q is refused as %+v", args, e)
		}
	})
}

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"7", "0", "-1", "99999999999999999999", "Mon, 02 Mar 2026 07:00:09 GMT", "Monday, 02-Mar-26 07:00:09 GMT", "soon", " 5 ", "1.5", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		if d := actions.RetryAfter(header, clock()); d < 0 || d > 24*time.Hour {
			t.Errorf("RetryAfter(%q) = %s", header, d)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"7": 7 * time.Second, " 7 ": 7 * time.Second, "0": 0, "-7": 0, "soon": 0, "": 0, "1e3": 0,
		"99999999999999999999": 24 * time.Hour, "90000": 24 * time.Hour,
		clock().Add(9 * time.Second).Format(http.TimeFormat):  9 * time.Second,
		clock().Add(-9 * time.Second).Format(http.TimeFormat): 0,
		clock().Add(1000 * time.Hour).Format(http.TimeFormat): 24 * time.Hour,
	} {
		if got := actions.RetryAfter(header, clock()); got != want {
			t.Errorf("RetryAfter(%q) = %s, want %s", header, got, want)
		}
	}
}
