package scenes

import (
	"fmt"
	"time"

	"latchkey/bus"
	"latchkey/home"
)

// lane is one scene with its runs, which go one after another. It is guarded
// by Engine.mu.
type lane struct {
	scene   *compiled
	gone    bool // removed
	busy    bool // a run is under way, or the lane stands in Engine.ready
	waiting []firing
	fired   []time.Time // the last triggers, at most Limits.PerMinute, oldest first
	until   time.Time   // suspended until then; zero = not
}

// firing is a run that is to begin.
type firing struct {
	run     home.ID
	entry   *bus.Entry // what fired it; nil when it was started by hand
	trigger home.Trace
	cause   home.Cause // up to the entry or to who started it
	saved   bool       // its beginning is on disk already
}

// verdict is what admit says of a firing.
type verdict struct {
	reason  string // "" = it is in the queue
	suspend bool   // the scene rests from now on
	silent  bool   // said before: nothing is kept of it
}

// admit puts f into l's queue, or says why not. The caller holds mu.
func (e *Engine) admit(l *lane, f *firing, now time.Time) verdict {
	byHand := f.entry == nil
	if !byHand && now.Before(l.until) {
		return verdict{reason: "suspended", silent: true}
	}
	if depth := f.cause.Depth(); depth >= e.limits.Depth {
		return verdict{reason: fmt.Sprintf("loop: this chain of causes already holds %d scene runs", depth), suspend: true}
	}
	if !byHand && e.tooOften(l, now) {
		return verdict{reason: fmt.Sprintf("too often: triggered more than %d times in a minute", e.limits.PerMinute), suspend: true}
	}
	if len(l.waiting) >= e.limits.SceneWaiting {
		return verdict{reason: fmt.Sprintf("busy: %d runs of this scene wait already", len(l.waiting))}
	}
	if e.waiting >= e.limits.Waiting {
		return verdict{reason: fmt.Sprintf("busy: %d runs of all scenes wait already", e.waiting)}
	}
	l.waiting = append(l.waiting, *f)
	e.waiting++
	if !l.busy {
		l.busy = true
		e.ready = append(e.ready, l)
		e.poke()
	}
	return verdict{}
}

// tooOften notes a trigger and reports whether there were more than the limit
// within the last minute. The caller holds mu.
func (e *Engine) tooOften(l *lane, now time.Time) bool {
	limit := e.limits.PerMinute
	if limit <= 0 {
		return false
	}
	if len(l.fired) < limit {
		l.fired = append(l.fired, now)
		return false
	}
	if age := now.Sub(l.fired[0]); age >= 0 && age < time.Minute {
		return true
	}
	copy(l.fired, l.fired[1:])
	l.fired[limit-1] = now
	return false
}

// refuse keeps a refusal for people to see, and suspends the scene when v says
// so. The caller holds mu; nothing here waits.
func (e *Engine) refuse(l *lane, f firing, v verdict) {
	if v.silent {
		return
	}
	now := e.clock()
	s := l.scene.scene
	n := note{run: refused(s, f, v.reason, home.TimeOf(now))}
	if v.suspend {
		l.until, l.fired = now.Add(e.limits.Suspension), l.fired[:0]
		until := home.TimeOf(l.until)
		n.run.Reason = fmt.Sprintf("%s; suspended until %s", v.reason, until)
		n.notice = &home.Event{Type: home.EventSuspended, Subject: string(s.ID), Cause: n.run.Cause, Verb: home.ReadScene}
		n.data = suspended{Scene: s.ID, Name: s.Name, Reason: v.reason, Until: until, Run: f.run}
	}
	select {
	case e.notes <- n:
	default:
		e.lost++
	}
}

// suspended is the data of a scene.suspended event.
type suspended struct {
	Scene  home.ID   `json:"scene"`
	Name   string    `json:"name"`
	Reason string    `json:"reason"`
	Until  home.Time `json:"until"`
	Run    home.ID   `json:"run"` // the refused one
}

// refused is the record of a firing that came to nothing.
func refused(s home.Scene, f firing, reason string, now home.Time) home.Run {
	return home.Run{ID: f.run, House: s.House, Scene: s.ID, Status: "refused", Reason: reason, Started: f.trigger.Started, Finished: now,
		Trigger: f.trigger, Checks: []home.Trace{}, Steps: []home.Trace{}, Cause: runCause(s, f)}
}

// runCause is the chain of everything that a run does.
func runCause(s home.Scene, f firing) home.Cause {
	return f.cause.And(home.Link{Kind: "scene", ID: s.ID, Name: s.Name}).And(home.Link{Kind: "run", ID: f.run})
}
