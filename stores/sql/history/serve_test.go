package history_test

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"latchkey/home"
	"latchkey/stores/sql/history"
)

// serve runs Serve until the test ends.
func serve(t testing.TB, h *history.History) {
	done := make(chan error, 1)
	running, cancel := context.WithCancel(ctx)
	go func() { done <- h.Serve(running) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// one makes a point of a feature.
func one(feature uint32, seq uint64, at home.Time) home.Point {
	return home.Point{Feature: feature, Seq: seq, At: at, Value: home.Num(float64(seq)), History: true}
}

// TestOnce reads while points come, are replaced, erased and sealed: whatever a
// reader sees was so at one moment, and holds all that was there before it asked.
func TestOnce(t *testing.T) {
	h := open(t, history.Config{MaxPending: 900})
	serve(t, h)
	const rows, perRow = 400, 20
	var added atomic.Int64 // rows
	stop := make(chan struct{})
	var wg sync.WaitGroup
	fail := make(chan error, 16)
	for newest := range 2 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := look(h, newest == 1, &added, perRow); err != nil {
					fail <- err
					return
				}
			}
		})
	}
	seq := uint64(0)
	for row := int64(1); row <= rows; row++ {
		var points []home.Point
		for range perRow {
			seq++
			again := one(2, seq, home.Time(seq%perRow))
			again.Replace = true
			points = append(points, one(1, seq, home.Time(seq)), again, one(3, seq, home.Time(seq)))
		}
		var erasures []home.Erasure
		if row%10 == 0 {
			erasures = []home.Erasure{{Feature: 3, From: math.MinInt64, To: 0}}
		}
		if err := h.Erase(ctx, row, erasures); err != nil {
			t.Fatal(err)
		}
		h.Add(row, points)
		added.Store(row)
		if row%7 == 0 {
			if err := h.Seal(ctx, row%3 == 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	close(stop)
	wg.Wait()
	select {
	case err := <-fail:
		t.Fatal(err)
	default:
	}
}

var errSeen = errors.New("not what was there at one moment")

// look reads the three features: 1 grows, 2 has its moments replaced, 3 is
// erased from time to time.
func look(h *history.History, newest bool, added *atomic.Int64, perRow int64) error {
	for feature := uint32(1); feature <= 3; feature++ {
		least := added.Load() * perRow
		var first, last, count uint64
		err := h.Points(ctx, home.PointQuery{Feature: feature, From: math.MinInt64, Newest: newest}, func(s home.Sample) error {
			if feature != 2 && count > 0 && s.Seq != last+1 && s.Seq != last-1 {
				return errSeen
			}
			if count == 0 {
				first = s.Seq
			}
			last, count = s.Seq, count+1
			return nil
		})
		if err != nil {
			return err
		}
		switch high := max(first, last); {
		case feature == 1 && (count != high || int64(high) < least):
			return errSeen
		case feature == 2 && least > 0 && count != uint64(perRow):
			return errSeen
		}
		b, err := h.Buckets(ctx, home.BucketQuery{Feature: feature, Edges: []home.Time{0, math.MaxInt64}})
		if err != nil {
			return err
		}
		if feature == 1 && (b[0].Count < least || b[0].Last.Seq != uint64(b[0].Count)) {
			return errSeen
		}
		if feature == 2 && least > 0 && b[0].Count != perRow {
			return errSeen
		}
	}
	return nil
}

// TestFull seals a feature as soon as it fills a chunk.
func TestFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, history.Config{})
		serve(t, h)
		for i := int64(1); i <= 700; i++ {
			h.Add(i, []home.Point{one(1, uint64(i), home.Time(i))})
		}
		time.Sleep(time.Second) // of the bubble's clock
		synctest.Wait()
		if n, floor := h.Pending(), h.Floor(); n != 200 || floor != 501 {
			t.Errorf("%d pending, floor %d", n, floor)
		}
	})
}

// TestIdle seals a feature that says little when its points are old.
func TestIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, history.Config{})
		serve(t, h)
		h.Add(7, []home.Point{one(1, 1, 1), one(2, 2, 2)})
		time.Sleep(50 * time.Minute)
		synctest.Wait()
		if n := h.Pending(); n != 2 {
			t.Errorf("%d pending after 50 minutes", n)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if n, floor := h.Pending(), h.Floor(); n != 0 || floor != 7 {
			t.Errorf("%d pending after an hour, floor %d", n, floor)
		}
	})
}

// TestRetry keeps points through a full disk.
func TestRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var full atomic.Bool
		full.Store(true)
		h := open(t, history.Config{MaxPending: 10, Failpoint: func(name string) error {
			if full.Load() && name == "seal.commit" {
				return errors.New("no space left")
			}
			return nil
		}})
		serve(t, h)
		for i := int64(1); i <= 20; i++ {
			h.Add(i, []home.Point{one(1, uint64(i), home.Time(i))})
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if n, floor := h.Pending(), h.Floor(); n != 20 || floor > 1 {
			t.Errorf("%d pending on a full disk, floor %d", n, floor)
		}
		full.Store(false)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if n := h.Pending(); n != 0 {
			t.Errorf("%d pending after the disk was freed", n)
		}
	})
}

func TestClosed(t *testing.T) {
	h := open(t, history.Config{})
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if h.Seal(ctx, true) == nil || h.Serve(ctx) == nil || h.Erase(ctx, 1, nil) == nil {
		t.Error("a closed history works")
	}
	if err := h.Points(ctx, home.PointQuery{}, func(home.Sample) error { return nil }); err == nil {
		t.Error("a closed history answers")
	}
	if err := h.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
}
