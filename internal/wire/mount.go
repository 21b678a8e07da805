package wire

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"latchkey/home"
)

// Metrics hears of every answer. Its methods are called on the request's own
// goroutine and must be quick.
type Metrics interface {
	// Done tells of a finished request. rt is nil when no route matched.
	Done(rt *Route, status int, took time.Duration, sent int64)
	// Refused tells of a request that was turned away for want of room in its class.
	Refused(c Class)
}

// Options are the choices of Mount. The zero value is strict and works.
type Options struct {
	Log     *slog.Logger // nil = slog.Default()
	Clock   home.Clock   // nil = the system's
	Metrics Metrics      // nil = none
	// Hosts are the names under which the server may be asked, besides IP
	// literals, localhost and *.local. "*.example.org" takes every name below.
	Hosts []string
	// Origins are the web origins, such as https://wall.example.org, whose pages
	// may read answers (CORS) with a key; "*" is any. Empty = none.
	Origins []string
	// Proxies are the networks of reverse proxies whose X-Forwarded-For is believed.
	Proxies []netip.Prefix
	// InFlight is how many requests of a class may run at once; 0 = 256, and 32 for Export.
	InFlight [4]int
	Limiter  *Limiter // nil = no rate limits
	HSTS     bool     // tell browsers to use https only, for a year
}

// mounted is what Mount returns.
type mounted struct {
	Options
	dialects []Dialect
	mux      *http.ServeMux
	csrf     *http.CrossOriginProtection
	ids      requestIDs
	running  [classes]atomic.Int64
	base     []headerLine
	hosts    hostList
	pool     bufferPool
}

// Mount makes one handler of the dialects. It returns an error for routes that
// Check does not pass, and for patterns that contradict each other.
func Mount(dialects []Dialect, o Options) (http.Handler, error) {
	if err := Check(dialects); err != nil {
		return nil, fmt.Errorf("mount routes: %w", err)
	}
	m := &mounted{Options: o, dialects: dialects, mux: http.NewServeMux(), csrf: http.NewCrossOriginProtection(), ids: newRequestIDs(), hosts: newHostList(o.Hosts)}
	if m.Log == nil {
		m.Log = slog.Default()
	}
	if m.Clock == nil {
		m.Clock = time.Now
	}
	for c := range m.InFlight {
		if m.InFlight[c] <= 0 {
			m.InFlight[c] = 256
			if Class(c) == Export {
				m.InFlight[c] = 32
			}
		}
	}
	for _, origin := range o.Origins {
		if origin == "*" {
			continue // a key is asked for all the same; cookies are not taken from it
		}
		if err := m.csrf.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("mount routes: allowed origin %q: %w", origin, err)
		}
	}
	m.base = baseHeaders(o.HSTS)
	return m, m.registerAll()
}

func (m *mounted) registerAll() error {
	for i := range m.dialects {
		d := &m.dialects[i]
		d.Routes = append([]Route(nil), d.Routes...)
		for j := range d.Routes {
			rt := &d.Routes[j]
			rt.dialect, rt.segment = d, secretSegment(rt)
			if rt.Carry == 0 {
				rt.Carry = Usual
			}
			if err := register(m.mux, rt.Pattern(), &bound{m: m, route: rt, wide: catchAll(rt.Path)}); err != nil {
				return err
			}
		}
	}
	return nil
}

// ServeHTTP implements http.Handler.
func (m *mounted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{Context: r.Context(), ResponseWriter: w, srv: m, idLine: [1]string{m.ids.next()}, path: r.URL.EscapedPath(), began: m.Clock()}
	h := w.Header()
	for _, line := range m.base {
		h[line.name] = line.value
	}
	h["X-Request-Id"] = x.idLine[:]
	r = r.WithContext(x)
	defer m.finish(x, r)
	if e := m.admitRequest(x, r); e != nil {
		x.ours = true
		d, _ := m.owner(r.URL.Path)
		d.fail(x, r, e)
		return
	}
	if x.ours {
		return // a CORS preflight, answered
	}
	if r.Method == http.MethodTrace || r.Method == http.MethodConnect || !plainPath(x.path) && suspicious(x.path) {
		m.unmatched(x, r)
		return
	}
	m.dispatch(x, r)
}

// dispatch lets ServeMux find the route; where there is none, the dialect that
// owns the path says so.
func (m *mounted) dispatch(x *exchange, r *http.Request) {
	if p := r.URL.Path; len(p) > 1 && p[len(p)-1] == '/' {
		if d, _ := m.owner(p); d != nil && d.TrailingSlash {
			u := *r.URL
			u.Path, u.RawPath = strings.TrimSuffix(p, "/"), strings.TrimSuffix(u.RawPath, "/")
			r.URL = &u
		}
	}
	m.mux.ServeHTTP(x, r)
	if x.swallow {
		m.unmatched(x, r)
	}
}

// bound is a route as ServeMux holds it.
type bound struct {
	m     *mounted
	route *Route
	wide  bool
}

// ServeHTTP implements http.Handler.
func (b *bound) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x, rt := w.(*exchange), b.route
	if b.wide && b.m.foreign(rt, r.URL.Path) {
		x.swallow = true
		return
	}
	x.route, x.ours = rt, true
	if e := b.m.enter(rt); e != nil {
		rt.dialect.fail(x, r, e)
		return
	}
	defer b.m.leave(rt)
	if e := x.bound(r, rt); e != nil {
		rt.dialect.fail(x, r, e)
		return
	}
	if rt.Stream {
		ctx, stop := x.stream()
		defer stop()
		r = r.WithContext(ctx)
	} else if rt.Wait > 0 || rt.Body > Body || rt.Class == Export {
		x.slow(rt)
	}
	if err := b.m.run(x, r, rt); err != nil {
		b.m.failed(x, r, err)
	}
}

// run calls the handler, with what a visitor without a key has to pay before
// and after.
func (m *mounted) run(x *exchange, r *http.Request, rt *Route) error {
	if m.Limiter == nil {
		return rt.Handler(x, r)
	}
	if rt.Right == home.Anyone {
		if err := m.Limiter.Visitor(x.Header(), RemoteIP(r)); err != nil {
			return err
		}
	}
	err := rt.Handler(x, r)
	if rt.Right != home.Anyone && home.CodeOf(err) == home.Unauthorized {
		if limited := m.Limiter.Visitor(x.Header(), RemoteIP(r)); limited != nil {
			return limited
		}
	}
	return err
}

// failed writes err in the shape of the route's dialect.
func (m *mounted) failed(x *exchange, r *http.Request, err error) {
	e := home.AsError(err)
	if e.Code == home.Internal {
		m.Log.ErrorContext(r.Context(), "request failed", "id", x.id(), "route", x.route.Name, "error", err)
	}
	if x.status != 0 {
		m.Log.DebugContext(r.Context(), "answer cut", "id", x.id(), "route", x.route.Name, "error", err)
		panic(http.ErrAbortHandler)
	}
	x.route.dialect.fail(x, r, e)
}

// stream takes the deadlines off and returns a context that also ends when the
// server stops.
func (x *exchange) stream() (context.Context, func()) {
	c := http.NewResponseController(x.ResponseWriter)
	_ = c.SetReadDeadline(time.Time{})
	_ = c.SetWriteDeadline(time.Time{})
	ctx, cancel := context.WithCancel(context.Context(x))
	stopping, ok := x.Value(stoppingKey{}).(context.Context)
	if !ok {
		return ctx, cancel
	}
	detach := context.AfterFunc(stopping, cancel)
	return ctx, func() { detach(); cancel() }
}

// slow gives a route that waits, an upload or an export the time that it needs
// while it moves.
func (x *exchange) slow(rt *Route) {
	x.rolling, x.moved = true, x.began
	more := rt.Wait
	if rt.Body > Body {
		more += UploadTimeout
	}
	if more > 0 {
		_ = http.NewResponseController(x.ResponseWriter).SetWriteDeadline(x.began.Add(more + WriteTimeout))
	}
}
