package scenes

import (
	"time"

	"latchkey/home"
)

// Limits bounds what an engine takes on. In a Limits that is not zero as a
// whole, PerMinute 0 means no such limit; every other field that is 0 takes its
// default.
type Limits struct {
	Runs          int           // runs at a time, over all scenes; default 100
	Waiting       int           // runs that wait, over all scenes; default 4,096
	SceneWaiting  int           // runs of one scene that wait for the one before; default 16
	PerMinute     int           // triggers of one scene in a minute before it is suspended; default 20
	Suspension    time.Duration // for how long; default 5 minutes
	ActionTimeout time.Duration // for one step; default 10 seconds
	Depth         int           // scene runs in one chain of causes; default 16
	Triggers      int           // in one scene; default 50
	Conditions    int           // in one scene; default 50
	Steps         int           // in one scene; default 100
	Notes         int           // refused runs on their way to the store; default 256
	Trace         int           // bytes of an input or a result that a trace keeps; default 4,096
}

// DefaultLimits returns the limits of an engine that is given none.
func DefaultLimits() Limits {
	return Limits{Runs: 100, Waiting: 4096, SceneWaiting: 16, PerMinute: 20, Suspension: 5 * time.Minute, ActionTimeout: 10 * time.Second,
		Depth: home.MaxDepth, Triggers: 50, Conditions: 50, Steps: 100, Notes: 256, Trace: 4096}
}

// settle puts the defaults in.
func (l *Limits) settle() {
	d := DefaultLimits()
	if *l == (Limits{}) {
		*l = d
		return
	}
	for _, f := range []struct {
		field *int
		value int
	}{{&l.Runs, d.Runs}, {&l.Waiting, d.Waiting}, {&l.SceneWaiting, d.SceneWaiting}, {&l.Depth, d.Depth}, {&l.Triggers, d.Triggers},
		{&l.Conditions, d.Conditions}, {&l.Steps, d.Steps}, {&l.Notes, d.Notes}, {&l.Trace, d.Trace}} {
		if *f.field <= 0 {
			*f.field = f.value
		}
	}
	if l.Suspension <= 0 {
		l.Suspension = d.Suspension
	}
	if l.ActionTimeout <= 0 {
		l.ActionTimeout = d.ActionTimeout
	}
}
