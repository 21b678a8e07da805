// Package dialects lists the APIs that a house answers to, each in a folder of
// its own.
package dialects

import (
	"fmt"

	"latchkey/dialects/gladys"
	"latchkey/dialects/native"
	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/mqtt"
	"latchkey/internal/wire"
)

// Options are what a dialect may want to know of the program. The zero value
// works.
type Options struct {
	Version  string    // of the program, such as 1.4.0
	Released home.Time // when that version came out; 0 = not said
	Notes    string    // address of its release notes
	Origins  []string  // web origins, besides the server's own, whose pages may open event sockets
}

// Dialect is one API that the house answers to.
type Dialect struct {
	Name string
	// Open makes its routes over a hub.
	Open func(*hub.Hub, Options) (wire.Dialect, error)
}

// All lists every dialect, in the order in which they are shown. A new one is
// a folder and a line here.
func All() []Dialect {
	return []Dialect{
		{"gladys", func(h *hub.Hub, o Options) (wire.Dialect, error) {
			return gladys.New(h, gladys.Options{Version: o.Version, Released: o.Released, Notes: o.Notes}), nil
		}},
		{"native", func(h *hub.Hub, o Options) (wire.Dialect, error) {
			return native.New(h, native.Options{Version: o.Version, Origins: o.Origins})
		}},
	}
}

// Topics lists what all dialects take in over MQTT.
func Topics(h *hub.Hub) []mqtt.Topic { return gladys.Topics(h) }

// Open makes those of All that are named, or all of them when none is. It
// returns Invalid for a name that there is not.
func Open(h *hub.Hub, o Options, names ...string) ([]wire.Dialect, error) {
	wanted := map[string]bool{}
	for _, name := range names {
		wanted[name] = true
	}
	var out []wire.Dialect
	for _, d := range All() {
		if len(names) > 0 && !wanted[d.Name] {
			continue
		}
		opened, err := d.Open(h, o)
		if err != nil {
			return nil, fmt.Errorf("open the dialect %s: %w", d.Name, err)
		}
		delete(wanted, d.Name)
		out = append(out, opened)
	}
	for name := range wanted {
		return nil, home.Errorf(home.Invalid, "there is no dialect named %.40q", name)
	}
	return out, wire.Check(out)
}
