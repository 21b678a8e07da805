package scenes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"latchkey/home"
)

// execution is one run under way.
type execution struct {
	engine *Engine
	lane   *lane
	scene  *compiled
	entry  firing
	actor  *home.Identity
	run    home.Run
}

// execute carries out one run and keeps its trace.
func (e *Engine) execute(ctx context.Context, l *lane, f firing) {
	e.mu.RLock()
	scene, gone := l.scene, l.gone
	e.mu.RUnlock()
	s := scene.scene
	x := &execution{engine: e, lane: l, scene: scene, entry: f}
	x.run = home.Run{ID: f.run, House: s.House, Scene: s.ID, Status: "running", Started: e.clock.Now(), Trigger: f.trigger,
		Checks: []home.Trace{}, Steps: []home.Trace{}, Cause: runCause(s, f)}
	status, reason := x.carryOut(ctx, gone)
	x.run.Status, x.run.Reason, x.run.Finished = status, reason, e.clock.Now()
	e.save(x.run)
}

// carryOut does the run's work and says how it ended. A panic of an action or a
// condition ends this run only.
func (x *execution) carryOut(ctx context.Context, gone bool) (status, reason string) {
	defer func() {
		if p := recover(); p != nil {
			x.engine.log.Error("a run panicked", "panic", p, "run", x.run.ID, "scene", x.run.Scene)
			status, reason = "failed", "something went wrong on our side; the log has the details"
		}
	}()
	if reason := x.admissible(gone); reason != "" {
		return "refused", reason
	}
	if reason := x.conditions(ctx); reason != "" {
		return "refused", reason
	}
	if !x.entry.saved {
		x.engine.save(x.run)
	}
	for i, step := range x.scene.scene.Steps {
		if status, reason := x.stopped(ctx); status != "" {
			return status, reason
		}
		if reason := x.step(ctx, i, step); reason != "" {
			if ctx.Err() != nil {
				return "interrupted", "the server stopped"
			}
			return "failed", reason
		}
	}
	return "done", ""
}

// admissible finds in whose rights the run acts and whether those may see what
// fired it. It returns why not, or "".
func (x *execution) admissible(gone bool) string {
	s := x.scene.scene
	if gone {
		return "the scene was deleted"
	}
	if x.entry.entry != nil && !s.Enabled {
		return "the scene was disabled"
	}
	actor, err := x.engine.house.Actor(s, x.run.Cause)
	if err != nil {
		return home.AsError(err).Message
	}
	x.actor = actor
	if e := x.entry.entry; e != nil && e.State != nil && !actor.May(home.ReadState, e.State.Device, e.State.Feature) {
		x.run.Trigger.Input = nil
		return "the scene's owner may not read " + e.State.Feature.ExternalID
	}
	if e := x.entry.entry; e != nil && e.Event != nil && !actor.May(verbOf(e.Event), nil, nil) {
		x.run.Trigger.Input = nil
		return "the scene's owner may not read events of the type " + e.Event.Type
	}
	return ""
}

// verbOf is the right that a reader of e needs.
func verbOf(e *home.Event) home.Verb {
	if e.Verb == "" {
		return home.ReadEvent
	}
	return e.Verb
}

// conditions looks at all of them, so that the trace shows each, and returns
// why the run is refused, or "".
func (x *execution) conditions(ctx context.Context) (reason string) {
	ctx, cancel := context.WithTimeout(ctx, x.engine.limits.ActionTimeout)
	defer cancel()
	for i, c := range x.scene.conditions {
		settings := x.scene.scene.Conditions[i]
		t := home.Trace{Type: settings.Type, Name: fmt.Sprintf("conditions[%d]", i), Started: x.engine.clock.Now(), Input: x.engine.keep(settings.Settings)}
		held, seen, err := c.Holds(ctx, eyes{x.engine.house, x.actor})
		held = held && err == nil
		t.Held, t.Result, t.Finished = &held, x.engine.keep(seen), x.engine.clock.Now()
		if err != nil {
			t.Error = x.blame(t.Name, err)
		}
		x.run.Checks = append(x.run.Checks, t)
		if !held && reason == "" {
			reason = strings.TrimSuffix(t.Name+" did not hold: "+t.Error, ": ")
		}
	}
	return reason
}

// stopped reports whether the run must not go on, and as what it ends.
func (x *execution) stopped(ctx context.Context) (status, reason string) {
	if ctx.Err() != nil {
		return "interrupted", "the server stopped"
	}
	x.engine.mu.RLock()
	gone := x.lane.gone
	x.engine.mu.RUnlock()
	if gone {
		return "interrupted", "the scene was deleted"
	}
	return "", ""
}

// step calls one action, in the rights that the owner has at that moment. It
// returns why it failed, or "".
func (x *execution) step(ctx context.Context, n int, step home.Step) string {
	e := x.engine
	ctx, cancel := context.WithTimeout(ctx, e.limits.ActionTimeout)
	defer cancel()
	t := home.Trace{Type: step.Action, Name: step.Name, Started: e.clock.Now(), Input: e.keep(step.Args)}
	if t.Name == "" {
		t.Name = fmt.Sprintf("steps[%d]", n)
	}
	result, err := x.call(ctx, step)
	t.Finished, t.Result = e.clock.Now(), e.keep(result)
	if err != nil {
		t.Error = x.blame(t.Name, err)
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			t.Error = fmt.Sprintf("%s did not end within %s", step.Action, e.limits.ActionTimeout)
		}
	}
	x.run.Steps = append(x.run.Steps, t)
	if err != nil {
		return fmt.Sprintf("steps[%d] %s: %s", n, step.Action, t.Error)
	}
	return ""
}

func (x *execution) call(ctx context.Context, step home.Step) (result json.RawMessage, err error) {
	actor, err := x.engine.house.Actor(x.scene.scene, x.run.Cause)
	if err != nil {
		return nil, err
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the action panicked: %v", p)
		}
	}()
	return x.engine.house.Call(ctx, actor, step.Action, step.Args)
}

// blame returns what a trace says of err; a foreign error goes to the log.
func (x *execution) blame(where string, err error) string {
	a := home.AsError(err)
	if a.Code == home.Internal {
		x.engine.log.Error("a scene met an error", "run", x.run.ID, "scene", x.run.Scene, "where", where, "error", err)
	}
	if len(a.Message) > 500 {
		return strings.ToValidUTF8(a.Message[:500], "") + "..."
	}
	return a.Message
}
