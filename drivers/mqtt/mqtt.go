// Package mqtt is the driver of devices that speak MQTT in the manner of
// Gladys: they listen to a topic of their own for what they are to do.
package mqtt

import (
	"context"
	"fmt"
	"time"

	"latchkey/home"
)

// Publish sends a command to its device. It returns Unavailable when nobody
// can be reached.
type Publish func(ctx context.Context, c home.Command) error

// Driver publishes commands. Make one with New.
type Driver struct {
	publish Publish
	clock   home.Clock
}

var _ home.Driver = (*Driver)(nil)

// New returns the driver; a nil clock is the machine's.
func New(publish Publish, clock home.Clock) *Driver {
	if clock == nil {
		clock = time.Now
	}
	return &Driver{publish: publish, clock: clock}
}

// Name implements home.Driver.
func (d *Driver) Name() string { return "mqtt" }

// Command implements home.Driver: the command is published, and the feature
// then has its value. A device that does otherwise says so in a report of its
// own. It returns Unavailable for a command that is out of date
// (command_expired), and what Publish returns.
func (d *Driver) Command(ctx context.Context, c home.Command, report home.Reporter) error {
	if now := d.clock.Now(); c.Expires != 0 && now > c.Expires {
		return home.Errorf(home.Unavailable, "the command for %s was to be carried out before %s", c.Feature.ExternalID, c.Expires).
			Because("command_expired")
	}
	if d.publish == nil {
		return home.Errorf(home.Unavailable, "this program speaks no MQTT").Because("mqtt_off")
	}
	if err := d.publish(ctx, c); err != nil {
		return fmt.Errorf("publish the command for %s: %w", c.Feature.ExternalID, err)
	}
	if err := report(ctx, c.House, c.Cause, home.Report{Feature: c.Feature.ExternalID, Value: c.Value}); err != nil {
		return fmt.Errorf("report %s: %w", c.Feature.ExternalID, err)
	}
	return nil
}
