package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/gobwas/ws"

	"latchkey/bus"
	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/wire"
)

// Close codes of our own.
const (
	CloseSlow       ws.StatusCode = 4008 // fell behind; resume with since
	CloseCredential ws.StatusCode = 4401 // the credential has ended, or was none
	CloseForbidden  ws.StatusCode = 4403
)

const (
	// AuthTime is how long a socket may take to say who it is.
	AuthTime = 5 * time.Second
	// lingerTime and lingerBytes bound how a socket is closed.
	lingerTime  = time.Second
	lingerBytes = 1 << 20
	// maxWaiting is how many sockets may be about to say it.
	maxWaiting = 256
)

// Start says how the follower of a socket begins: secret is "" when the
// handshake has already said who asks.
type Start func(secret string) (*Follower, error)

// Socket serves a WebSocket until either side ends it. With token, the first
// message says who asks: {"token": "..."}.
func (s *Server) Socket(ctx context.Context, w http.ResponseWriter, r *http.Request, start Start, token bool) error {
	var f *Follower
	var err error
	if !token {
		if f, err = start(""); err != nil {
			return err // still plain HTTP
		}
	} else if err := s.queue(); err != nil {
		return err
	}
	conn, in, err := upgrade(w, r)
	if err != nil {
		if token {
			<-s.waiting
		}
		return err
	}
	sock := &socket{conn: conn, in: in}
	if token {
		if f, err = s.introduce(sock, start); err != nil {
			if sock.end(err, 0) {
				done := make(chan struct{})
				close(done)
				sock.linger(done)
			}
			return conn.Close()
		}
	}
	hello, err := f.hello()
	if err != nil {
		_ = conn.Close()
		return err
	}
	log := f.Stream
	log.Snapshot = nil
	// The handler returns, so that an idle follower costs no more than its two
	// goroutines.
	detached, done := wire.Detach(ctx)
	go func() {
		defer done()
		s.serve(detached, sock, log, hello)
	}()
	return nil
}

// queue takes one of the places for sockets that have not said who they are.
func (s *Server) queue() error {
	select {
	case s.waiting <- struct{}{}:
		return nil
	default:
		return &home.Error{Code: home.TooMany, Reason: "sockets_waiting", RetryAfter: AuthTime, Message: "too many sockets are waiting to say who they are"}
	}
}

// introduce reads the first message.
func (s *Server) introduce(sock *socket, start Start) (*Follower, error) {
	defer func() { <-s.waiting }()
	due := time.Now().Add(AuthTime)
	_ = sock.conn.SetReadDeadline(due)
	text, err := sock.message()
	if err != nil && !time.Now().Before(due) {
		return nil, home.Errorf(home.Unauthorized, "no first message within %s", AuthTime).Because("credential_missing")
	}
	if err != nil {
		return nil, err
	}
	var first struct {
		Token string `json:"token"`
	}
	if err := wire.DecodeJSON(text, &first, wire.JSONOptions{Known: true, Unique: true}); err != nil || first.Token == "" {
		return nil, home.Errorf(home.Unauthorized, "the first message is {\"token\": \"...\"}").Because("credential_missing")
	}
	return start(first.Token)
}

// serve sends what happens while another goroutine reads, until either ends.
func (s *Server) serve(ctx context.Context, sock *socket, log *hub.Stream, hello []byte) {
	ctx, cancel := context.WithCancelCause(ctx)
	read := make(chan struct{})
	go func() {
		defer close(read)
		cancel(sock.listen())
	}()
	last := begin(log)
	err := sock.write(appendText(nil, hello))
	hello = nil // a snapshot may be large
	if err == nil {
		last, err = s.batches.pump(ctx, log, sock, last)
	}
	if ended, ok := errors.AsType[*over](context.Cause(ctx)); ok {
		err = ended
	}
	if sock.end(err, last) {
		sock.linger(read)
	}
	_ = sock.conn.Close()
	<-read
	cancel(nil)
}

// linger gives the client a moment to read why it ends: closing while it still
// sends would take the last frame away from it.
func (k *socket) linger(read <-chan struct{}) {
	t := time.NewTimer(lingerTime)
	defer t.Stop()
	select {
	case <-t.C:
		return
	case <-read:
	}
	_ = k.conn.SetReadDeadline(time.Now().Add(lingerTime))
	_, _ = io.CopyN(discard{}, k.conn, lingerBytes)
}

// socket is a follower over WebSocket.
type socket struct {
	conn    net.Conn
	in      io.Reader
	early   [1]byte // the first byte of a frame, taken while waiting for it
	waiting bool    // early holds one
	split   bool    // a message of the client has begun and not ended
	frames  int     // read since minute
	minute  time.Time
}

func (k *socket) add(batch []byte, e *bus.Entry) []byte { return appendText(batch, JSON(e)) }

// appendText appends a text frame as a server sends it: unmasked and whole.
func appendText(b, text []byte) []byte {
	b = append(b, 0x81)
	switch n := len(text); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = append(b, 126, byte(n>>8), byte(n))
	default:
		b = append(b, 127, 0, 0, 0, 0, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	return append(b, text...)
}

func (k *socket) write(batch []byte) error {
	_ = k.conn.SetWriteDeadline(time.Now().Add(WriteTime))
	if _, err := k.conn.Write(batch); err != nil {
		return &cut{err}
	}
	return nil
}

// cut is a write that failed: a frame may have gone out in part, so that
// nothing more can be said on this connection.
type cut struct{ err error }

// Error implements error.
func (c *cut) Error() string { return c.err.Error() }

// over is why a socket ends, with the close code for it.
type over struct {
	code   ws.StatusCode
	reason string
}

// Error implements error.
func (o *over) Error() string { return o.reason }

// end says good-bye with the close code that err means, and reports whether
// that could be said.
func (k *socket) end(err error, last uint64) bool {
	if _, dumb := errors.AsType[*cut](err); dumb {
		return false
	}
	o := farewell(err, last)
	if o.code == 0 {
		return false // the client is gone
	}
	_ = k.conn.SetWriteDeadline(time.Now().Add(lingerTime))
	_, err = k.conn.Write(ws.MustCompileFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(o.code, o.reason))))
	return err == nil
}

// farewell is how a socket is closed that ends with err.
func farewell(err error, last uint64) *over {
	if o, ok := errors.AsType[*over](err); ok {
		return o
	}
	switch {
	case errors.Is(err, bus.ErrGap):
		return &over{CloseSlow, fmt.Sprintf("read too slowly; last=%d", last)}
	case errors.Is(err, context.Canceled):
		return &over{ws.StatusGoingAway, "the server is stopping"}
	}
	e, ok := errors.AsType[*home.Error](err)
	switch {
	case ok && e.Code == home.Unauthorized:
		return &over{CloseCredential, e.Reason}
	case ok && (e.Code == home.Forbidden || e.Code == home.NotFound || e.Code == home.Conflict):
		return &over{CloseForbidden, e.Reason}
	}
	return &over{ws.StatusInternalServerError, "error"}
}
