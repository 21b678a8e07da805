package native_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"latchkey/dialects/dialecttest"
	"latchkey/dialects/native"
	"latchkey/dialects/native/stream"
	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/wire"
)

// place is a world with a server in real time before it.
type place struct {
	t      *testing.T
	world  *dialecttest.World
	server *httptest.Server
	alice  *home.Identity
}

// newPlace opens a world whose bus keeps ring entries.
func newPlace(t *testing.T, ring int) *place {
	t.Helper()
	t.Cleanup(func() { goleak.VerifyNone(t, goleak.IgnoreCurrent()) })
	p := &place{t: t, world: kit(t, ring).World(t)}
	d, err := native.New(p.world.Hub, native.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h, err := wire.Mount([]wire.Dialect{d}, wire.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p.server = httptest.NewUnstartedServer(h)
	p.server.Listener = narrow{p.server.Listener}
	p.server.Start()
	t.Cleanup(p.server.Close)
	p.alice, err = p.world.Hub.Identify(t.Context(), hub.Credential{Secret: p.world.Vars["token"]})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// narrow gives accepted connections small buffers, so that a slow reader shows
// soon.
type narrow struct{ net.Listener }

func (n narrow) Accept() (net.Conn, error) {
	c, err := n.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(4 << 10)
	}
	return c, err
}

// report tells n states and returns the last order number.
func (p *place) report(n int) (last uint64) {
	p.t.Helper()
	for i := range n {
		told, err := p.world.Hub.Report(context.Background(), p.alice, home.Report{Feature: "demo:sensor:temperature", Value: home.Num(float64(i % 50))})
		if err != nil {
			p.t.Fatal(err)
		}
		last = told[0].Seq
	}
	return last
}

func (p *place) head() uint64 {
	n, err := p.world.Hub.Head(p.alice)
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}

// said is a message of a stream.
type said struct {
	Type     string          `json:"type"`
	Outcome  string          `json:"outcome"`
	Head     uint64          `json:"head"`
	Seq      uint64          `json:"seq"`
	Feature  string          `json:"feature"`
	Value    *float64        `json:"value"`
	Old      *float64        `json:"old"`
	Cause    home.Cause      `json:"cause"`
	Snapshot json.RawMessage `json:"snapshot"`
}

// socket is the client's end of an event socket.
type socket struct {
	t *testing.T
	*websocket.Conn
}

func (p *place) dial(query, token string) *socket { return p.dialWith(nil, query, token) }

// narrowClient has a small buffer to receive in.
func narrowClient() *http.Client {
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, address)
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetReadBuffer(4 << 10)
		}
		return c, err
	}
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: dial}}
}

func (p *place) dialWith(client *http.Client, query, token string) *socket {
	p.t.Helper()
	h := http.Header{}
	if token != "" {
		h.Set("Authorization", "Bearer "+token)
	}
	c, resp, err := websocket.Dial(p.t.Context(), p.server.URL+"/api/latchkey/v1/events/ws"+query, &websocket.DialOptions{HTTPHeader: h, HTTPClient: client})
	if err != nil {
		p.t.Fatalf("dial: %v (%v)", err, resp)
	}
	c.SetReadLimit(1 << 20)
	p.t.Cleanup(func() { _ = c.CloseNow() })
	return &socket{p.t, c}
}

// next reads one message; an error ends the test.
func (s *socket) next() said {
	s.t.Helper()
	m, err := s.read()
	if err != nil {
		s.t.Fatal(err)
	}
	return m
}

func (s *socket) read() (m said, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	_, b, err := s.Read(ctx)
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal(b, &m)
}

// closed reads on until the socket is closed and returns how.
func (s *socket) closed() websocket.CloseError {
	s.t.Helper()
	for {
		if _, err := s.read(); err != nil {
			e, ok := errors.AsType[websocket.CloseError](err)
			if !ok {
				s.t.Fatalf("not closed in order: %v", err)
			}
			return e
		}
	}
}

func TestSocketLive(t *testing.T) {
	p := newPlace(t, 1024)
	s := p.dial("", p.world.Vars["token"])
	if m := s.next(); m.Type != "hello" || m.Outcome != "live" || m.Head != p.head() {
		t.Fatalf("%+v", m)
	}
	seq := p.report(1)
	m := s.next()
	if m.Type != "state" || m.Seq != seq || m.Feature != "demo:sensor:temperature" || m.Value == nil || *m.Value != 0 || m.Old == nil || *m.Old != 19.5 || len(m.Cause) != 1 {
		t.Errorf("%+v", m)
	}
}

func TestSocketResume(t *testing.T) {
	p := newPlace(t, 16)
	before := p.head()
	last := p.report(40) // more than the ring holds: the rest comes from the store
	for _, c := range []struct {
		since   uint64
		outcome string
		first   uint64
	}{{last, "nothing", 0}, {last - 3, "replay", last - 2}, {before, "replay", before + 1}, {0, "replay", 1}, {last + 100, "gap", 0}} {
		s := p.dial(fmt.Sprintf("?since=%d", c.since), p.world.Vars["token"])
		hello := s.next()
		if hello.Outcome != c.outcome || hello.Head != last {
			t.Errorf("since %d: %+v", c.since, hello)
		}
		if has := strings.Contains(string(hello.Snapshot), "demo:sensor:temperature"); has != (c.outcome == "gap") {
			t.Errorf("since %d: snapshot %s", c.since, hello.Snapshot)
		}
		if c.first != 0 {
			for want := c.first; want <= last; want++ {
				if m := s.next(); m.Seq != want {
					t.Fatalf("since %d: entry %d, want %d", c.since, m.Seq, want)
				}
			}
		}
		last = p.report(1)
		if m := s.next(); m.Seq != last {
			t.Errorf("since %d: then %d, want %d", c.since, m.Seq, last)
		}
		_ = s.CloseNow()
	}
}

// TestRandomDisconnects: whenever the client is cut off, what it has in the end
// is everything, each once.
func TestRandomDisconnects(t *testing.T) {
	p := newPlace(t, 64)
	since := p.head()
	begin := since
	seen := map[uint64]int{}
	for range 500 {
		there := int(p.head() - since)
		more := rand.IntN(12)
		var producer sync.WaitGroup
		producer.Go(func() { p.report(more) })
		s := p.dial(fmt.Sprintf("?since=%d", since), p.world.Vars["token"])
		if m := s.next(); m.Outcome == "gap" {
			t.Fatalf("a gap since %d: %+v", since, m)
		}
		for range rand.IntN(there + more + 1) {
			m := s.next()
			seen[m.Seq]++
			since = m.Seq
		}
		_ = s.CloseNow()
		producer.Wait()
	}
	for seq := begin + 1; seq <= since; seq++ {
		if seen[seq] != 1 {
			t.Fatalf("entry %d came %d times", seq, seen[seq])
		}
	}
	if len(seen) < 500 {
		t.Errorf("only %d entries in 500 connections", len(seen))
	}
}

// TestSlowReader: one that does not read is cut, with the place to resume from;
// the others get everything in order.
func TestSlowReader(t *testing.T) {
	p := newPlace(t, 64)
	began, begin := time.Now(), p.head()
	slow := p.dialWith(narrowClient(), "", p.world.Vars["token"])
	slow.next()
	var healthy sync.WaitGroup
	const n = 500
	kept, failed := make(chan struct{}), make(chan struct{}, 5)
	for range 5 {
		s := p.dial("", p.world.Vars["token"])
		s.next()
		healthy.Go(func() {
			for seq := begin + 1; seq <= begin+n; seq++ {
				if m, err := s.read(); err != nil || m.Seq != seq {
					t.Errorf("a healthy reader got %d, want %d: %v", m.Seq, seq, err)
					failed <- struct{}{}
					return
				}
				kept <- struct{}{}
			}
		})
	}
	text := strings.Repeat("x", 4000)
	for i := range n {
		if _, err := p.world.Hub.Message(t.Context(), p.alice, text); err != nil {
			t.Fatal(err)
		}
		for range 5 * (i % 32 / 31) * 32 { // no further ahead of the healthy than half the ring
			select {
			case <-kept:
			case <-failed:
				t.FailNow()
			}
		}
	}
	go func() {
		healthy.Wait()
		close(kept)
	}()
	for range kept {
	}
	var last uint64
	for {
		m, err := slow.read()
		if err == nil {
			last = m.Seq
			continue
		}
		e, ok := errors.AsType[websocket.CloseError](err)
		if !ok && time.Since(began) > stream.WriteTime {
			break // a machine so slow that the connection took nothing for too long
		}
		if !ok || e.Code != 4008 || !strings.HasSuffix(e.Reason, fmt.Sprintf("last=%d", last)) {
			t.Fatalf("after %d: %v", last, err)
		}
		break
	}
	again := p.dial(fmt.Sprintf("?since=%d", last), p.world.Vars["token"])
	if m := again.next(); m.Outcome != "replay" {
		t.Errorf("%+v", m)
	}
	if m := again.next(); m.Seq != last+1 {
		t.Errorf("resumed at %d, want %d", m.Seq, last+1)
	}
}

func TestRevokedKey(t *testing.T) {
	p := newPlace(t, 64)
	s := p.dial("", p.world.Vars["pat"])
	s.next()
	sse := p.events("", p.world.Vars["pat"], http.Header{})
	sse.next()
	if err := p.world.Hub.RevokeKey(t.Context(), p.alice, home.ID(p.world.Vars["pat_id"])); err != nil {
		t.Fatal(err)
	}
	p.report(1)
	if e := s.closed(); e.Code != 4401 || e.Reason != "credential_invalid" {
		t.Errorf("closed with %d %q", e.Code, e.Reason)
	}
	for {
		line, err := sse.line()
		if err != nil {
			t.Fatalf("the event stream ended without a word: %v", err)
		}
		if line == "event: cut" {
			break
		}
	}
	if line, _ := sse.line(); !strings.Contains(line, `"reason":"credential"`) {
		t.Errorf("cut with %s", line)
	}
}

func TestFirstMessage(t *testing.T) {
	p := newPlace(t, 64)
	for token, code := range map[string]websocket.StatusCode{
		`{"token":"` + p.world.Vars["token"] + `"}`: 0, `{"token":"lk_ses_nonsense"}`: 4401, `{"tokens":""}`: 4401, `hello`: 4401, `{"token":"` + p.world.Vars["weak_pat"] + `"}`: 4403,
		`{"token":"` + strings.Repeat("x", 5000) + `"}`: 4401, strings.Repeat("x", 70000): 1009,
	} {
		s := p.dial("?auth=message", "")
		if err := s.Write(t.Context(), websocket.MessageText, []byte(token)); err != nil {
			t.Fatal(err)
		}
		if code == 0 {
			if m := s.next(); m.Type != "hello" {
				t.Errorf("%+v", m)
			}
		} else if e := s.closed(); e.Code != code {
			t.Errorf("%.40s: closed with %d %s, want %d", token, e.Code, e.Reason, code)
		}
	}
}

func TestClientFrames(t *testing.T) {
	p := newPlace(t, 64)
	s := p.dial("", p.world.Vars["token"])
	s.next()
	reading := s.CloseRead(t.Context())
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("ping: %v", err)
	}
	if err := s.Write(t.Context(), websocket.MessageText, []byte("nobody asked")); err != nil {
		t.Error(err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("ping after a message: %v", err)
	}
	_ = s.CloseNow()
	<-reading.Done()
	s = p.dial("", p.world.Vars["token"])
	s.next()
	_ = s.Write(t.Context(), websocket.MessageBinary, make([]byte, 70<<10))
	if e := s.closed(); e.Code != 1009 {
		t.Errorf("a frame of 70 KiB: closed with %d %s", e.Code, e.Reason)
	}
	s = p.dial("", p.world.Vars["token"])
	s.next()
	for range 130 {
		_ = s.Write(t.Context(), websocket.MessageText, []byte("chatter"))
	}
	if e := s.closed(); e.Code != 1008 {
		t.Errorf("chatter: closed with %d %s", e.Code, e.Reason)
	}
	s = p.dial("", p.world.Vars["token"])
	s.next()
	if err := s.Close(websocket.StatusNormalClosure, "bye"); err != nil {
		t.Errorf("an orderly close: %v", err)
	}
}

// lines is the client's end of an event stream.
type lines struct {
	t    *testing.T
	body io.Reader
	rest string
}

func (p *place) events(query, token string, h http.Header) *lines {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.server.URL+"/api/latchkey/v1/events/stream"+query, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header = h
	req.Header.Set("Authorization", "Bearer "+token)
	client := &http.Client{Transport: &http.Transport{}}
	p.t.Cleanup(client.CloseIdleConnections)
	resp, err := client.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = resp.Body.Close() })
	if resp.StatusCode != 200 || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		p.t.Fatalf("%d %v", resp.StatusCode, resp.Header)
	}
	return &lines{t: p.t, body: resp.Body}
}

func (l *lines) line() (string, error) {
	for {
		if line, rest, ok := strings.Cut(l.rest, "\n"); ok {
			l.rest = rest
			return line, nil
		}
		b := make([]byte, 4096)
		n, err := l.body.Read(b)
		l.rest += string(b[:n])
		if err != nil && n == 0 {
			return "", err
		}
	}
}

// next returns the next message and the id before it.
func (l *lines) next() (id string, m said) {
	l.t.Helper()
	for {
		line, err := l.line()
		if err != nil {
			l.t.Fatal(err)
		}
		if v, ok := strings.CutPrefix(line, "id: "); ok {
			id = v
		}
		if v, ok := strings.CutPrefix(line, "data: "); ok {
			if err := json.Unmarshal([]byte(v), &m); err != nil {
				l.t.Fatalf("%v: %s", err, v)
			}
			return id, m
		}
	}
}

func TestEventStream(t *testing.T) {
	p := newPlace(t, 64)
	token := p.world.Vars["token"]
	s := p.events("", token, http.Header{})
	if id, m := s.next(); m.Outcome != "live" || id != fmt.Sprint(m.Head) {
		t.Errorf("%s %+v", id, m)
	}
	first := p.report(3) - 2
	for i := range uint64(3) {
		if id, m := s.next(); m.Seq != first+i || id != fmt.Sprint(m.Seq) {
			t.Errorf("%s %+v", id, m)
		}
	}
	s = p.events("", token, http.Header{"Last-Event-Id": {fmt.Sprint(first)}})
	if id, m := s.next(); m.Outcome != "replay" || id != "" {
		t.Errorf("a replay begins with the id %q: %+v", id, m)
	}
	if _, m := s.next(); m.Seq != first+1 {
		t.Errorf("%+v", m)
	}
	s = p.events("?since=99999", token, http.Header{})
	if _, m := s.next(); m.Outcome != "gap" || len(m.Snapshot) == 0 {
		t.Errorf("%+v", m)
	}
	if _, err := p.world.Hub.Tell(t.Context(), p.alice, hub.NewEvent{Type: "a.b", Data: json.RawMessage("{\n\"x\": 1\n}")}); err != nil {
		t.Fatal(err)
	}
	if _, m := s.next(); m.Type != "custom.a.b" {
		t.Errorf("an event with line feeds in its data: %+v", m)
	}
}

// TestStreamRights: a guest follows states, and nothing else.
func TestStreamRights(t *testing.T) {
	p := newPlace(t, 64)
	s := p.dial("", p.world.Vars["gus_token"])
	s.next()
	if _, err := p.world.Hub.Message(t.Context(), p.alice, "secret"); err != nil {
		t.Fatal(err)
	}
	seq := p.report(1)
	if m := s.next(); m.Type != "state" || m.Seq != seq {
		t.Errorf("a guest was told %+v", m)
	}
}
