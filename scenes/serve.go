package scenes

import (
	"context"
	"errors"
	"sync"
	"time"

	"latchkey/home"
)

// saveTime bounds how long keeping one trace may take.
const saveTime = 5 * time.Second

// note is a refusal on its way to the store.
type note struct {
	run    home.Run
	notice *home.Event // also told; nil = nothing
	data   suspended
}

// Serve begins runs and waits for them, until ctx ends. Then the runs under way
// are ended and kept as interrupted, as are those that had not begun. It
// returns nil only then, with none of its goroutines left. The house must work
// until Serve has returned. It is called once.
func (e *Engine) Serve(ctx context.Context) error {
	e.mu.Lock()
	if e.serving {
		e.mu.Unlock()
		return errors.New("the scenes are already served")
	}
	e.serving = true
	e.mu.Unlock()

	var runs, writer sync.WaitGroup
	writer.Go(e.writeNotes)
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-e.wake:
			for l, f, ok := e.next(); ok; l, f, ok = e.next() {
				runs.Go(func() {
					e.execute(ctx, l, f)
					e.done(l)
				})
			}
		}
	}
	left := e.close()
	runs.Wait()
	e.keepInterrupted(ctx, left)
	close(e.notes)
	writer.Wait()
	return nil
}

// poke wakes Serve. The caller may hold mu.
func (e *Engine) poke() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// next takes the firing that has waited longest, if there is room for a run.
func (e *Engine) next() (*lane, firing, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for len(e.ready) > 0 && e.running < e.limits.Runs {
		l := e.ready[0]
		e.ready = e.ready[1:]
		if len(l.waiting) == 0 { // dropped meanwhile
			l.busy = false
			continue
		}
		f := l.waiting[0]
		l.waiting = l.waiting[1:]
		e.waiting--
		e.running++
		return l, f, true
	}
	return nil, firing{}, false
}

// done frees the place of a run of l.
func (e *Engine) done(l *lane) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.running--
	l.busy = len(l.waiting) > 0
	if l.busy {
		e.ready = append(e.ready, l)
	}
	e.poke()
}

// unbegun is a firing that the end came before.
type unbegun struct {
	scene  home.Scene
	firing firing
}

// close takes no more firings and returns those that have not begun.
func (e *Engine) close() []unbegun {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	var left []unbegun
	for _, l := range e.lanes {
		for _, f := range l.waiting {
			left = append(left, unbegun{l.scene.scene, f})
		}
		l.waiting = nil
	}
	e.waiting, e.ready = 0, nil
	return left
}

// keepInterrupted keeps what had not begun, within the time for one trace.
func (e *Engine) keepInterrupted(ctx context.Context, left []unbegun) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTime)
	defer cancel()
	for _, u := range left {
		run := refused(u.scene, u.firing, "the server stopped before it began", e.clock.Now())
		run.Status = "interrupted"
		run.Trigger.Input = e.keep(run.Trigger.Input)
		if err := e.house.SaveRun(ctx, run); err != nil {
			e.log.Warn("an interrupted run was not kept", "run", run.ID, "scene", run.Scene, "error", err)
		}
	}
}

// writeNotes keeps refusals until notes is closed.
func (e *Engine) writeNotes() {
	for n := range e.notes {
		e.save(n.run)
		e.mu.Lock()
		lost := e.lost
		e.lost = 0
		e.mu.Unlock()
		if lost > 0 {
			e.log.Warn("refused runs came faster than they could be kept", "lost", lost)
		}
		if n.notice == nil {
			continue
		}
		e.log.Warn("a scene is suspended", "scene", n.run.Scene, "house", n.run.House, "reason", n.run.Reason)
		ctx, cancel := context.WithTimeout(context.Background(), saveTime)
		if err := e.house.Notice(ctx, n.run.House, *n.notice, n.data); err != nil {
			e.log.Warn("a suspension was not told", "scene", n.run.Scene, "error", err)
		}
		cancel()
	}
}

// save keeps a run. A house that cannot keep traces still acts.
func (e *Engine) save(run home.Run) {
	ctx, cancel := context.WithTimeout(context.Background(), saveTime)
	defer cancel()
	run.Trigger.Input = e.keep(run.Trigger.Input)
	if err := e.house.SaveRun(ctx, run); err != nil {
		e.log.Warn("a run was not kept", "run", run.ID, "scene", run.Scene, "status", run.Status, "error", err)
	}
}
