package hub

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"latchkey/bus"
	"latchkey/home"
)

// MaxReports is how many states one call of Report takes.
const MaxReports = 1000

// MaxText is how many bytes a text value may have.
const MaxText = 4096

// clockEpoch: a clock that shows an earlier moment is not believed.
const clockEpoch = home.Time(1735689600000) // 2025-01-01

// Told is what became of one report.
type Told struct {
	Feature string
	Seq     uint64
	At      home.Time
}

// Report takes values in, all or none of them, and returns when they are on
// disk and told. It needs state:write on each feature. Errors: NotFound
// (feature_unknown), Forbidden, Unprocessable with the fields at fault, and
// Unavailable.
func (h *Hub) Report(ctx context.Context, id *home.Identity, reports ...home.Report) ([]Told, error) {
	return h.report(ctx, id, home.WriteState, reports)
}

// ReportThen is Report for a caller that must not wait, such as the reader of a
// connection. What is wrong with the reports themselves is returned at once;
// otherwise then is called when they are on disk, or could not be put there. It
// is called in the order of the calls, by the committer: it must not block and
// must not call the hub.
func (h *Hub) ReportThen(id *home.Identity, then func([]Told, error), reports ...home.Report) error {
	in, err := h.receive(id, home.WriteState, reports)
	if err != nil {
		return err
	}
	in.change.then = func(err error) { then(in.told, err) }
	return h.enqueue(&in.change)
}

func (h *Hub) report(ctx context.Context, id *home.Identity, verb home.Verb, reports []home.Report) ([]Told, error) {
	in, err := h.receive(id, verb, reports)
	if err != nil {
		return nil, err
	}
	if err := h.do(ctx, &in.change); err != nil {
		return nil, err
	}
	return in.told, nil
}

// receive judges a batch and makes it ready for the committer.
func (h *Hub) receive(id *home.Identity, verb home.Verb, reports []home.Report) (*intake, error) {
	p, err := h.houseOf(id)
	if err != nil {
		return nil, err
	}
	if len(reports) == 0 || len(reports) > MaxReports {
		return nil, home.Errorf(home.Unprocessable, "a batch holds 1 to %d states, this one has %d", MaxReports, len(reports))
	}
	in := &intake{place: p, hub: h, cause: causeOf(id)}
	in.room(len(reports))
	for i := range reports {
		if err := in.take(i, id, verb, &reports[i]); err != nil {
			return nil, err
		}
	}
	in.change = change{decide: in.decide, shared: true}
	if p.shows(reports) {
		in.change = change{decide: in.decideSeen} // looks at members
	}
	return in, nil
}

// causeOf is the chain that id carries with who it is at its end.
func causeOf(id *home.Identity) home.Cause {
	if id.Scene != "" || id.Kind == home.InsideKey {
		return id.Cause // the run or driver stands there already
	}
	if len(id.Cause) == 0 && id.Self != nil {
		return id.Self
	}
	if id.Kind == home.SessionKey {
		return id.Cause.And(home.Link{Kind: "account", ID: id.Account, Name: id.KeyName})
	}
	return id.Cause.And(home.Link{Kind: "key", ID: id.Key, Name: id.KeyName})
}

// toldState is what the bus tells of a state, in one piece of memory.
type toldState struct {
	entry  bus.Entry
	change home.StateChange
}

// arrival is one valid report on its way to the committer.
type arrival struct {
	live   *live
	report *home.Report
}

// intake is one batch of reports.
type intake struct {
	hub    *Hub
	place  *place
	cause  home.Cause
	states []arrival
	told   []Told
	change change

	// Room for what most batches are: one state.
	oneState [1]arrival
	oneTold  [1]Told
}

// room makes room for n states.
func (in *intake) room(n int) {
	if n == 1 {
		in.states, in.told = in.oneState[:], in.oneTold[:]
		return
	}
	in.states, in.told = make([]arrival, n), make([]Told, n)
}

// take judges the n-th report.
func (in *intake) take(n int, id *home.Identity, verb home.Verb, r *home.Report) error {
	l := in.place.feature(r.Feature)
	if l == nil {
		return in.unknown(id, verb, r.Feature)
	}
	a := l.about.Load()
	if !id.May(verb, a.device, a.feature) {
		if !id.MaySome(verb) || id.May(home.ReadDevice, a.device, a.feature) {
			return forbidden(verb)
		}
		return in.unknown(id, verb, r.Feature) // a narrow key learns nothing of what else there is
	}
	if a.shape == home.Text && r.Loose && !r.Value.IsText {
		r.Value = home.Txt(cmp.Or(r.Written, strconv.FormatFloat(r.Value.Number, 'f', -1, 64)))
	}
	value, problem := acceptable(a, r.Value)
	if problem != "" {
		return home.Errorf(home.Unprocessable, "%s: %s", r.Feature, problem).Because("value_refused").At(statePath(n, len(in.states)), "%s", problem)
	}
	if r.Explicit && r.At > in.hub.Now().Add(in.hub.limits.FutureTime) {
		problem := fmt.Sprintf("%s is in the future; history is at most %s ahead of now", r.At, in.hub.limits.FutureTime)
		return home.Errorf(home.Unprocessable, "%s: %s", r.Feature, problem).Because("time_refused").At("created_at", "%s", problem)
	}
	r.Value = value
	in.states[n] = arrival{live: l, report: r}
	return nil
}

func (in *intake) unknown(id *home.Identity, verb home.Verb, feature string) error {
	if !id.MaySome(verb) {
		return forbidden(verb)
	}
	return home.Errorf(home.NotFound, "there is no feature with the external id %.200q; create the device first", feature).Because("feature_unknown")
}

func statePath(n, of int) string {
	if of == 1 {
		return "state"
	}
	return fmt.Sprintf("[%d].state", n)
}

func forbidden(v home.Verb) error {
	return home.Errorf(home.Forbidden, "this needs the right %s, which the credential does not hold", v).Because("right_missing")
}

// acceptable returns v as the feature takes it, or what is wrong with it.
func acceptable(a *described, v home.Value) (home.Value, string) {
	if a.shape == home.Text {
		if !v.IsText {
			return v, "this feature takes a text"
		}
		return v, textProblem(v.Text)
	}
	if v.IsText {
		return v, "this feature takes a number, not a text"
	}
	n, f := v.Number, a.feature
	switch {
	case math.IsNaN(n) || math.IsInf(n, 0):
		return v, "a state is a finite number"
	case a.shape == home.Binary && n != 0 && n != 1:
		return v, fmt.Sprintf("this feature takes 0 or 1, not %v", n)
	case f.Min != nil && n < *f.Min:
		return v, fmt.Sprintf("%v is below the feature's minimum of %v", n, *f.Min)
	case f.Max != nil && n > *f.Max:
		return v, fmt.Sprintf("%v is above the feature's maximum of %v", n, *f.Max)
	}
	return v, ""
}

func textProblem(s string) string {
	switch {
	case len(s) > MaxText:
		return fmt.Sprintf("a text has at most %d bytes, this one has %d", MaxText, len(s))
	case !utf8.ValidString(s):
		return "a text is UTF-8"
	}
	for i := range len(s) {
		if s[i] == 0 {
			return "a text holds no NUL byte"
		}
	}
	return ""
}

// decide runs in the committer: it settles times, numbers and what is current.
func (in *intake) decide(d *draft) error {
	for i := range in.states {
		if in.states[i].live.about.Load().gone {
			return in.unknownNow(in.states[i].report.Feature)
		}
	}
	for i := range in.states {
		in.settle(d, i)
	}
	return nil
}

func (in *intake) unknownNow(feature string) error {
	return home.Errorf(home.NotFound, "there is no feature with the external id %.200q any more", feature).Because("feature_unknown")
}

func (in *intake) settle(d *draft, n int) {
	l, r := in.states[n].live, in.states[n].report
	a := l.about.Load()
	old := l.pending
	if old == nil {
		old = l.current.Load()
	}
	at, flagged := in.moment(d.now, r)
	// By itself in memory: what was told before hangs on the entry that told it, and
	// would never be let go if the current value were a part of such an entry.
	s := &home.State{At: at, Received: d.now, Value: r.Value, Cause: in.cause, Flagged: flagged}
	current := old == nil || at > old.At || at == old.At && !r.Explicit || !r.Explicit && flagged
	if !r.Explicit && !current && d.now < old.At {
		current = true // our own clock has gone back: what is reported now is what is so now
	}
	s.Seq = d.number(in.place)
	point := home.Point{House: in.place.id, Feature: l.num, Seq: s.Seq, At: at, Received: d.now, Value: r.Value, Cause: in.cause,
		Flagged: flagged, Current: current, History: a.feature.KeepHistory, Replace: r.Explicit, Live: !r.Quiet && in.live(d.now, at)}
	told := &toldState{change: home.StateChange{Device: a.device, Feature: a.feature, Old: old, New: *s, Current: current, Live: point.Live}}
	change := &told.change
	change.Changed = current && (old == nil || old.Value != s.Value)
	if old != nil {
		point.Old = &old.Value
	}
	if current {
		if l.pending == nil {
			d.lives = append(d.lives, l)
		}
		l.pending = s
	}
	d.group.Points = append(d.group.Points, point)
	told.entry.Seq, told.entry.House, told.entry.State = s.Seq, in.place.id, change
	d.tell = append(d.tell, &told.entry)
	in.told[n] = Told{Feature: r.Feature, Seq: s.Seq, At: at}
}

// moment is when a report was so: its own time where that can be believed,
// else when it arrived (flagged).
func (in *intake) moment(now home.Time, r *home.Report) (at home.Time, flagged bool) {
	switch {
	case r.At == 0:
		return now, now < clockEpoch
	case r.Explicit:
		return r.At, false
	case r.At > now.Add(in.hub.limits.FutureTime), r.At < now.Add(-time.Duration(in.hub.limits.ReadDays)*24*time.Hour):
		return now, true
	}
	return r.At, false
}

// live reports whether a state of that moment may fire triggers.
func (in *intake) live(now, at home.Time) bool {
	age := now.Sub(at)
	return age <= in.hub.limits.TriggerAge
}
