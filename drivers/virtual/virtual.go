// Package virtual is the driver of devices that exist only here: those that are
// made over an API, and phones and programs that report by themselves. What
// such a device is told, it is.
package virtual

import (
	"context"
	"fmt"
	"time"

	"latchkey/home"
)

// Driver carries commands out by reporting them. Make one with New.
type Driver struct{ clock home.Clock }

var _ home.Driver = (*Driver)(nil)

// New returns the driver; a nil clock is the machine's.
func New(clock home.Clock) *Driver {
	if clock == nil {
		clock = time.Now
	}
	return &Driver{clock: clock}
}

// Name implements home.Driver.
func (d *Driver) Name() string { return "virtual" }

// Command implements home.Driver: the feature takes the command's value, with
// the command's cause, once the report is on disk. It returns Unavailable
// (command_expired) for a command that is out of date.
func (d *Driver) Command(ctx context.Context, c home.Command, report home.Reporter) error {
	if now := d.clock.Now(); c.Expires != 0 && now > c.Expires {
		return home.Errorf(home.Unavailable, "the command for %s was to be carried out before %s", c.Feature.ExternalID, c.Expires).
			Because("command_expired")
	}
	if err := report(ctx, c.House, c.Cause, home.Report{Feature: c.Feature.ExternalID, Value: c.Value}); err != nil {
		return fmt.Errorf("report %s: %w", c.Feature.ExternalID, err)
	}
	return nil
}
