package wire

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"latchkey/home"
)

// requestIDs numbers requests; the random beginning tells one run of the
// program from another.
type requestIDs struct {
	prefix string
	last   *atomic.Uint64
}

func newRequestIDs() requestIDs {
	return requestIDs{prefix: strings.ToLower(rand.Text()[:10]) + "-", last: new(atomic.Uint64)}
}

func (q requestIDs) next() string {
	var b [32]byte
	return string(strconv.AppendUint(append(b[:0], q.prefix...), q.last.Add(1), 36))
}

// enter takes room in the route's class.
func (m *mounted) enter(rt *Route) *home.Error {
	if rt.Stream {
		return nil // bounded by connections; it would hold its room for hours
	}
	if n := m.running[rt.Class].Add(1); n > int64(m.InFlight[rt.Class]) {
		m.running[rt.Class].Add(-1)
		if m.Metrics != nil {
			m.Metrics.Refused(rt.Class)
		}
		e := home.Errorf(home.Unavailable, "too many requests of this kind at once; try again in a second").Because(ReasonOverload)
		e.RetryAfter = time.Second
		return e
	}
	return nil
}

func (m *mounted) leave(rt *Route) {
	if !rt.Stream {
		m.running[rt.Class].Add(-1)
	}
}

// finish ends a request whatever happened: a panic becomes an Internal error
// and a line in the log with its stack; then the access log and the metrics.
func (m *mounted) finish(x *exchange, r *http.Request) {
	p := recover()
	if p != nil && !aborted(p) {
		m.Log.ErrorContext(r.Context(), "panic in a handler", "id", x.id(), "path", x.shownPath(), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		if x.status == 0 {
			x.answerPanic(r)
			p = nil
		} else {
			p = http.ErrAbortHandler // the answer has begun; cutting it is the only honest end
		}
	}
	took := m.Clock().Sub(x.began)
	if m.Metrics != nil {
		m.Metrics.Done(x.route, x.status, took, x.sent)
	}
	level := slog.LevelDebug
	if x.status >= 500 && x.status != http.StatusServiceUnavailable { // 503 comes in floods, and whoever causes it says why once
		level = slog.LevelInfo
	}
	if m.Log.Enabled(r.Context(), level) {
		m.Log.LogAttrs(r.Context(), level, "request", slog.String("id", x.id()), slog.String("method", clip(r.Method, 20)), slog.String("path", x.shownPath()),
			slog.String("query", RedactQuery(r.URL.RawQuery)), slog.Int("status", x.status), slog.Duration("took", took), slog.String("from", RemoteIP(r).String()))
	}
	if p != nil {
		panic(p)
	}
}

func aborted(p any) bool {
	err, ok := p.(error)
	return ok && errors.Is(err, http.ErrAbortHandler)
}

// answerPanic writes Internal; a dialect whose Fail panics too gets a plain problem.
func (x *exchange) answerPanic(r *http.Request) {
	x.ours, x.swallow = true, false
	e := home.AsError(errors.New("panic"))
	defer func() {
		if recover() != nil && x.status == 0 {
			WriteProblem(x, r, e)
		}
	}()
	var d *Dialect
	if x.route != nil {
		d = x.route.dialect
	}
	d.fail(x, r, e)
}

// shownPath is the request's path as it may be shown: with the route's secret,
// or whatever looks like one where no route is known, made unreadable.
func (x *exchange) shownPath() string {
	if x.route != nil {
		return redactSegment(x.path, x.route.segment)
	}
	return RedactPath(x.path)
}
