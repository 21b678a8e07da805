// Package housetest gives tests a whole demo house: store, hub, scenes, drivers
// and dialects, furnished and running, in real time or in a bubble of made-up
// time.
package housetest

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"latchkey"
	"latchkey/cmd/latchkey/demohouse"
	"latchkey/drivers/demo"
	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/settings"
)

// Options choose a house. The zero value is a fresh house in memory, in real
// time.
type Options struct {
	Dir      string     // folder of its files; "" = in memory
	Pace     int        // 0 = 1
	Wall     home.Clock // nil = the machine's
	Seed     uint64     // 0 = 1
	Language string     // "" = en
	Quiet    bool       // no rehearsal of the scenes
}

// House is a running demo house.
type House struct {
	Hub    *hub.Hub
	Owner  *home.Identity // the demo's owner, signed in
	Place  demo.Place
	Values int // written as history; 0 = it was there before
	Clock  *demohouse.Clock

	options Options
	house   *latchkey.Latchkey
	cancel  context.CancelFunc
	ended   chan error
}

// password is that of the owner, who is named demo.
const password = "the demo's owner"

// Open opens a house, furnishes it if it is new, and runs it until Stop or the
// end of the test.
func Open(t testing.TB, o Options) *House {
	t.Helper()
	if o.Wall == nil {
		o.Wall = time.Now
	}
	h := &House{options: o, Clock: demohouse.NewClock(o.Wall), ended: make(chan error, 1)}
	c := latchkey.Config{Settings: settings.Default(func(string) string { return "" }), Store: "memory", Version: "test", Demo: true,
		Clock: h.Clock.Now, Wall: o.Wall, Pace: max(o.Pace, 1)}
	if o.Dir != "" {
		c.Store, c.Settings.Data = "sql", o.Dir
	}
	running := make(chan error, 1)
	c.Begin = func(ctx context.Context, _ *latchkey.Latchkey) error {
		err := h.begin(ctx)
		running <- err
		return err
	}
	parts := latchkey.Usual(c)
	var err error
	if h.house, err = latchkey.Open(t.Context(), c, parts); err != nil {
		t.Fatal(err)
	}
	h.Hub = h.house.Hub()
	if err := h.prepare(t.Context(), parts.Drivers); err != nil {
		t.Fatal(errors.Join(err, h.house.Close()))
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	h.cancel = cancel
	go func() { h.ended <- h.house.Serve(ctx, newDeaf()) }()
	t.Cleanup(func() { h.Stop(t) })
	if err := <-running; err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *House) prepare(ctx context.Context, drivers []home.Driver) error {
	d, err := demohouse.DriverOf(drivers)
	if err != nil {
		return err
	}
	fresh := h.Hub.NeedsSetup()
	if fresh {
		latitude, longitude := demohouse.Paris()
		if _, err := h.Hub.Setup(ctx, hub.SetupRequest{Username: "demo", Password: password, Loopback: true, House: &hub.NewHouse{Name: "Demo house",
			TimeZone: "Europe/Paris", Language: h.options.Language, Latitude: &latitude, Longitude: &longitude}}); err != nil {
			return err
		}
	}
	house := h.Hub.EveryHouse()[0]
	h.Place = demohouse.PlaceOf(house, max(h.options.Seed, 1))
	var m *demo.Model
	if fresh {
		if err := h.signIn(ctx, house.ID); err != nil {
			return err
		}
		if m, h.Values, err = demohouse.Furnish(ctx, h.Hub, h.Owner, h.Place); err != nil {
			return err
		}
		_, err = demohouse.MakeScenes(ctx, h.Hub, h.Owner, h.Place.Language)
	} else {
		m, err = demohouse.Return(ctx, h.Hub, h.Place, demohouse.Lived{House: house.ID, Clock: h.Clock})
		err = errors.Join(err, h.signIn(ctx, house.ID))
	}
	if err != nil {
		return err
	}
	demohouse.Open(h.Hub, d, house.ID, m)
	return nil
}

func (h *House) signIn(ctx context.Context, house home.ID) error {
	in, err := h.Hub.SignIn(ctx, hub.SignInRequest{Username: "demo", Password: password})
	if err != nil {
		return err
	}
	h.Owner, err = h.Hub.Identify(ctx, hub.Credential{Secret: in.Token, House: house})
	return err
}

func (h *House) begin(ctx context.Context) error {
	if h.Values > 0 && !h.options.Quiet {
		if err := demohouse.Rehearse(ctx, h.Hub, h.Owner, h.Owner); err != nil {
			return err
		}
	}
	h.Clock.Run(h.options.Pace)
	return nil
}

// Value is what a feature now says.
func (h *House) Value(t testing.TB, feature string) home.State {
	t.Helper()
	devices, err := h.Hub.Devices(t.Context(), demohouse.Inside(h.Owner.House))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range devices {
		for i, s := range d.States {
			if d.Features[i].ExternalID == feature && s != nil {
				return *s
			}
		}
	}
	t.Fatalf("%s says nothing", feature)
	return home.State{}
}

// Stop ends the house in order. It may be opened again in the same folder.
func (h *House) Stop(t testing.TB) {
	t.Helper()
	if h.cancel == nil {
		return
	}
	h.cancel()
	h.cancel = nil
	if err := errors.Join(<-h.ended, h.house.Close()); err != nil {
		t.Error(err)
	}
}

// deaf is a listener that nobody reaches.
type deaf struct {
	closed context.Context
	close  context.CancelFunc
}

func newDeaf() *deaf {
	ctx, cancel := context.WithCancel(context.Background())
	return &deaf{ctx, cancel}
}

// Accept implements net.Listener.
func (d *deaf) Accept() (net.Conn, error) { <-d.closed.Done(); return nil, net.ErrClosed }

// Close implements net.Listener.
func (d *deaf) Close() error { d.close(); return nil }

// Addr implements net.Listener.
func (d *deaf) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
