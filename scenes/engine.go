// Package scenes is the engine that makes a house act: a trigger fires on what
// the bus tells, conditions are looked at, and a run calls one action after the
// other, each step traced so that people can see why it ran and why it did not.
//
// The engine knows no trigger, condition or action by name. It is given lists
// of them, so that a new one is one file more and nothing else.
package scenes

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"latchkey/home"
)

// House is what the engine needs of the hub. Every method may be called from
// many goroutines at a time, and none from within Hear.
type House interface {
	// Actor returns in whose rights a scene acts: its owner's, with Scene and
	// Cause set. It returns Forbidden when the owner may no longer act there.
	Actor(scene home.Scene, cause home.Cause) (*home.Identity, error)
	// Call runs an action by name. It returns soon after ctx ends.
	Call(ctx context.Context, id *home.Identity, action string, args json.RawMessage) (json.RawMessage, error)
	// SaveRun keeps a run, in the place of what was kept under its ID.
	SaveRun(ctx context.Context, run home.Run) error
	// Notice tells an event of the house's own; data becomes its data.
	Notice(ctx context.Context, house home.ID, e home.Event, data any) error
	// FeatureOf returns a feature that id may read, with its current value; nil = none.
	FeatureOf(ctx context.Context, id *home.Identity, externalID string) (*home.Device, *home.Feature, *home.State, error)
	// Members returns who lives there.
	Members(ctx context.Context, id *home.Identity) ([]home.Member, error)
}

// Config is what an engine is made of.
type Config struct {
	House      House
	Triggers   []TriggerKind
	Conditions []ConditionKind
	Actions    func() []home.Described // what a step may call; asked at each Check
	// CheckStep judges a step further when a scene is saved, for what its
	// arguments mean (is that address allowed); nil = nothing further. It returns
	// an *home.Error whose field paths start at the arguments.
	CheckStep func(scene home.Scene, step home.Step) error
	Clock     home.Clock   // default time.Now
	Log       *slog.Logger // default none
	Limits    Limits       // the zero Limits takes DefaultLimits
}

// Engine runs scenes. Its methods may be called from anywhere.
type Engine struct {
	house      House
	triggers   map[string]TriggerKind
	conditions map[string]ConditionKind
	actions    func() []home.Described
	checkStep  func(home.Scene, home.Step) error
	clock      home.Clock
	log        *slog.Logger
	limits     Limits

	wake  chan struct{} // a lane is ready, or a run has ended
	notes chan note     // refusals on their way to the store

	mu      sync.RWMutex // guards all below and what is in the lanes; never held while calling out
	index   map[place][]watch
	lanes   map[home.ID]*lane // by scene
	ready   []*lane           // with a firing to begin, oldest first
	running int
	waiting int  // firings that have not begun, over all scenes
	lost    int  // refusals that found notes full
	serving bool // Serve was called
	closed  bool // no firing is taken any more
}

// New returns an engine without scenes. It refuses two kinds of one name and a
// kind that describes itself wrongly.
func New(c Config) (*Engine, error) {
	if c.House == nil || c.Actions == nil {
		return nil, fmt.Errorf("an engine needs a house and its actions")
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.Limits.settle()
	e := &Engine{
		house: c.House, triggers: map[string]TriggerKind{}, conditions: map[string]ConditionKind{},
		actions: c.Actions, checkStep: c.CheckStep, clock: c.Clock, log: c.Log, limits: c.Limits,
		wake: make(chan struct{}, 1), notes: make(chan note, c.Limits.Notes),
		index: map[place][]watch{}, lanes: map[home.ID]*lane{},
	}
	for _, k := range c.Triggers {
		if _, twice := e.triggers[k.Name]; twice || k.Compile == nil {
			return nil, fmt.Errorf("the trigger %q is listed twice or cannot be compiled", k.Name)
		}
		if err := checkDescribed(k.Described); err != nil {
			return nil, err
		}
		e.triggers[k.Name] = k
	}
	for _, k := range c.Conditions {
		if _, twice := e.conditions[k.Name]; twice || k.Compile == nil {
			return nil, fmt.Errorf("the condition %q is listed twice or cannot be compiled", k.Name)
		}
		if err := checkDescribed(k.Described); err != nil {
			return nil, err
		}
		e.conditions[k.Name] = k
	}
	return e, nil
}
