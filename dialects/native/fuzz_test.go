package native_test

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"latchkey/dialects/dialecttest"
	"latchkey/dialects/native"
	"latchkey/dialects/native/stream"
	"latchkey/hub"
)

// FuzzStatesQuery: any query gets an answer that is not our fault.
func FuzzStatesQuery(f *testing.F) {
	for _, q := range []string{"", "feature=demo:lamp:on", "feature=demo:lamp:on&limit=1&order=desc", "feature=a&feature=b", "feature=%00&from=x", "feature=demo:lamp:on&from=2026-03-29T07:00:00Z&to=2026-03-29T06:00:00Z",
		"feature=demo:lamp:on&cursor=AAAAAAAAAAAAAAAAAA9CQKB3hQmz9g", "limit=0", "house=", "%zz", "feature=demo:lamp:on&limit=00000000000000000001", "every=1h&feature=demo:lamp:on&from=1970-01-01T00:00:00Z"} {
		f.Add(q, false)
		f.Add(q, true)
	}
	w := kit(f, 64).World(f)
	f.Fuzz(func(t *testing.T, query string, buckets bool) {
		path := native.Prefix + "/states"
		if buckets {
			path += "/buckets"
		}
		r := httptest.NewRequest(http.MethodGet, "http://"+dialecttest.Host+path, nil)
		r.URL = &url.URL{Path: path, RawQuery: query}
		r.Header.Set("Authorization", "Bearer "+w.Vars["token"])
		rec := httptest.NewRecorder()
		w.Handler.ServeHTTP(rec, r)
		switch rec.Code {
		case 200, 400, 404, 414, 422:
		default:
			t.Fatalf("%q: %d %s", query, rec.Code, rec.Body)
		}
	})
}

// fed is a connection on which a client has sent what it sends.
type fed struct {
	net.Conn
	in     *bytes.Reader
	mu     sync.Mutex
	out    bytes.Buffer
	once   sync.Once
	closed chan struct{}
}

func (c *fed) Read(b []byte) (int, error) { return c.in.Read(b) }

func (c *fed) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out.Write(b)
}

func (c *fed) Close() error                     { c.once.Do(func() { close(c.closed) }); return nil }
func (c *fed) SetDeadline(time.Time) error      { return nil }
func (c *fed) SetReadDeadline(time.Time) error  { return nil }
func (c *fed) SetWriteDeadline(time.Time) error { return nil }

// taken lets a recorder be hijacked.
type taken struct {
	*httptest.ResponseRecorder
	conn *fed
}

func (h taken) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.conn, bufio.NewReadWriter(bufio.NewReader(h.conn), bufio.NewWriter(h.conn)), nil
}

// FuzzClientFrames: whatever a client sends as frames, before it has said who
// it is and after, what it gets are whole frames, with at most one close at the
// end.
func FuzzClientFrames(f *testing.F) {
	frame := func(fr ws.Frame) []byte { return ws.MustCompileFrame(ws.MaskFrame(fr)) }
	hello := frame(ws.NewTextFrame([]byte(`{"token":"x"}`)))
	for _, seed := range [][]byte{nil, hello, hello[:3], frame(ws.NewPingFrame([]byte("p"))), append(frame(ws.NewPingFrame(nil)), hello...),
		frame(ws.NewCloseFrame(ws.NewCloseFrameBody(1000, "bye"))), frame(ws.NewCloseFrame([]byte{1})), ws.MustCompileFrame(ws.NewTextFrame([]byte("bare"))),
		append(hello, frame(ws.NewBinaryFrame(make([]byte, 300)))...), {0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}, {0xc1, 0x80, 0, 0, 0, 0}, {0x01, 0x80, 0, 0, 0, 0, 0x09, 0x80, 0, 0, 0, 0}} {
		f.Add(seed)
	}
	w := kit(f, 64).World(f)
	id, err := w.Hub.Identify(f.Context(), hub.Credential{Secret: w.Vars["token"]})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		for _, token := range []bool{true, false} {
			conn := &fed{in: bytes.NewReader(sent), closed: make(chan struct{})}
			r := httptest.NewRequest(http.MethodGet, "http://localhost/", nil)
			err := stream.New().Socket(t.Context(), taken{httptest.NewRecorder(), conn}, r, func(string) (*stream.Follower, error) {
				s, err := w.Hub.Follow(t.Context(), id, nil)
				return &stream.Follower{Stream: s}, err
			}, token)
			if err != nil {
				t.Fatal(err)
			}
			<-conn.closed
			conn.judge(t)
		}
	})
}

// judge reads what the client got.
func (c *fed) judge(t *testing.T) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	_, frames, ok := bytes.Cut(c.out.Bytes(), []byte("\r\n\r\n"))
	if !ok {
		t.Fatalf("no handshake: %q", c.out.Bytes())
	}
	r := bytes.NewReader(frames)
	for ended := false; r.Len() > 0; {
		f, err := ws.ReadFrame(r)
		if err != nil || f.Header.Masked || !f.Header.Fin || ended {
			t.Fatalf("not a frame that a server sends (%v, %+v), ended %v: %q", err, f.Header, ended, frames)
		}
		ended = f.Header.OpCode == ws.OpClose
	}
}
