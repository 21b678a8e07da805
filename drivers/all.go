// Package drivers lists what speaks to hardware and services: one folder each,
// one line here.
package drivers

import (
	"latchkey/drivers/demo"
	"latchkey/drivers/virtual"
	"latchkey/home"
)

// All returns every driver. clock tells them the time.
func All(clock home.Clock) []home.Driver {
	return []home.Driver{
		virtual.New(clock),
		demo.New(clock),
	}
}
