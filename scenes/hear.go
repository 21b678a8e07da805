package scenes

import (
	"encoding/json"
	"fmt"
	"time"

	"latchkey/bus"
	"latchkey/home"
)

// maxEventAge is how much older than its arrival an event may be to fire.
const maxEventAge = 5 * time.Minute

// Hear is a bus.Listener. For an entry that no scene listens to it costs a
// look into a map; a trigger that fires only puts a run into a queue. States
// that are not live and current, and events that are older than five minutes,
// fire nothing.
func (e *Engine) Hear(entries []*bus.Entry) {
	for _, entry := range entries {
		p := place{house: entry.House}
		switch {
		case entry.State != nil && entry.State.Live && entry.State.Current:
			p.topic.Feature = entry.State.Feature.ExternalID
		case entry.Event != nil && entry.Event.Received.Sub(entry.Event.At) <= maxEventAge:
			p.topic.Event = entry.Event.Type
		default:
			continue
		}
		if list := e.watching(p); len(list) > 0 {
			e.ask(list, entry)
		}
	}
}

// ask asks the triggers in turn and offers one run for each scene that fires.
func (e *Engine) ask(list []watch, entry *bus.Entry) {
	var fired *lane // a scene's triggers stand together
	for _, w := range list {
		if w.lane == fired || e.rests(w.lane) {
			continue
		}
		if ok, input := e.match(w, entry); ok {
			fired = w.lane
			e.fire(w, entry, input)
		}
	}
}

// rests reports whether a scene is suspended, so that a storm costs little.
func (e *Engine) rests(l *lane) bool {
	e.mu.RLock()
	until := l.until
	e.mu.RUnlock()
	return !until.IsZero() && e.clock().Before(until)
}

// match asks one trigger; a panic of its code fires nothing and harms nobody.
func (e *Engine) match(w watch, entry *bus.Entry) (fired bool, input json.RawMessage) {
	defer func() {
		if p := recover(); p != nil {
			e.log.Error("a trigger panicked", "panic", p, "seq", entry.Seq, "house", entry.House)
			fired, input = false, nil
		}
	}()
	return w.matcher.Match(entry)
}

// fire offers a run.
func (e *Engine) fire(w watch, entry *bus.Entry, input json.RawMessage) {
	now := e.clock()
	f := firing{run: home.NewID(), entry: entry, cause: causeOf(entry)}
	f.trigger = home.Trace{Name: fmt.Sprintf("triggers[%d]", w.nth), Started: home.TimeOf(now), Finished: home.TimeOf(now), Input: input}
	e.mu.Lock()
	defer e.mu.Unlock()
	l := w.lane
	if l.gone || e.closed || w.nth >= len(l.scene.scene.Triggers) {
		return
	}
	f.trigger.Type = l.scene.scene.Triggers[w.nth].Type
	if v := e.admit(l, &f, now); v.reason != "" {
		e.refuse(l, f, v)
	}
}

// causeOf is an entry's own cause with the entry behind it.
func causeOf(entry *bus.Entry) home.Cause {
	if s := entry.State; s != nil {
		return s.New.Cause.And(home.Link{Kind: "state", Seq: entry.Seq, Name: s.Feature.ExternalID})
	}
	return entry.Event.Cause.And(home.Link{Kind: "event", Seq: entry.Seq, Name: entry.Event.Type})
}
