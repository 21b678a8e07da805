package home

import "context"

// Command asks a device for a value.
type Command struct {
	ID      ID
	House   ID
	Device  *Device
	Feature *Feature
	Value   Value
	Cause   Cause
	Expires Time // not to be carried out after this
}

// Reporter takes values in from a driver, in the order of the calls. It
// returns when they are on disk.
type Reporter func(ctx context.Context, house ID, cause Cause, reports ...Report) error

// Driver speaks to one kind of hardware or service. It may also have any of
// the one-method abilities Starter and Discoverer.
type Driver interface {
	// Name is the driver's word in Device.Driver: lower-case letters and digits.
	Name() string
	// Command carries c out and reports what became of the feature. It
	// returns Unavailable when the device cannot be reached.
	Command(ctx context.Context, c Command, report Reporter) error
}

// Starter is a driver that runs for as long as the program does.
type Starter interface {
	// Start serves until ctx ends. It returns nil only then.
	Start(ctx context.Context, report Reporter) error
}
