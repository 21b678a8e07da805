// Package hub is the one path through which everything enters a house and
// leaves it: who is asking, may they, which, is it valid, save, tell, command,
// call. Every dialect, scene, driver and program comes by here, so that rights,
// rules and durability are the same for all.
//
// One goroutine (the committer) makes every change: it settles versions and
// order numbers, has the store write a group durably, brings the registry in
// memory up to it, tells the bus, and only then lets the callers go on.
package hub

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"latchkey/bus"
	"latchkey/home"
)

// Config is what a hub is made of. Zero fields take the defaults.
type Config struct {
	Store   home.Store
	Bus     *bus.Bus
	Clock   home.Clock
	Log     *slog.Logger
	Drivers []home.Driver
	Actions []Action
	// CheckScene judges a scene before it is saved; nil accepts all.
	CheckScene func(home.Scene) error
	// OnScene hears of each saved or deleted scene, from the committer.
	OnScene func(s home.Scene, deleted bool)
	// StartScene runs a scene by hand.
	StartScene func(ctx context.Context, s home.Scene, id *home.Identity) (home.ID, error)
	Kinds      []home.Described // triggers, conditions: for the API to show
	Limits     Limits
}

// Limits bounds what one hub takes on.
type Limits struct {
	Queue        int           // changes waiting for the committer; default 4,096
	Group        int           // entries in one commit; default 8,192
	ReadDays     int           // a live report may be so much older than now; default 30
	FutureTime   time.Duration // and so much ahead; default 5 minutes
	TriggerAge   time.Duration // older states fire no trigger; default 5 minutes
	CommandLife  time.Duration // a command waits for its device for so long; default 60 seconds
	RunsKept     int           // finished runs kept for each scene; default 50
	Passwords    int           // password hashes at a time; default 2
	SignInPerMin int           // failed sign-ins per account and address before waiting; default 10
}

// Hub is one server's houses. Its methods may be called from anywhere.
type Hub struct {
	store   home.Store
	bus     *bus.Bus
	clock   home.Clock
	log     *slog.Logger
	limits  Limits
	drivers map[string]home.Driver
	actions map[string]Action
	kinds   []home.Described
	check   func(home.Scene) error

	onScene    func(home.Scene, bool)
	startScene func(context.Context, home.Scene, *home.Identity) (home.ID, error)

	registry registry
	queue    chan *change
	gate     sync.RWMutex  // guards closed: held for reading while a change enters the queue
	closed   bool          // no more changes are taken
	stop     chan struct{} // closed with it
	stopped  chan struct{} // closed when the committer is done
	dones    sync.Pool     // of chan struct{}: see change
	lag      ewma          // how long commits take

	outbox outbox
	door   door // sign-in: limiter, set-up code
}

// New reads everything the store holds into memory and starts the committer.
// Close ends it.
func New(ctx context.Context, c Config) (*Hub, error) {
	c.defaults()
	h := &Hub{
		store: c.Store, bus: c.Bus, clock: c.Clock, log: c.Log, limits: c.Limits,
		drivers: map[string]home.Driver{}, actions: map[string]Action{}, kinds: c.Kinds, check: c.CheckScene,
		onScene: c.OnScene, startScene: c.StartScene,
		queue: make(chan *change, c.Limits.Queue), stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	if err := h.list(c); err != nil {
		return nil, err
	}
	if err := h.registry.load(ctx, c.Store); err != nil {
		return nil, err
	}
	if err := h.outbox.load(ctx, c.Store); err != nil {
		return nil, fmt.Errorf("read the outgoing requests: %w", err)
	}
	if err := h.door.open(h); err != nil {
		return nil, err
	}
	go h.commit()
	if err := h.interruptRuns(ctx); err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

func (c *Config) defaults() {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Bus == nil {
		c.Bus = bus.New(16384)
	}
	l := &c.Limits
	for _, d := range []struct {
		field *int
		value int
	}{{&l.Queue, 4096}, {&l.Group, 8192}, {&l.ReadDays, 30}, {&l.RunsKept, 50}, {&l.Passwords, 2}, {&l.SignInPerMin, 10}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if l.FutureTime == 0 {
		l.FutureTime = 5 * time.Minute
	}
	if l.TriggerAge == 0 {
		l.TriggerAge = 5 * time.Minute
	}
	if l.CommandLife == 0 {
		l.CommandLife = time.Minute
	}
}

// list takes in drivers and actions; two of one name are refused.
func (h *Hub) list(c Config) error {
	for _, d := range c.Drivers {
		if h.drivers[d.Name()] != nil {
			return home.Errorf(home.Internal, "two drivers are named %s", d.Name())
		}
		h.drivers[d.Name()] = d
	}
	for _, a := range c.Actions {
		if _, twice := h.actions[a.Name]; twice {
			return home.Errorf(home.Internal, "two actions are named %s", a.Name)
		}
		h.actions[a.Name] = a
	}
	return nil
}

// Close takes no more changes, finishes those that wait and returns when the
// last is on disk. It does not close the store.
func (h *Hub) Close() {
	if err := h.FlushUse(context.Background()); err != nil && home.CodeOf(err) != home.Unavailable {
		h.log.Warn("the keys' last use could not be written down", "error", err)
	}
	h.gate.Lock()
	if !h.closed {
		h.closed = true
		close(h.stop)
	}
	h.gate.Unlock()
	<-h.stopped
}

// Bus returns the bus that this hub tells.
func (h *Hub) Bus() *bus.Bus { return h.bus }

// Now returns the hub's time.
func (h *Hub) Now() home.Time { return h.clock.Now() }
