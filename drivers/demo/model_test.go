package demo_test

import (
	"fmt"
	"math"
	"sort"
	"testing"
	"time"

	"latchkey/drivers/demo"
	"latchkey/home"
)

// paris is where the houses of these tests stand.
func paris(seed uint64) demo.Place {
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		panic(err)
	}
	return demo.Place{Seed: seed, Zone: zone, Latitude: 48.85, Longitude: 2.35, Language: "en"}
}

func moment(s string) home.Time {
	t, err := home.ParseTime(s)
	if err != nil {
		panic(err)
	}
	return t
}

// watch runs a house and keeps each feature's reports.
func watch(m *demo.Model, to home.Time) map[string][]home.Report {
	out := map[string][]home.Report{}
	m.Run(to, func(r home.Report) { out[r.Feature] = append(out[r.Feature], r) })
	return out
}

// at is what a feature said last, at a moment.
func at(reports []home.Report, when home.Time) float64 {
	n := sort.Search(len(reports), func(i int) bool { return reports[i].At > when })
	if n == 0 {
		return 0
	}
	return reports[n-1].Value.Number
}

func features() map[string]demo.Feature {
	all := map[string]demo.Feature{}
	for _, d := range demo.Devices() {
		for _, f := range d.Features {
			all[f.ExternalID] = f
		}
	}
	return all
}

func TestHouse(t *testing.T) {
	rooms, devices, ids := demo.Rooms(), demo.Devices(), map[string]bool{}
	if len(rooms) != 8 || len(devices) < 25 {
		t.Errorf("%d rooms and %d devices", len(rooms), len(devices))
	}
	for _, d := range devices {
		for _, id := range append([]string{d.ExternalID}, externalIDs(d)...) {
			if ids[id] {
				t.Errorf("%s is there twice", id)
			}
			ids[id] = d.ExternalID != id
		}
		if d.Name.EN == "" || d.Name.FR == "" || d.Room < demo.Nowhere || d.Room >= len(rooms) {
			t.Errorf("%s: names %v, room %d", d.ExternalID, d.Name, d.Room)
		}
		for _, f := range d.Features {
			if f.Name.EN == "" || f.Name.FR == "" {
				t.Errorf("%s has no name in both languages", f.ExternalID)
			}
		}
	}
}

func externalIDs(d demo.Device) []string {
	var out []string
	for _, f := range d.Features {
		out = append(out, f.ExternalID)
	}
	return out
}

// The same seed is the same house, whatever the pieces in which one looks at it.
func TestSameSeed(t *testing.T) {
	from, to := moment("2026-03-28T20:00:00Z"), moment("2026-03-29T20:00:00Z") // the clocks change
	whole := watch(demo.NewModel(paris(7), from, demo.Never), to)
	m, pieces := demo.NewModel(paris(7), from, demo.Never), map[string][]home.Report{}
	for next, n := from, 1; next < to; n++ {
		next = min(to, next.Add(time.Duration(n)*7*time.Second))
		for id, reports := range watch(m, next) {
			pieces[id] = append(pieces[id], reports...)
		}
	}
	if fmt.Sprint(whole) != fmt.Sprint(pieces) {
		t.Error("looking at a house more often makes it another one")
	}
	if other := watch(demo.NewModel(paris(8), from, demo.Never), to); fmt.Sprint(whole) == fmt.Sprint(other) {
		t.Error("another seed is the same house")
	}
}

// What the devices tell is possible: in every season, here, far north and in the south.
func TestPlausible(t *testing.T) {
	places := []demo.Place{paris(1), paris(2)}
	places = append(places, demo.Place{Seed: 3, Latitude: 64, Longitude: 20}, demo.Place{Seed: 4, Latitude: -33.9, Longitude: 151.2})
	starts := []string{"2026-01-10T00:00:00Z", "2026-03-22T00:00:00Z", "2026-07-20T00:00:00Z", "2026-10-20T00:00:00Z"}
	for i, place := range places {
		for _, start := range []string{starts[i], starts[(i+2)%4]} {
			from := moment(start)
			plausible(t, fmt.Sprintf("seed %d from %s", place.Seed, start), watch(demo.NewModel(place, from, demo.Never), from.Add(52*time.Hour)))
		}
	}
}

func plausible(t *testing.T, name string, all map[string][]home.Report) {
	t.Helper()
	for id, f := range features() {
		reports := all[id]
		if len(reports) == 0 {
			t.Errorf("%s: %s says nothing", name, id)
			continue
		}
		for i, r := range reports {
			v := r.Value.Number
			if r.Value.IsText != (f.Type == "text") || math.IsNaN(v) || f.Min != nil && v < *f.Min || f.Max != nil && v > *f.Max {
				t.Fatalf("%s: %s is %v", name, id, r.Value)
			}
			if i > 0 {
				step(t, name, &f, [2]home.Report{reports[i-1], r})
			}
		}
	}
	together(t, name, all)
}

// step looks at two reports of one feature, one after the other.
func step(t *testing.T, name string, f *demo.Feature, r [2]home.Report) {
	t.Helper()
	hours, move := r[1].At.Sub(r[0].At).Hours(), r[1].Value.Number-r[0].Value.Number
	switch {
	case hours <= 0:
		t.Errorf("%s: %s goes back in time at %s", name, f.ExternalID, r[1].At)
	case f.Type == "energy" && move < 0:
		t.Errorf("%s: %s falls at %s", name, f.ExternalID, r[1].At)
	case f.Category == "temperature-sensor" && math.Abs(move) > 5*hours+0.25:
		t.Errorf("%s: %s moves by %.2f degrees in %.2f h at %s", name, f.ExternalID, move, hours, r[1].At)
	}
}

// together looks at features that have to do with each other.
func together(t *testing.T, name string, all map[string][]home.Report) {
	t.Helper()
	anybody := func(when home.Time) bool { return at(all[demo.YourPhone], when)+at(all[demo.OtherPhone], when) > 0 }
	for _, id := range []string{demo.LivingMotion, "demo:entrance:motion:motion", demo.Lamp, "demo:kitchen:window:open"} {
		for _, r := range all[id] {
			if r.Value.Number == 1 && !anybody(r.At) {
				t.Errorf("%s: %s at %s, and nobody is at home", name, id, r.At)
			}
		}
	}
	for _, r := range all[demo.FrontDoor] {
		if r.Value.Number == 1 && at(all[demo.FrontLock], r.At) == 1 {
			t.Errorf("%s: the door opens at %s though it is locked", name, r.At)
		}
	}
	for _, r := range all[demo.WasherPower] {
		if on := at(all[demo.Washing], r.At) == 1; r.Value.Number > 0 && !on {
			t.Errorf("%s: the machine draws %v W at %s without running", name, r.Value.Number, r.At)
		}
	}
	for _, r := range all[demo.RoomWarmth] {
		if r.Value.Number < 14 || r.Value.Number > 33 {
			t.Fatalf("%s: the living room has %.1f degrees at %s", name, r.Value.Number, r.At)
		}
	}
	used := all[demo.MeterEnergy]
	if days := used[len(used)-1].At.Sub(used[0].At).Hours() / 24; days > 1 {
		if kwh := (used[len(used)-1].Value.Number - used[0].Value.Number) / days; kwh < 2 || kwh > 15 {
			t.Errorf("%s: %.1f kWh a day", name, kwh)
		}
	}
}
