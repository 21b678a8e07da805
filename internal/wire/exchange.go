package wire

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"net/netip"
	"time"

	"latchkey/home"
)

// exchange is one request with its answer: the ResponseWriter that handlers
// see and the context that they get, in one allocation.
type exchange struct {
	context.Context
	http.ResponseWriter
	srv     *mounted
	route   *Route
	path    string // as it came, escaped
	began   time.Time
	status  int // 0 = nothing written
	sent    int64
	remote  netip.Addr
	body    bodyReader
	ours    bool // a handler or a dialect writes; until then it is ServeMux
	swallow bool // ServeMux's own 404 or 405 was kept back
	rolling bool // the write deadline moves on as the answer does
	moved   time.Time
	// idLine, typeLine and lengthLine are header values, kept here to save making
	// a slice for each.
	idLine, typeLine, lengthLine [1]string
}

type exchangeKey struct{}

// Value implements context.Context.
func (x *exchange) Value(key any) any {
	if _, ok := key.(exchangeKey); ok {
		return x
	}
	return x.Context.Value(key)
}

// id is the request's id.
func (x *exchange) id() string { return x.idLine[0] }

func exchangeOf(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// RequestID returns the id of the request that ctx belongs to, or "". It is in
// the X-Request-Id header of the answer, in problem bodies and in the log.
func RequestID(ctx context.Context) string {
	if x := exchangeOf(ctx); x != nil {
		return x.id()
	}
	return ""
}

// RouteOf returns the route that r was matched to, or nil.
func RouteOf(r *http.Request) *Route {
	if x := exchangeOf(r.Context()); x != nil {
		return x.route
	}
	return nil
}

// Spend takes one request from the rate of a key once it is known to hold, and
// puts the rate's headers on the answer. From then on the connection counts no
// more as one of an unknown visitor. It returns TooMany when there is none left.
func Spend(r *http.Request, key home.ID, kind home.KeyKind) error {
	if p, ok := r.Context().Value(peerKey{}).(*peer); ok && p.conn != nil && p.known.CompareAndSwap(false, true) {
		p.conn.owner.known(p.conn)
	}
	x := exchangeOf(r.Context())
	if x == nil || x.srv.Limiter == nil {
		return nil
	}
	return x.srv.Limiter.Key(x.Header(), key, kind)
}

// Unwrap gives http.ResponseController the writer below.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// WriteHeader implements http.ResponseWriter. What ServeMux itself says of an
// unknown path is kept back, so that the owning dialect can say it.
func (x *exchange) WriteHeader(status int) {
	if !x.ours && (status == http.StatusNotFound || status == http.StatusMethodNotAllowed) {
		x.swallow = true
		return
	}
	if x.swallow {
		return
	}
	if status >= 200 || status == http.StatusSwitchingProtocols {
		x.status = status
	}
	x.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (x *exchange) Write(b []byte) (int, error) {
	if x.swallow {
		return len(b), nil
	}
	if x.status == 0 {
		x.status = http.StatusOK
	}
	if x.rolling {
		x.extend()
	}
	n, err := x.ResponseWriter.Write(b)
	x.sent += int64(n)
	return n, err
}

// Flush implements http.Flusher.
func (x *exchange) Flush() {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	_ = http.NewResponseController(x.ResponseWriter).Flush()
}

// Hijack implements http.Hijacker.
func (x *exchange) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(x.ResponseWriter).Hijack()
	if err == nil {
		x.status = http.StatusSwitchingProtocols
	}
	return c, rw, err
}

// extend gives an answer that is still being written another WriteTimeout.
func (x *exchange) extend() {
	now := x.srv.Clock()
	if now.Sub(x.moved) < WriteTimeout/6 {
		return
	}
	x.moved = now
	_ = http.NewResponseController(x.ResponseWriter).SetWriteDeadline(now.Add(WriteTimeout))
}
