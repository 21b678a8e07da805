package stream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/gobwas/ws"

	"latchkey/bus"
	"latchkey/home"
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
	defer conn.Close()
	if token {
		f, err = s.introduce(sock, start)
		if err != nil {
			sock.end(err, 0)
			return nil
		}
	}
	return s.serve(ctx, sock, f)
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
	_ = sock.conn.SetReadDeadline(time.Now().Add(AuthTime))
	text, err := sock.message()
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

// serve sends what happens while another goroutine reads.
func (s *Server) serve(ctx context.Context, sock *socket, f *Follower) error {
	hello, err := f.hello()
	if err != nil {
		return err
	}
	f.Snapshot, f.Stream.Snapshot = nil, nil
	ctx, cancel := context.WithCancelCause(ctx)
	read := make(chan struct{})
	go func() {
		defer close(read)
		cancel(sock.listen())
	}()
	last := uint64(0)
	if err = sock.write(appendText(nil, hello)); err == nil {
		last, err = s.batches.pump(ctx, f.Stream, sock)
	}
	if ended, ok := errors.AsType[*over](context.Cause(ctx)); ok {
		err = ended
	}
	sock.end(err, last)
	_ = sock.conn.Close()
	<-read
	cancel(nil)
	return nil
}

// socket is a follower over WebSocket.
type socket struct {
	conn   net.Conn
	in     interface{ Read([]byte) (int, error) }
	split  bool // a message of the client has begun and not ended
	frames int  // read since minute
	minute time.Time
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

func (k *socket) beat() error { return k.write(ws.CompiledPing) }

// over is why a socket ends, with the close code for it.
type over struct {
	code   ws.StatusCode
	reason string
}

// Error implements error.
func (o *over) Error() string { return o.reason }

// end says good-bye with the code that err means.
func (k *socket) end(err error, last uint64) {
	if _, dumb := errors.AsType[*cut](err); dumb {
		return
	}
	o := &over{ws.StatusGoingAway, "the server is stopping"}
	e, known := errors.AsType[*home.Error](err)
	switch {
	case errors.As(err, &o):
	case errors.Is(err, bus.ErrGap):
		o = &over{CloseSlow, fmt.Sprintf("read too slowly; last=%d", last)}
	case known && e.Code == home.Unauthorized:
		o = &over{CloseCredential, e.Reason}
	case known && (e.Code == home.Forbidden || e.Code == home.NotFound || e.Code == home.Conflict):
		o = &over{CloseForbidden, e.Reason}
	case errors.Is(err, context.Canceled):
	default:
		o = &over{ws.StatusInternalServerError, "error"}
	}
	_ = k.conn.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = k.conn.Write(ws.MustCompileFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(o.code, o.reason))))
}
