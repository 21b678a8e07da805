// Package demohouse puts drivers/demo's simulated house into a hub: rooms,
// devices, seven days of history, scenes with their first runs. The demo is a
// house like any other; tests and pictures use the same one.
package demohouse

import (
	"context"
	"fmt"
	"time"

	"latchkey/bus"
	"latchkey/drivers/demo"
	"latchkey/home"
	"latchkey/hub"
)

// History is how much of the past a new demo house has.
const History = 7 * 24 * time.Hour

// awayFor is how long before the demo's start you went out.
const awayFor = 90 * time.Minute

// Paris is where the demo house stands.
func Paris() (latitude, longitude float64) { return 48.8566, 2.3522 }

// PlaceOf is where a house stands, as the model needs it.
func PlaceOf(h home.House, seed uint64) demo.Place {
	zone, err := time.LoadLocation(h.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	p := demo.Place{Seed: seed, Zone: zone, Language: h.Language}
	p.Latitude, p.Longitude = Paris()
	if h.Latitude != nil && h.Longitude != nil {
		p.Latitude, p.Longitude = *h.Latitude, *h.Longitude
	}
	return p
}

// Furnish makes the rooms and devices in id's house, fills in the history up to
// now and returns the house's model as it then is, with how many values it
// wrote. The driver demo must be one of h's.
func Furnish(ctx context.Context, h *hub.Hub, id *home.Identity, p demo.Place) (*demo.Model, int, error) {
	if err := makeDevices(ctx, h, id, p.Language); err != nil {
		return nil, 0, err
	}
	now := h.Now()
	m := demo.NewModel(p, now.Add(-History), now.Add(-awayFor))
	var waiting []home.Report
	written := 0
	var failed error
	flush := func() {
		if failed == nil && len(waiting) > 0 {
			_, failed = h.Report(ctx, id, waiting...)
			written += len(waiting)
			waiting = waiting[:0]
		}
	}
	m.Run(now, func(r home.Report) {
		r.Explicit = true
		if waiting = append(waiting, r); len(waiting) == hub.MaxReports {
			flush()
		}
	})
	flush()
	if failed != nil {
		return nil, 0, fmt.Errorf("write the demo's history: %w", failed)
	}
	return m, written, nil
}

func makeDevices(ctx context.Context, h *hub.Hub, id *home.Identity, language string) error {
	var rooms []home.ID
	for _, name := range demo.Rooms() {
		r, err := h.CreateRoom(ctx, id, demo.In(language, name))
		if err != nil {
			return fmt.Errorf("make the room %s: %w", name.EN, err)
		}
		rooms = append(rooms, r.ID)
	}
	for _, d := range demo.Devices() {
		n := hub.NewDevice{Name: demo.In(language, d.Name), ExternalID: d.ExternalID, Model: d.Model, Driver: d.Driver}
		if d.Room != demo.Nowhere {
			n.Room = rooms[d.Room]
		}
		for _, f := range d.Features {
			n.Features = append(n.Features, hub.NewFeature{ExternalID: f.ExternalID, Name: demo.In(language, f.Name), Category: f.Category,
				Type: f.Type, Unit: f.Unit, Min: f.Min, Max: f.Max, ReadOnly: f.ReadOnly, Critical: f.Critical})
		}
		if _, err := h.CreateDevice(ctx, id, n); err != nil {
			return fmt.Errorf("make the device %s: %w", d.ExternalID, err)
		}
	}
	return nil
}

// Return takes up a house that was furnished before, from what its features say.
// clock is moved on to the latest of that, so that time does not go back.
func Return(ctx context.Context, h *hub.Hub, p demo.Place, in Lived) (*demo.Model, error) {
	devices, err := h.Devices(ctx, Inside(in.House))
	if err != nil {
		return nil, fmt.Errorf("read the demo's devices: %w", err)
	}
	values := map[string]home.State{}
	for _, d := range devices {
		for i, s := range d.States {
			if s != nil {
				values[d.Features[i].ExternalID] = *s
				in.Clock.NotBefore(max(s.At, s.Received))
			}
		}
	}
	return demo.Resume(p, values, h.Now()), nil
}

// Lived is a house, and the clock that it lives by.
type Lived struct {
	House home.ID
	Clock *Clock
}

// Inside is the house itself, for reading what it has.
func Inside(house home.ID) *home.Identity {
	return &home.Identity{Kind: home.InsideKey, KeyName: "demo", House: house, Role: home.Owner,
		Grants: []home.Grant{{Verbs: home.RoleRights(home.Owner)}}}
}

// Open gives the driver its house, and tells it from then on where your phone
// is.
func Open(h *hub.Hub, d *demo.Driver, house home.ID, m *demo.Model) {
	d.Open(house, m)
	h.Bus().Listen(func(entries []*bus.Entry) {
		for _, e := range entries {
			if s := e.State; s != nil && s.Current && e.House == house && s.Feature.ExternalID == demo.YourPhone {
				d.Yours(s.New.Value.Number == 1)
			}
		}
	})
}

// DriverOf finds the simulated house's driver among drivers.
func DriverOf(drivers []home.Driver) (*demo.Driver, error) {
	for _, d := range drivers {
		if found, ok := d.(*demo.Driver); ok {
			return found, nil
		}
	}
	return nil, fmt.Errorf("this build has no driver named %s", demo.Name)
}
