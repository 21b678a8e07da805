// Package drivers lists what speaks to hardware and services: one folder each,
// one line here.
package drivers

import (
	"latchkey/drivers/demo"
	"latchkey/drivers/mqtt"
	"latchkey/drivers/virtual"
	"latchkey/home"
)

// Options are what drivers may want to know of the program. The zero value works.
type Options struct {
	Clock   home.Clock   // nil = the machine's
	Publish mqtt.Publish // how commands get to devices that speak MQTT; nil = not at all
}

// All returns every driver.
func All(o Options) []home.Driver {
	return []home.Driver{
		virtual.New(o.Clock),
		demo.New(o.Clock),
		mqtt.New(o.Publish, o.Clock),
	}
}
