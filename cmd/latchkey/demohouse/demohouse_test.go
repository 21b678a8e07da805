package demohouse_test

import (
	"cmp"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"latchkey/cmd/latchkey/demohouse"
	"latchkey/cmd/latchkey/demohouse/housetest"
	"latchkey/drivers/demo"
	"latchkey/home"
	"latchkey/hub"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// wall is the machine's clock in a bubble, which begins in the year 2000, on a
// Friday evening that a clock can be believed to show.
func wall() time.Time {
	return time.Date(2026, 11, 20, 17, 0, 0, 0, time.UTC).Add(time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)))
}

// runs returns a scene's runs, the newest first.
func runs(t *testing.T, h *housetest.House, name string) []home.Run {
	t.Helper()
	scenes, err := h.Hub.Scenes(t.Context(), h.Owner)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scenes {
		if s.Name == name {
			out, err := h.Hub.Runs(t.Context(), h.Owner, s.ID, 0)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
	}
	t.Fatalf("there is no scene %s", name)
	return nil
}

func count(t *testing.T, h *housetest.House, feature string, from home.Time) (n int, first, last home.Time) {
	t.Helper()
	err := h.Hub.History(t.Context(), h.Owner, hub.HistoryQuery{Feature: feature, From: from}, func(s home.Sample) error {
		if n == 0 {
			first = s.At
		}
		n, last = n+1, s.At
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n, first, last
}

func TestNewHouse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := housetest.Open(t, housetest.Options{Wall: wall, Language: "fr"})
		defer h.Stop(t)
		rooms, err := h.Hub.Rooms(t.Context(), h.Owner)
		if err != nil || len(rooms) != 8 || rooms[0].Name != "Bathroom" && rooms[0].Name != "Buanderie" {
			t.Errorf("rooms %v (%v)", rooms, err)
		}
		n, first, last := count(t, h, demo.MeterEnergy, 0)
		if days := last.Sub(first).Hours() / 24; days < 6.9 || n < 600 || h.Values < 6000 || h.Values > 12000 {
			t.Errorf("%d values of %d over %.1f days", n, h.Values, days)
		}
		if s := h.Value(t, demo.YourPhone); s.Value.Number != 0 {
			t.Error("your phone is at home")
		}
		washed := runs(t, h, "Lessive termin\u00e9e")
		slices.SortFunc(washed, func(a, b home.Run) int { return cmp.Compare(b.Status, a.Status) }) // in the bubble they begin at once
		if len(washed) != 2 || washed[0].Status != "refused" || washed[1].Status != "done" {
			t.Fatalf("the washing's runs are %+v", washed)
		}
		if c := washed[0].Checks; len(c) != 1 || c[0].Held == nil || *c[0].Held || string(c[0].Result) != `{"members_at_home":0}` {
			t.Errorf("the refused run's condition is %+v", c)
		}
		for _, name := range []string{"Retour \u00e0 la maison", "D\u00e9part de la maison"} {
			if r := runs(t, h, name); len(r) != 1 || r[0].Status != "done" || len(r[0].Steps) != 2 {
				t.Errorf("%s ran as %+v", name, r)
			}
		}
		if n := h.Hub.KeptRequests(); n != 1 {
			t.Errorf("%d requests are kept", n)
		}
	})
}

// A fast house lives as a slow one does: scenes fire, commands are carried out,
// everything is told in the house's own time.
func TestFastHouse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := housetest.Open(t, housetest.Options{Wall: wall, Pace: 3600})
		defer h.Stop(t)
		began := home.TimeOf(h.Clock.Now())
		time.Sleep(12 * time.Second) // half a day
		if _, err := h.Hub.Command(t.Context(), h.Owner, demo.SetPoint, home.Num(24)); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Hub.Report(t.Context(), h.Owner, home.Report{Feature: demo.YourPhone, Value: home.Num(1)}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(120 * time.Second) // five days
		synctest.Wait()
		now := home.TimeOf(h.Clock.Now())
		if lived := now.Sub(began).Hours(); lived < 131 || lived > 133 {
			t.Errorf("%.1f h went by", lived)
		}
		if s := h.Value(t, demo.MeterPower); s.At > now || now.Sub(s.At) > time.Hour {
			t.Errorf("the meter spoke last at %s, and it is %s", s.At, now)
		}
		if r := runs(t, h, "Back home"); len(r) != 2 || r[0].Status != "done" {
			t.Errorf("you came home: %+v", r)
		}
		if r := runs(t, h, "Washing done"); len(r) < 4 || r[0].Status != "done" {
			t.Errorf("the washing was told %d times, last %+v", len(r), r[0])
		}
		for _, name := range []string{"Back home", "Left home", "Washing done"} {
			for _, r := range runs(t, h, name) {
				if r.Status == "failed" || r.Status == "interrupted" {
					t.Errorf("%s: %s %s", name, r.Status, r.Reason)
				}
			}
		}
		if n, _, last := count(t, h, demo.MeterEnergy, began); n < 450 || n > 560 || last > now {
			t.Errorf("five days and a half have %d values of the meter", n)
		}
	})
}

// A house that is opened again goes on where it stood, and its time with it.
func TestOpenedAgain(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		h := housetest.Open(t, housetest.Options{Wall: wall, Pace: 7200, Dir: dir})
		time.Sleep(10 * time.Second)
		before := map[string]home.State{demo.MeterEnergy: {}, demo.RoomWarmth: {}, "demo:phone:battery": {}}
		for id := range before {
			before[id] = h.Value(t, id)
		}
		stopped := h.Clock.Now()
		h.Stop(t)
		h = housetest.Open(t, housetest.Options{Wall: wall, Pace: 1, Dir: dir})
		defer h.Stop(t)
		if h.Values != 0 || len(runs(t, h, "Back home")) != 1 {
			t.Error("the house was furnished again")
		}
		if now := h.Clock.Now(); now.Before(stopped.Add(-time.Hour)) {
			t.Errorf("the house's time went back from %s to %s", stopped, now)
		}
		time.Sleep(20 * time.Minute)
		for id, old := range before {
			s := h.Value(t, id)
			if move := s.Value.Number - old.Value.Number; move < -6 || move > 6 || id == demo.RoomWarmth && (move < -1.5 || move > 1.5) || s.At < old.At || id == demo.MeterEnergy && move < 0 {
				t.Errorf("%s went from %v at %s to %v at %s", id, old.Value, old.At, s.Value, s.At)
			}
		}
	})
}

// What is kept works in a house without the demo's driver behind it.
func TestKeep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := housetest.Open(t, housetest.Options{Wall: wall})
		defer from.Stop(t)
		h, err := hub.New(t.Context(), hub.Config{Store: memory(), Clock: wall, Drivers: drivers(), Actions: []hub.Action{}})
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		made, err := h.Setup(t.Context(), hub.SetupRequest{Username: "ada", Password: "a long enough one", Loopback: true})
		if err != nil {
			t.Fatal(err)
		}
		id, err := h.Identify(t.Context(), hub.Credential{Secret: made.Token, House: made.House.ID})
		if err != nil {
			t.Fatal(err)
		}
		sides := [2]demohouse.Side{{Hub: from.Hub, ID: from.Owner}, {Hub: h, ID: id}}
		if _, err := demohouse.Keep(t.Context(), sides[0], sides[1], []string{"Back home", "No such scene"}); err == nil {
			t.Error("a scene that is not there was kept")
		}
		kept, err := demohouse.Keep(t.Context(), sides[0], sides[1], []string{"Back home", "Washing done"})
		if err != nil || len(kept.Scenes) != 2 || len(kept.Devices) != 3 || kept.Rooms != 2 {
			t.Fatalf("kept %+v (%v)", kept, err)
		}
		devices, err := h.Devices(t.Context(), id)
		if err != nil || len(devices) != 3 {
			t.Fatal(devices, err)
		}
		for _, d := range devices {
			if d.Driver != hub.VirtualDriver {
				t.Errorf("%s is of the driver %s", d.Name, d.Driver)
			}
		}
		if _, err := h.Command(t.Context(), id, demo.Lamp, home.Num(1)); err != nil {
			t.Error(err)
		}
	})
}

// A clock runs as fast as it is told, and never back.
func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := wall()
		c := demohouse.NewClock(wall)
		time.Sleep(time.Second)
		if d := c.Now().Sub(began); d != time.Second {
			t.Errorf("a second is %s", d)
		}
		c.Run(demohouse.MaxPace)
		time.Sleep(40 * time.Hour) // more than a Duration holds
		if years := c.Now().Year() - began.Year(); years != 394 && years != 395 {
			t.Errorf("40 h at full speed are %d years", years)
		}
		before := c.Now()
		c.NotBefore(home.TimeOf(began))
		c.Run(1)
		if now := c.Now(); now.Before(before) {
			t.Errorf("it went back from %s to %s", before, now)
		}
		c.NotBefore(home.TimeOf(before).Add(time.Hour))
		if d := c.Now().Sub(before); d < 59*time.Minute {
			t.Errorf("it was moved on by %s", d)
		}
	})
}
