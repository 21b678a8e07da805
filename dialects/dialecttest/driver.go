package dialecttest

import (
	"context"

	"latchkey/home"
	"latchkey/hub"
)

// echo is the fixture's driver of virtual devices: a command is carried out at
// once, and what it asked for is what the device then says.
type echo struct{}

// Name implements home.Driver.
func (echo) Name() string { return hub.VirtualDriver }

// Command implements home.Driver.
func (echo) Command(ctx context.Context, c home.Command, report home.Reporter) error {
	return report(ctx, c.House, c.Cause, home.Report{Feature: c.Feature.ExternalID, Value: c.Value})
}
