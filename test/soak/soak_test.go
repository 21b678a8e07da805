//go:build soak

package soak

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"latchkey/cmd/latchkey/demohouse/housetest"
	"latchkey/drivers/demo"
	"latchkey/home"
	"latchkey/hub"
)

const (
	pace = 3600
	days = 30
	// perDay is how many values a day of the house has, within spread.
	perDay, spread = 1200, 0.2
)

// wall is the machine's clock in a bubble, which begins in the year 2000.
func wall() time.Time {
	return time.Date(2026, 3, 10, 8, 0, 0, 0, time.UTC).Add(time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)))
}

// TestMonth: a month at an hour a second, over the change of the clocks, with a
// person who comes and goes and uses the house. Nothing fails, nothing is
// lost, nothing grows but the history.
func TestMonth(t *testing.T) {
	began := time.Now()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		h := housetest.Open(t, housetest.Options{Wall: wall, Pace: pace, Dir: dir})
		defer h.Stop(t)
		from, head := h.Hub.Now(), headOf(t, h)
		var early, late use
		for day := range days {
			live(t, h)
			switch day {
			case 2:
				early = used()
			case days - 1:
				late = used()
			}
		}
		synctest.Wait()
		lived := h.Hub.Now().Sub(from)
		values := points(t, h, from)
		t.Logf("%.1f days: %d values, %d entries in the log; %d goroutines then %d; heap %.1f MiB then %.1f MiB", lived.Hours()/24, values,
			headOf(t, h)-head, early.goroutines, late.goroutines, early.mib, late.mib)
		if want := perDay * lived.Hours() / 24; float64(values) < want*(1-spread) || float64(values) > want*(1+spread) {
			t.Errorf("%d values in %s, want about %.0f", values, lived, want)
		}
		if late.goroutines > early.goroutines+5 {
			t.Errorf("%d goroutines became %d", early.goroutines, late.goroutines)
		}
		if late.mib > early.mib+24 {
			t.Errorf("%.1f MiB became %.1f MiB", early.mib, late.mib)
		}
		scenes(t, h)
	})
	t.Logf("in %s", time.Since(began).Round(time.Millisecond))
}

// live is one day: you go out in the morning and come back in the evening, and
// somebody turns the heating up.
func live(t *testing.T, h *housetest.House) {
	t.Helper()
	for _, hour := range []struct {
		of   time.Duration // hours of the house
		home float64
	}{{10, 1}, {14, 0}} {
		if _, err := h.Hub.Report(t.Context(), h.Owner, home.Report{Feature: demo.YourPhone, Value: home.Num(hour.home)}); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Hub.Command(t.Context(), h.Owner, demo.SetPoint, home.Num(20+hour.home)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(hour.of * time.Hour / pace)
		if s := h.Value(t, demo.MeterPower); h.Hub.Now().Sub(s.At) > time.Hour {
			t.Fatalf("the meter spoke last at %s, and it is %s", s.At, h.Hub.Now())
		}
		if s := h.Value(t, demo.RoomWarmth); s.Value.Number < 14 || s.Value.Number > 32 {
			t.Fatalf("the living room has %v degrees", s.Value.Number)
		}
	}
}

// use is what the program holds.
type use struct {
	goroutines int
	mib        float64
}

func used() use {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return use{runtime.NumGoroutine(), float64(m.HeapAlloc) / (1 << 20)}
}

func headOf(t *testing.T, h *housetest.House) uint64 {
	t.Helper()
	n, err := h.Hub.Head(h.Owner)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// points counts the history from a moment on.
func points(t *testing.T, h *housetest.House, from home.Time) (n int) {
	t.Helper()
	for _, d := range demo.Devices() {
		for _, f := range d.Features {
			last := home.Time(0)
			err := h.Hub.History(t.Context(), h.Owner, hub.HistoryQuery{Feature: f.ExternalID, From: from}, func(s home.Sample) error {
				if s.At < last {
					t.Errorf("%s goes back at %s", f.ExternalID, s.At)
				}
				n, last = n+1, s.At
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return n
}

// scenes looks at the runs that are kept: each scene has fired often, and none
// of its runs failed.
func scenes(t *testing.T, h *housetest.House) {
	t.Helper()
	all, err := h.Hub.Scenes(t.Context(), h.Owner)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		runs, err := h.Hub.Runs(t.Context(), h.Owner, s.ID, 0)
		if err != nil {
			t.Fatal(err)
		}
		ends := map[string]int{}
		for _, r := range runs {
			if ends[r.Status]++; r.Status != "done" && r.Status != "refused" {
				t.Errorf("%s: %s %s", s.Name, r.Status, r.Reason)
			}
		}
		t.Logf("%s: %v", s.Name, ends)
		if len(runs) < 8 {
			t.Errorf("%s ran %d times in a month", s.Name, len(runs))
		}
	}
}
