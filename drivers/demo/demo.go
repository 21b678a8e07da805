// Package demo is the driver of a simulated house: eight rooms, 29 devices,
// two adults and a child, the sun and the weather, all drawn from a seed. It is
// a driver like any other; what it speaks to is a model.
package demo

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"latchkey/home"
)

// Name is the driver's word in Device.Driver.
const Name = "demo"

// look is how often the driver looks at its clock, in real time.
const look = 250 * time.Millisecond

// batch is how many reports go in together.
const batch = 500

// Driver carries commands out on the model and reports what its devices say.
// Make one with New; it rests until Open gives it a house.
type Driver struct {
	clock  home.Clock
	opened chan struct{}
	yours  atomic.Bool

	mu      sync.Mutex // guards what follows; not held while reporting
	house   home.ID
	model   *Model
	pending []home.Report
	gone    map[string]bool // features that the house has no more
}

var (
	_ home.Driver  = (*Driver)(nil)
	_ home.Starter = (*Driver)(nil)
)

// New returns the driver; a nil clock is the machine's.
func New(clock home.Clock) *Driver {
	if clock == nil {
		clock = time.Now
	}
	return &Driver{clock: clock, opened: make(chan struct{}), gone: map[string]bool{}}
}

// Open gives the driver its house, once. The model belongs to the driver from
// then on.
func (d *Driver) Open(house home.ID, m *Model) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.model != nil {
		return
	}
	d.yours.Store(m.yours)
	m.live = true
	d.house, d.model = house, m
	close(d.opened)
}

// Yours tells the driver where your phone is, which other hands move. It never
// blocks.
func (d *Driver) Yours(atHome bool) { d.yours.Store(atHome) }

// Name implements home.Driver.
func (d *Driver) Name() string { return Name }

// Command implements home.Driver. It returns Unavailable for a command that is
// out of date (command_expired) and for a device that the model does not have
// (device_unreachable).
func (d *Driver) Command(ctx context.Context, c home.Command, report home.Reporter) error {
	now := d.clock.Now()
	if c.Expires != 0 && now > c.Expires {
		return home.Errorf(home.Unavailable, "the command for %s was to be carried out before %s", c.Feature.ExternalID, c.Expires).
			Because("command_expired")
	}
	told := d.carryOut(c, now)
	if len(told) == 0 {
		return home.Errorf(home.Unavailable, "the simulated house has no %s; it lives in the demo only", c.Feature.ExternalID).Because("device_unreachable")
	}
	if err := report(ctx, c.House, c.Cause, told...); err != nil {
		d.unsay(told)
		return fmt.Errorf("report %s: %w", c.Feature.ExternalID, err)
	}
	return nil
}

// carryOut brings the model up to now before it changes it, so that nothing
// that happened before the command comes after it.
func (d *Driver) carryOut(c home.Command, now home.Time) []home.Report {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.model == nil || c.House != d.house || c.Feature.ExternalID == YourPhone {
		return nil
	}
	d.run(now)
	told := d.model.set(c.Feature.ExternalID, c.Value.Number)
	for i := range told {
		told[i].At = now
	}
	return told
}

// run lets the model live until now. The caller holds d.mu.
func (d *Driver) run(now home.Time) {
	d.model.Yours(d.yours.Load())
	d.model.Run(now, func(r home.Report) {
		if !d.gone[r.Feature] {
			d.pending = append(d.pending, r)
		}
	})
}

func (d *Driver) unsay(reports []home.Report) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range reports {
		d.model.unsay(reports[i].Feature)
	}
}

// Start implements home.Starter. A house that takes no reports just now is told
// again what is so by then.
func (d *Driver) Start(ctx context.Context, report home.Reporter) error {
	select {
	case <-d.opened:
	case <-ctx.Done():
		return nil
	}
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			d.live(ctx, report)
		}
	}
}

// live brings the house up to now and reports what happened.
func (d *Driver) live(ctx context.Context, report home.Reporter) {
	d.mu.Lock()
	d.run(d.clock.Now())
	waiting := d.pending
	d.pending = nil
	d.mu.Unlock()
	for len(waiting) > 0 && ctx.Err() == nil {
		some := waiting[:min(batch, len(waiting))]
		waiting = waiting[len(some):]
		err := report(ctx, d.house, nil, some...)
		switch home.CodeOf(err) {
		case "":
		case home.Unavailable:
			d.unsay(some)
		default:
			d.singly(ctx, report, some)
		}
	}
}

// singly reports one by one, so that a feature that somebody deleted or changed
// does not silence the others.
func (d *Driver) singly(ctx context.Context, report home.Reporter, reports []home.Report) {
	for _, r := range reports {
		if home.CodeOf(report(ctx, d.house, nil, r)) == home.NotFound {
			d.mu.Lock()
			d.gone[r.Feature] = true
			d.mu.Unlock()
		}
	}
}
