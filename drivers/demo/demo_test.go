package demo_test

import (
	"context"
	"errors"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"latchkey/drivers/demo"
	"latchkey/drivers/drivertest"
	"latchkey/home"
)

func TestDriver(t *testing.T) {
	drivertest.Run(t, drivertest.Suite{New: func(_ *testing.T, clock home.Clock) home.Driver {
		d := demo.New(clock)
		d.Open("h1", demo.NewModel(paris(1), drivertest.Now, drivertest.Now))
		return d
	}})
}

// sink keeps what a driver reports.
type sink struct {
	mu   sync.Mutex
	err  func(home.Report) error
	kept []home.Report
}

func (s *sink) report(_ context.Context, _ home.ID, _ home.Cause, reports ...home.Report) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range reports {
		if s.err != nil {
			if err := s.err(r); err != nil {
				return err
			}
		}
	}
	s.kept = append(s.kept, reports...)
	return nil
}

func (s *sink) last(feature string) (home.Report, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.kept) - 1; i >= 0; i-- {
		if s.kept[i].Feature == feature {
			return s.kept[i], true
		}
	}
	return home.Report{}, false
}

// stage is a running driver in a bubble of made-up time.
type stage struct {
	sink
	*demo.Driver
	from  home.Time
	clock home.Clock
}

// play runs a house at pace times the bubble's time from a summer morning on.
func play(t *testing.T, pace int, act func(t *testing.T, s *stage)) {
	synctest.Test(t, func(t *testing.T) {
		began, from := time.Now(), moment("2026-06-15T08:30:00Z") // a Monday
		s := &stage{from: from, clock: func() time.Time { return from.Std().Add(time.Since(began) * time.Duration(pace)) }}
		s.Driver = demo.New(s.clock)
		s.Open("h1", demo.NewModel(paris(1), from, from))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.Start(ctx, s.report) }()
		act(t, s)
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("it ended with %v", err)
		}
	})
}

func (s *stage) command(t *testing.T, feature string, v float64) error {
	f := home.Feature{ExternalID: feature}
	return s.Command(t.Context(), home.Command{ID: "c", House: "h1", Device: &home.Device{}, Feature: &f, Value: home.Num(v)}, s.report)
}

// Commands act on the house: a lamp draws power, a set-point warms the room, a
// lock stays locked.
func TestCommandsAct(t *testing.T) {
	play(t, 600, func(t *testing.T, s *stage) {
		time.Sleep(time.Second)
		before, _ := s.last(demo.RoomWarmth)
		for feature, v := range map[string]float64{demo.SetPoint: 26, demo.FrontLock: 1, demo.Siren: 1} {
			if err := s.command(t, feature, v); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(2 * time.Second) // 20 minutes
		if r, _ := s.last(demo.Siren); r.Value.Number != 0 {
			t.Error("the siren sounds for more than its three minutes")
		}
		if r, _ := s.last(demo.FrontLock); r.Value.Number != 1 {
			t.Error("the door was unlocked by nobody")
		}
		time.Sleep(16 * time.Second) // 3 hours in all
		after, _ := s.last(demo.RoomWarmth)
		if gain := after.Value.Number - before.Value.Number; gain < 1 || gain > 6 {
			t.Errorf("the living room went from %.1f to %.1f degrees in three hours", before.Value.Number, after.Value.Number)
		}
		if r, _ := s.last(demo.MeterPower); r.At > s.clock.Now() || s.clock.Now().Sub(r.At) > time.Hour {
			t.Errorf("the meter reports for %s, and the clock shows %s", r.At, s.clock.Now())
		}
	})
}

// A lamp's power shows on the meter.
func TestLampDrawsPower(t *testing.T) {
	meter := func(lamp float64) (watts float64) {
		play(t, 60, func(t *testing.T, s *stage) {
			for _, feature := range []string{demo.Lamp, "demo:kitchen:light:on", "demo:office:light:on"} {
				if err := s.command(t, feature, lamp); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(5 * time.Second)
			r, _ := s.last(demo.MeterPower)
			watts = r.Value.Number
		})
		return watts
	}
	if off, on := meter(0), meter(1); math.Abs(on-off-3*14*0.82) > 6 {
		t.Errorf("three lamps at 80 percent draw %.0f W", on-off)
	}
}

// Your phone is moved by you: who comes home opens the door.
func TestYours(t *testing.T) {
	play(t, 60, func(t *testing.T, s *stage) {
		time.Sleep(5 * time.Second)
		opened, _ := s.last(demo.FrontDoor)
		s.Yours(true)
		time.Sleep(5 * time.Second)
		again, _ := s.last(demo.FrontDoor)
		if again.At <= opened.At {
			t.Error("nobody opened the door for you")
		}
		if _, told := s.last(demo.YourPhone); told {
			t.Error("the driver moved your phone")
		}
	})
}

// A feature that is gone, and a disk that is full, silence nothing else.
func TestTrouble(t *testing.T) {
	play(t, 600, func(t *testing.T, s *stage) {
		full := true
		s.mu.Lock()
		s.err = func(r home.Report) error {
			if full {
				return home.Errorf(home.Unavailable, "the disk is full").Because("storage_full")
			}
			if r.Feature == demo.OutsideAir {
				return home.Errorf(home.NotFound, "no such feature").Because("feature_unknown")
			}
			return nil
		}
		s.mu.Unlock()
		time.Sleep(3 * time.Second)
		synctest.Wait()
		s.mu.Lock()
		full = false
		s.mu.Unlock()
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if _, told := s.last("demo:outside:humidity"); !told {
			t.Error("what could not be kept is not told again")
		}
		if err := s.command(t, "nothing", 1); home.CodeOf(err) != home.Unavailable {
			t.Errorf("a command to nothing: %v", err)
		}
	})
}

// A driver without a house rests, and carries nothing out.
func TestNoHouse(t *testing.T) {
	d := demo.New(nil)
	f := home.Feature{ExternalID: demo.Lamp}
	err := d.Command(t.Context(), home.Command{House: "h1", Device: &home.Device{}, Feature: &f}, (&sink{}).report)
	if e, ok := errors.AsType[*home.Error](err); !ok || e.Reason != "device_unreachable" {
		t.Errorf("a command without a house: %v", err)
	}
}

// A house that is taken up again goes on: no value jumps, no counter falls, and
// nothing happens only because somebody began to look.
func TestResume(t *testing.T) {
	from := moment("2026-11-16T06:00:00Z")
	for hours := range 6 {
		until := from.Add(time.Duration(hours) * 233 * time.Minute)
		m := demo.NewModel(paris(3), from, from)
		m.Yours(true)
		all := watch(m, until.Add(time.Minute))
		values := map[string]home.State{demo.YourPhone: {Value: home.Num(1), At: from}}
		for id, reports := range all {
			last := reports[len(reports)-1]
			values[id] = home.State{Value: last.Value, At: last.At}
		}
		again := watch(demo.Resume(paris(3), values, until.Add(2*time.Minute)), until.Add(10*time.Minute))
		for id, reports := range again {
			f, r := features()[id], reports[0]
			move := r.Value.Number - values[id].Value.Number
			switch {
			case r.At <= values[id].At:
				t.Errorf("%s: %s is told again for %s", until, id, r.At)
			case f.Type == "energy" && (move < 0 || move > 0.6), f.Category == "temperature-sensor" && math.Abs(move) > 1.2,
				f.Category == "battery" && math.Abs(move) > 6, f.Category == "humidity-sensor" && math.Abs(move) > 16:
				t.Errorf("%s: %s goes from %v to %v", until, id, values[id].Value.Number, r.Value.Number)
			}
		}
	}
}
