package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Limits are what one listener bears. Zero values stand for the usual ones.
type Limits struct {
	Connections int            // open at once; 0 = 1,024
	PerAddress  int            // of one IPv4 address or IPv6 /64 that has shown no key that holds; 0 = 64
	HeaderBytes int            // of one request's head; 0 = 32 KiB
	Header      time.Duration  // to send the head; 0 = 5 s
	Idle        time.Duration  // between two requests; 0 = 60 s
	Stop        time.Duration  // to end what runs when the server stops; 0 = 5 s
	Proxies     []netip.Prefix // reverse proxies, which PerAddress does not count; this machine is not counted either
	TLS         *tls.Config    // nil = plain HTTP
	Log         *slog.Logger   // for what net/http finds wrong with connections; nil = none
}

func (l Limits) usual() Limits {
	orInt := func(v *int, usual int) {
		if *v <= 0 {
			*v = usual
		}
	}
	orTime := func(v *time.Duration, usual time.Duration) {
		if *v <= 0 {
			*v = usual
		}
	}
	orInt(&l.Connections, 1024)
	orInt(&l.PerAddress, 64)
	orInt(&l.HeaderBytes, 32<<10)
	orTime(&l.Header, HeaderTimeout)
	orTime(&l.Idle, 60*time.Second)
	orTime(&l.Stop, 5*time.Second)
	if l.Log == nil {
		l.Log = slog.New(slog.DiscardHandler)
	}
	return l
}

// Server serves h on ln until ctx ends, and closes ln. Then it ends the contexts
// of streams, has answers end their connections for a moment, takes no more
// connections, lets the other requests finish, and after limits.Stop closes
// whatever is left. It returns when every handler has returned, or Stop has passed
// once more: nil after a stop, otherwise what ended the listener.
func Server(ctx context.Context, ln net.Listener, h http.Handler, limits Limits) error {
	limits = limits.usual()
	stopping, stop := context.WithCancel(context.Background())
	defer stop()
	listener := newLimitListener(ln, limits)
	running := &tracked{next: h}
	s := &http.Server{
		Handler: running, ReadHeaderTimeout: limits.Header, ReadTimeout: ReadTimeout, WriteTimeout: WriteTimeout, IdleTimeout: limits.Idle,
		MaxHeaderBytes: limits.HeaderBytes - 4096, // net/http allows 4 KiB more than it is told
		ErrorLog:       slog.NewLogLogger(limits.Log.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context {
			return context.WithValue(context.WithValue(context.WithoutCancel(ctx), stoppingKey{}, stopping), runningKey{}, running)
		},
		ConnContext:                  connContext,
		DisableGeneralOptionsHandler: true,
	}
	ended := make(chan error, 1)
	go func() { ended <- start(s, listener, limits.TLS) }()
	var err error
	select {
	case err = <-ended:
		err = fmt.Errorf("serve %s: %w", ln.Addr(), err)
	case <-ctx.Done():
	}
	stop()
	running.last.Store(true)
	if err == nil && len(listener.all()) > 0 {
		<-time.After(min(dismissTime, limits.Stop/4))
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), limits.Stop)
	defer cancel()
	if s.Shutdown(grace) != nil {
		_ = s.Close() // what is left does not end by itself
	}
	if !running.wait(grace) {
		limits.Log.Warn("requests cut at the stop")
	}
	listener.closeAll()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), limits.Stop)
	defer cancel()
	if !running.wait(last) {
		return errors.Join(err, errors.New("stop the server: a handler does not end"))
	}
	if err == nil {
		<-ended
	}
	return err
}

func start(s *http.Server, ln net.Listener, c *tls.Config) error {
	if c == nil {
		return s.Serve(ln)
	}
	s.TLSConfig = c
	return s.ServeTLS(ln, "", "")
}

// connContext keeps what the listener knows of a connection.
func connContext(ctx context.Context, c net.Conn) context.Context {
	p := peerOf(c.RemoteAddr())
	p.conn, _ = innermost(c).(*limitConn)
	return context.WithValue(ctx, peerKey{}, p)
}

// innermost takes TLS off a connection.
func innermost(c net.Conn) net.Conn {
	if t, ok := c.(interface{ NetConn() net.Conn }); ok {
		if _, ours := c.(*limitConn); !ours {
			return t.NetConn()
		}
	}
	return c
}

// tracked counts the handlers that run, those of hijacked connections too,
// which http.Server forgets.
type tracked struct {
	next http.Handler
	mu   sync.Mutex
	n    int
	idle chan struct{} // closed when n falls to 0; nil while nobody waits
	last atomic.Bool   // answers end their connections
}

// ServeHTTP implements http.Handler.
func (t *tracked) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t.enter()
	defer t.leave()
	if t.last.Load() {
		w.Header().Set("Connection", "close")
	}
	t.next.ServeHTTP(w, r)
}

// dismissTime is how long clients with kept connections are given to ask once more
// and hear that it was the last time; http.Server closes those under them.
const dismissTime = 200 * time.Millisecond

func (t *tracked) enter() {
	t.mu.Lock()
	t.n++
	t.mu.Unlock()
}

func (t *tracked) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n--; t.n == 0 && t.idle != nil {
		close(t.idle)
		t.idle = nil
	}
}

// wait reports whether all handlers returned before ctx ended.
func (t *tracked) wait(ctx context.Context) bool {
	t.mu.Lock()
	if t.n == 0 {
		t.mu.Unlock()
		return true
	}
	if t.idle == nil {
		t.idle = make(chan struct{})
	}
	idle := t.idle
	t.mu.Unlock()
	select {
	case <-idle:
		return true
	case <-ctx.Done():
		return false
	}
}
