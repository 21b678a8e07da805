// Package latchkey puts the parts together: stores, drivers, actions, triggers,
// conditions and dialects become one running house. It is the only place that
// knows them all, and what another Go program imports to have a house of its own.
package latchkey

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"latchkey/actions"
	"latchkey/bus"
	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/mqtt"
	"latchkey/internal/settings"
	"latchkey/internal/wire"
	"latchkey/scenes"
)

// Config is what a house is opened with. The zero value of each field works,
// but for Settings, which start from settings.Default.
type Config struct {
	Settings settings.Settings
	Store    string // name of one of Parts.Stores; "" = the first
	Version  string
	Clock    home.Clock   // nil = the system's
	Log      *slog.Logger // nil = silence
	Demo     bool         // outgoing requests are kept, not sent, and the pages say so
	Pace     int          // how many times faster than real time Clock runs; 0 = 1
	// Wall is what sockets and rate limits go by; nil = Clock. It differs from
	// Clock where Clock does not show the machine's time.
	Wall home.Clock
	// Begin is called when scenes and drivers run, before the first request is
	// answered. An error of it ends Serve.
	Begin func(ctx context.Context, l *Latchkey) error
}

// Parts are the lists that a house is made of. Everything in them has a name,
// and two of one name are refused.
type Parts struct {
	Stores     []Store
	Drivers    []home.Driver
	Triggers   []scenes.TriggerKind
	Conditions []scenes.ConditionKind
	Actions    []hub.Action
	Dialects   []Dialect
	Guard      *Guard                      // decides where outgoing requests may go; nil = NewGuard's
	Topics     func(*hub.Hub) []mqtt.Topic // what is taken in over MQTT; nil = nothing
	MQTT       *MQTT                       // nil = NewMQTT's
}

// Store is a way to keep what a server knows.
type Store struct {
	Name string
	Open func(ctx context.Context, c Config) (home.Store, error)
}

// Dialect makes one API of an open house.
type Dialect struct {
	Name string
	New  func(l *Latchkey) (wire.Dialect, error)
}

// Latchkey is an open house.
type Latchkey struct {
	config   Config
	store    home.Store
	bus      *bus.Bus
	hub      *hub.Hub
	engine   *scenes.Engine
	drivers  []home.Driver
	dialects []wire.Dialect
	guard    *Guard
	mqtt     *MQTT
	limiter  *wire.Limiter
	metrics  *metrics
	ready    atomic.Bool
}

// Open opens a house and everything that belongs to it, but does not serve it
// yet. Close ends it. It returns a *home.Damage when the stored files cannot be
// trusted.
func Open(ctx context.Context, c Config, parts Parts) (*Latchkey, error) {
	c.defaults()
	store, err := parts.store(ctx, c)
	if err != nil {
		return nil, err
	}
	if parts.Guard == nil {
		parts.Guard = NewGuard(c)
	}
	if parts.MQTT == nil {
		parts.MQTT = NewMQTT()
	}
	l := &Latchkey{config: c, store: store, bus: bus.New(max(c.Settings.Limits.Ring, 1)), drivers: parts.Drivers, guard: parts.Guard, mqtt: parts.MQTT}
	if err := l.assemble(ctx, parts); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

func (c *Config) defaults() {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Wall == nil {
		c.Wall = c.Clock
	}
	c.Pace = max(c.Pace, 1)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
}

func (p *Parts) store(ctx context.Context, c Config) (home.Store, error) {
	for _, s := range p.Stores {
		if c.Store == "" || s.Name == c.Store {
			return s.Open(ctx, c)
		}
	}
	return nil, fmt.Errorf("there is no store named %q", c.Store)
}

// assemble makes hub, scenes and dialects know each other.
func (l *Latchkey) assemble(ctx context.Context, parts Parts) (err error) {
	c := &l.config
	l.hub, err = hub.New(ctx, hub.Config{
		Store: l.store, Bus: l.bus, Clock: c.Clock, Log: c.Log, Drivers: parts.Drivers, Actions: parts.Actions,
		CheckScene: func(s home.Scene) error { return l.engine.Check(s) },
		OnScene:    l.sceneChanged,
		StartScene: func(ctx context.Context, s home.Scene, id *home.Identity) (home.ID, error) {
			return l.engine.Start(ctx, s, id)
		},
		Kinds:  kinds(parts),
		Limits: patience(c.Pace),
	})
	if err != nil {
		return fmt.Errorf("open the house: %w", err)
	}
	l.engine, err = scenes.New(scenes.Config{House: l.hub, Triggers: parts.Triggers, Conditions: parts.Conditions,
		Actions: l.hub.Actions, CheckStep: actions.CheckStep(l.hub.Actor, l.guard.judge()), Clock: c.Clock, Log: c.Log})
	if err != nil {
		return fmt.Errorf("set up the scenes: %w", err)
	}
	if !c.Settings.SafeMode {
		for _, s := range l.hub.EveryScene() {
			l.engine.Put(s)
		}
		l.bus.Listen(l.engine.Hear)
	}
	l.limiter = wire.NewLimiter(c.Wall, rates(c.Settings.Limits))
	if err := l.mqtt.open(l, parts.topics(l.hub)); err != nil {
		return fmt.Errorf("set up MQTT: %w", err)
	}
	l.metrics = newMetrics(l)
	l.dialects = append(l.dialects, l.operations())
	for _, d := range parts.Dialects {
		made, err := d.New(l)
		if err != nil {
			return fmt.Errorf("set up the dialect %s: %w", d.Name, err)
		}
		l.dialects = append(l.dialects, made)
	}
	return nil
}

// patience is how long the house waits for machines. They do not get faster
// with its clock, so it is measured in real time.
func patience(pace int) hub.Limits {
	n := time.Duration(pace)
	return hub.Limits{TriggerAge: n * 5 * time.Minute, CommandLife: n * time.Minute}
}

func (p *Parts) topics(h *hub.Hub) []mqtt.Topic {
	if p.Topics == nil {
		return nil
	}
	return p.Topics(h)
}

// sceneChanged is told by the hub's committer.
func (l *Latchkey) sceneChanged(s home.Scene, deleted bool) {
	if deleted {
		l.engine.Remove(s.ID)
		return
	}
	l.engine.Put(s)
}

func kinds(p Parts) []home.Described {
	var out []home.Described
	for _, k := range p.Triggers {
		out = append(out, k.Described)
	}
	for _, k := range p.Conditions {
		out = append(out, k.Described)
	}
	return out
}

func rates(l settings.Limits) wire.Rates {
	return wire.Rates{Key: wire.Rate{PerSecond: l.KeyRate, Burst: l.KeyBurst},
		URLKey:  wire.Rate{PerSecond: l.URLKeyRate, Burst: l.URLKeyBurst},
		Visitor: wire.Rate{PerSecond: l.VisitorRate, Burst: l.VisitorBurst}}
}

// Hub returns the one path into the house.
func (l *Latchkey) Hub() *hub.Hub { return l.hub }

// Config returns what the house was opened with.
func (l *Latchkey) Config() Config { return l.config }

// Routes lists every route of every dialect.
func (l *Latchkey) Routes() []wire.Dialect { return l.dialects }

// Run calls an action by name in the house's own right, for a program that has
// a house inside itself. With more than one house, house says which; "" is the
// only one. It returns what hub.Call does, and NotFound (house_unknown).
func (l *Latchkey) Run(ctx context.Context, house home.ID, action string, args json.RawMessage) (json.RawMessage, error) {
	heads, err := l.store.Heads(ctx)
	if err != nil {
		return nil, fmt.Errorf("find the house: %w", err)
	}
	if house == "" && len(heads) == 1 {
		for only := range heads {
			house = only
		}
	}
	if _, ok := heads[house]; !ok {
		return nil, home.Errorf(home.NotFound, "there is no such house; say which one of %d is meant", len(heads)).Because("house_unknown")
	}
	id := &home.Identity{Kind: home.InsideKey, KeyName: "library", House: house, Role: home.Owner,
		Grants: []home.Grant{{Verbs: home.RoleRights(home.Owner)}}}
	return l.hub.Call(ctx, id, action, args)
}

// Close finishes what was taken in, and gives the files free.
func (l *Latchkey) Close() error {
	listening := l.mqtt.closeListener()
	if l.hub != nil {
		l.hub.Close()
	}
	if err := l.store.Close(); err != nil {
		return fmt.Errorf("close the store: %w", err)
	}
	return listening
}

// DamageOf returns the damage that err tells of, or nil.
func DamageOf(err error) *home.Damage {
	d, _ := errors.AsType[*home.Damage](err)
	return d
}
