package actions_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/actions"
	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/egress"
)

// target is a server that answers what the path asks for and notes what came.
type target struct {
	*httptest.Server
	mu   sync.Mutex
	seen []*http.Request
	body []string
}

func newTarget(t *testing.T) *target {
	s := &target{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.seen, s.body = append(s.seen, r), append(s.body, string(b))
		s.mu.Unlock()
		status := 200
		fmt.Sscanf(r.URL.Path, "/%d", &status)
		if after := r.URL.Query().Get("after"); after != "" {
			w.Header().Set("Retry-After", after)
		}
		if r.URL.Query().Has("broken") {
			w.Header().Set("Content-Length", "1000")
		}
		if status >= 300 && status < 400 {
			w.Header().Set("Location", "/200")
		}
		w.WriteHeader(status)
		io.WriteString(w, strings.Repeat("x", 3000)[:500])
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *target) guard() *egress.Guard {
	return egress.New(egress.Config{Allow: []string{strings.TrimPrefix(s.URL, "http://")}})
}

func owner(s home.Scene, c home.Cause) (*home.Identity, error) {
	return &home.Identity{Account: s.Owner, House: s.House, Role: home.Owner, Cause: c, Grants: []home.Grant{{Verbs: home.RoleRights(home.Owner)}}}, nil
}

func TestSendOutcomes(t *testing.T) {
	s := newTarget(t)
	send := actions.Send(s.guard(), owner, clock)
	for _, c := range []struct {
		path  string
		final bool
		after time.Duration
	}{
		{"/200", false, 0}, {"/204", false, 0}, {"/200?broken", false, 0}, {"/302", true, 0}, {"/304", true, 0}, {"/400", true, 0}, {"/401", true, 0}, {"/403", true, 0},
		{"/404", true, 0}, {"/405", true, 0}, {"/408", false, 0}, {"/409", true, 0}, {"/410", true, 0}, {"/422", true, 0}, {"/425", false, 0},
		{"/429?after=7", false, 7 * time.Second}, {"/429?after=garbage", false, 0}, {"/500", false, 0}, {"/503?after=120", false, 2 * time.Minute},
		{"/500?broken", false, 0},
	} {
		got := send(t.Context(), home.Request{ID: "r1", House: "h1", By: "a1", Method: "POST", URL: s.URL + c.path})
		want := 0
		fmt.Sscanf(c.path, "/%d", &want)
		if got.Status != want || got.Final != c.final || got.After != c.after || (got.Err != nil) != (c.path == "/302") {
			t.Errorf("%s ended as %+v, want final %v after %s", c.path, got, c.final, c.after)
		}
	}
}

func TestSendHeaders(t *testing.T) {
	s := newTarget(t)
	send := actions.Send(s.guard(), owner, clock)
	r := home.Request{ID: "r1", Method: "PUT", URL: s.URL + "/200?q=1", Headers: map[string]string{"X-Own": "1"}, Body: `{"a":1}`}
	for range 2 {
		if got := send(t.Context(), r); got.Err != nil || got.Status != 200 || len(got.Body) != 500 {
			t.Fatalf("%+v", got)
		}
	}
	for i, got := range s.seen {
		for name, want := range map[string]string{"Webhook-Id": "r1", "Webhook-Timestamp": fmt.Sprint(clock().Unix()), "User-Agent": "Latchkey",
			"X-Own": "1", "Content-Type": "application/json"} {
			if got.Header.Get(name) != want {
				t.Errorf("attempt %d: %s is %q, want %q", i, name, got.Header.Get(name), want)
			}
		}
		if got.Method != "PUT" || s.body[i] != r.Body || got.URL.RawQuery != "q=1" {
			t.Errorf("attempt %d: %s %s %q", i, got.Method, got.URL, s.body[i])
		}
	}
}

func TestSendWhatDoesNotGoOut(t *testing.T) {
	s := newTarget(t)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := closed.Addr().String()
	closed.Close()
	g := egress.New(egress.Config{Allow: []string{gone}})
	orphan := func(home.Scene, home.Cause) (*home.Identity, error) {
		return nil, home.Errorf(home.Forbidden, "nobody is behind this")
	}
	broken := func(home.Scene, home.Cause) (*home.Identity, error) { return nil, errors.New("out of order") }
	for name, c := range map[string]struct {
		actor actions.Actor
		url   string
		final bool
		code  home.Code
	}{
		"a refused connection is tried again":     {owner, "http://" + gone + "/", false, home.Unavailable},
		"an address that is not allowed is final": {owner, s.URL + "/200", true, home.Forbidden},
		"metadata is never called":                {owner, "http://169.254.169.254/", true, home.Forbidden},
		"a home address wants approval":           {owner, "http://192.168.1.7:8080/", true, home.Conflict},
		"an owner who has left is final":          {orphan, "http://" + gone + "/", true, home.Forbidden},
		"a fault of ours is tried again":          {broken, "http://" + gone + "/", false, home.Internal},
		"what is not an address is final":         {owner, "http://", true, home.Invalid},
	} {
		got := actions.Send(g, c.actor, clock)(t.Context(), home.Request{ID: "r1", Method: "POST", URL: c.url})
		if got.Final != c.final || home.CodeOf(got.Err) != c.code || got.Status != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if len(s.seen) != 0 {
		t.Errorf("%d requests reached a target that is not allowed", len(s.seen))
	}
}

// The whole way: an action queues, the outbox sends, the event tells.
func TestQueuedRequestsAreSent(t *testing.T) {
	s := newTarget(t)
	g := s.guard()
	f := open(t, actions.Allowed(g))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f.Dispatch(ctx, actions.Send(g, f.Actor, clock)) }()
	t.Cleanup(func() { cancel(); <-ended })
	from := uint64(0)
	stream, err := f.Follow(t.Context(), f.owner, &from)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/200", "/410"} {
		args, _ := json.Marshal(map[string]string{"url": s.URL + path})
		if _, err := f.Call(t.Context(), f.owner, "http.request", args); err != nil {
			t.Fatal(err)
		}
	}
	told := map[string]int{}
	for told[home.EventRequestDone]+told[home.EventRequestFailed] < 2 {
		entries, err := stream.Next(t.Context(), 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.Event != nil {
				told[e.Event.Type]++
			}
		}
	}
	if told[home.EventRequestDone] != 1 || told[home.EventRequestFailed] != 1 || told[home.EventRequestQueued] != 2 {
		t.Errorf("told %v, want two queued, one done, one failed", told)
	}
	waiting, err := f.Requests(t.Context(), f.owner)
	if err != nil || len(waiting) != 1 || !waiting[0].Dead {
		t.Errorf("the outbox holds %+v (%v), want the dead one", waiting, err)
	}
	var _ hub.Sender = actions.Send(g, f.Actor, clock)
}

// A scene that calls what an owner has to approve is refused as a conflict, so
// that a client can ask.
func TestCheckStepAsksForApproval(t *testing.T) {
	check := actions.CheckStep(owner, actions.Allowed(egress.New(egress.Config{})))
	err := check(home.Scene{}, home.Step{Action: "http.request", Args: json.RawMessage(`{"url":"http://192.168.1.7:8080/hook"}`)})
	if e := home.AsError(err); e == nil || e.Code != home.Conflict || e.Reason != "egress_approval_required" || e.Fields[0].Path != "url" {
		t.Errorf("%+v", err)
	}
	if err := check(home.Scene{}, home.Step{Action: "device.command"}); err != nil {
		t.Error(err)
	}
}
