package scenes

import (
	"context"
	"encoding/json"
	"time"

	"latchkey/home"
)

// Start runs a scene by hand: whatever its triggers say, also when it is
// disabled or suspended, but not against its conditions. It returns the run,
// which waits for the scene's run before, if any. The cause is starter's, with
// who that is at its end. Errors: NotFound (scene_unknown), TooMany
// (scene_busy), Conflict (scene_loop), Unavailable when scenes are not served.
func (e *Engine) Start(ctx context.Context, scene home.Scene, starter *home.Identity) (home.ID, error) {
	now := e.clock()
	f := firing{run: home.NewID(), cause: starter.Cause}
	f.trigger = home.Trace{Type: "start", Name: "by hand", Started: home.TimeOf(now), Finished: home.TimeOf(now)}
	if n := len(starter.Cause); n > 0 {
		f.trigger.Input, _ = json.Marshal(map[string]home.Link{"by": starter.Cause[n-1]})
	}
	s, err := e.startable(scene.ID, &f)
	if err != nil {
		return "", err
	}
	run := refused(s, f, "", 0) // its beginning
	run.Status = "running"
	if err := e.house.SaveRun(ctx, run); err != nil {
		e.log.Warn("a run was not kept", "run", f.run, "scene", scene.ID, "error", err)
	}
	f.saved = true
	if err := e.enter(scene.ID, &f, now); err != nil {
		run.Status, run.Reason, run.Finished = "refused", home.AsError(err).Message, e.clock.Now()
		e.save(run)
		return "", err
	}
	return f.run, nil
}

// startable returns the scene when a run of it may begin.
func (e *Engine) startable(scene home.ID, f *firing) (home.Scene, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	l := e.lanes[scene]
	switch {
	case !e.serving || e.closed:
		return home.Scene{}, &home.Error{Code: home.Unavailable, Reason: "scenes_off", RetryAfter: 5 * time.Second,
			Message: "scenes are not running on this server now"}
	case l == nil:
		return home.Scene{}, home.Errorf(home.NotFound, "there is no such scene, or it does not pass the checks any more").Because("scene_unknown")
	case f.cause.Depth() >= e.limits.Depth:
		return home.Scene{}, home.Errorf(home.Conflict, "this chain of causes already holds %d scene runs", f.cause.Depth()).Because("scene_loop")
	case len(l.waiting) >= e.limits.SceneWaiting || e.waiting >= e.limits.Waiting:
		return home.Scene{}, sceneBusy()
	}
	return l.scene.scene, nil
}

func sceneBusy() error {
	return &home.Error{Code: home.TooMany, Reason: "scene_busy", RetryAfter: time.Second,
		Message: "too many runs wait already; try again in a second"}
}

// enter puts a run that was started by hand into its queue.
func (e *Engine) enter(scene home.ID, f *firing, now time.Time) error {
	if _, err := e.startable(scene, f); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.lanes[scene]
	if l == nil || e.closed || e.admit(l, f, now).reason != "" {
		return sceneBusy()
	}
	return nil
}
