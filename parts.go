package latchkey

import (
	"context"

	"latchkey/actions"
	"latchkey/dialects"
	"latchkey/drivers"
	"latchkey/home"
	"latchkey/internal/wire"
	"latchkey/scenes/conditions"
	"latchkey/scenes/triggers"
	"latchkey/stores/memory"
	"latchkey/stores/sql"
	"latchkey/web"
)

// Usual returns the parts of the program as it is shipped. Another program may
// take lines out, or append its own.
func Usual(c Config) Parts {
	c.defaults()
	guard, speech := NewGuard(c), NewMQTT()
	return Parts{
		Stores: []Store{
			{"sql", func(ctx context.Context, c Config) (home.Store, error) {
				return sql.Open(ctx, sql.Config{Dir: c.Settings.Data, Clock: c.Clock, Log: c.Log})
			}},
			{"memory", func(context.Context, Config) (home.Store, error) { return memory.New(), nil }},
		},
		Drivers:    drivers.All(drivers.Options{Clock: c.Clock, Publish: speech.Publish}),
		Triggers:   triggers.All(),
		Conditions: conditions.All(),
		Actions:    actions.All(actions.Parts{Judge: guard.judge()}),
		Guard:      guard,
		Topics:     dialects.Topics,
		MQTT:       speech,
		Dialects: append(spoken(), Dialect{"web", func(l *Latchkey) (wire.Dialect, error) {
			return web.Dialect(web.Options{NeedsSetup: l.hub.NeedsSetup, Demo: l.config.Demo, Kept: l.hub.KeptRequests, Hub: l.hub})
		}}),
	}
}

// spoken returns the listed dialects.
func spoken() []Dialect {
	var out []Dialect
	for _, d := range dialects.All() {
		out = append(out, Dialect{d.Name, func(l *Latchkey) (wire.Dialect, error) {
			return d.Open(l.hub, dialects.Options{Version: l.config.Version, Origins: l.config.Settings.Server.CORSOrigins})
		}})
	}
	return out
}
