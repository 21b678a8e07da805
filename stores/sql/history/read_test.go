package history_test

import (
	"errors"
	"math"
	"testing"

	"latchkey/home"
	"latchkey/stores/sql/history"
)

// twin is a history and its model, fed with the same rows.
type twin struct {
	t   *testing.T
	h   *history.History
	m   model
	row int64
}

func newTwin(t *testing.T) *twin { return &twin{t: t, h: open(t, history.Config{}), m: model{}} }

func (w *twin) add(erasures []home.Erasure, points ...home.Point) {
	w.t.Helper()
	w.row++
	r := row{id: w.row, points: points, erasures: erasures}
	w.m.apply(r)
	if err := r.apply(w.h); err != nil {
		w.t.Fatal(err)
	}
}

func (w *twin) seal() {
	w.t.Helper()
	if err := w.h.Seal(ctx, true); err != nil {
		w.t.Fatal(err)
	}
}

func (w *twin) same(q home.PointQuery) {
	w.t.Helper()
	if err := diffPoints(w.h, w.m, q); err != nil {
		w.t.Error(err)
	}
	if lines, err := w.h.Check(ctx); err != nil || len(lines) > 0 {
		w.t.Errorf("check: %v %v", lines, err)
	}
}

func many(n int, make func(i int) home.Point) []home.Point {
	var out []home.Point
	for i := range n {
		out = append(out, make(i))
	}
	return out
}

// TestBurst keeps far more points in one millisecond than a page has room for.
func TestBurst(t *testing.T) {
	w := newTwin(t)
	w.add(nil, many(30_000, func(i int) home.Point {
		at := home.Time(5)
		if i >= 25_000 {
			at = 6
		}
		return one(1, uint64(i+1), at)
	})...)
	w.seal()
	for _, newest := range []bool{false, true} {
		w.same(home.PointQuery{Feature: 1, Newest: newest})
		w.same(home.PointQuery{Feature: 1, Newest: newest, Limit: 700, After: home.Cursor{At: 5, Seq: 12_345}})
	}
	if err := diffBuckets(w.h, w.m, home.BucketQuery{Feature: 1, Edges: []home.Time{0, 5, 6, 7}}); err != nil {
		t.Error(err)
	}
}

// TestPages walks a history a page at a time, both ways.
func TestPages(t *testing.T) {
	w := newTwin(t)
	w.add(nil, many(3000, func(i int) home.Point { return one(1, uint64(i+1), home.Time(i/3)) })...)
	w.seal()
	w.add(nil, many(100, func(i int) home.Point { return one(1, uint64(4000+i), home.Time(900+i)) })...)
	for _, newest := range []bool{false, true} {
		var got []home.Sample
		q := home.PointQuery{Feature: 1, From: 10, To: 990, Newest: newest, Limit: 97}
		for more := true; more; {
			n := len(got)
			if err := w.h.Points(ctx, q, func(s home.Sample) error { got = append(got, s); return nil }); err != nil {
				t.Fatal(err)
			}
			if more = len(got) > n; more {
				q.After = home.Cursor{At: got[len(got)-1].At, Seq: got[len(got)-1].Seq}
			}
		}
		q.Limit, q.After = 0, home.Cursor{}
		want := w.m.points(q)
		if len(got) != len(want) {
			t.Fatalf("%d points, want %d", len(got), len(want))
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("point %d: %v, want %v", i, got[i], want[i])
			}
		}
	}
}

// TestVisit lets a visit ask further questions, more than there are readers, and
// end early.
func TestVisit(t *testing.T) {
	w := newTwin(t)
	w.add(nil, many(600, func(i int) home.Point { return one(1, uint64(i+1), home.Time(i)) })...)
	w.seal()
	enough := errors.New("enough")
	var deeper func(depth int) error
	deeper = func(depth int) error {
		return w.h.Points(ctx, home.PointQuery{Feature: 1}, func(home.Sample) error {
			if depth == 0 {
				return enough
			}
			return deeper(depth - 1)
		})
	}
	if err := deeper(10); err != enough {
		t.Errorf("%v", err)
	}
}

// TestDescending imports a history backwards, as some sources tell it.
func TestDescending(t *testing.T) {
	w := newTwin(t)
	for i := range 30 {
		w.add(nil, many(60, func(j int) home.Point {
			p := one(1, uint64(i*60+j+1), home.Time(100_000-i*60-j))
			p.Replace = true
			return p
		})...)
		w.seal()
	}
	w.same(home.PointQuery{Feature: 1})
	if bytes, points := w.h.Size(); points != 1800 || bytes == 0 {
		t.Errorf("%d points in %d bytes", points, bytes)
	}
}

// TestErase takes everything away, then brings the same moments back, with the
// journal told again.
func TestErase(t *testing.T) {
	w := newTwin(t)
	w.add(nil, many(2000, func(i int) home.Point { return one(1, uint64(i+1), home.Time(i)) })...)
	w.seal()
	w.add([]home.Erasure{{Feature: 1}})
	w.same(home.PointQuery{Feature: 1})
	back := many(50, func(i int) home.Point { return one(1, uint64(3000+i), home.Time(i)) })
	w.add(nil, back...)
	w.same(home.PointQuery{Feature: 1})
	w.seal()
	// The rows of the erasure and of what came after it, again.
	if err := w.h.Erase(ctx, 2, []home.Erasure{{Feature: 1}}); err != nil {
		t.Fatal(err)
	}
	w.h.Add(3, back)
	w.same(home.PointQuery{Feature: 1})
	if n := w.h.Pending(); n != 0 {
		t.Errorf("%d pending", n)
	}
	if _, points := w.h.Size(); points != 50 {
		t.Errorf("%d points", points)
	}
}

// TestCarry finds the value before the first bucket behind erased points that
// are still in the file.
func TestCarry(t *testing.T) {
	w := newTwin(t)
	w.add(nil, many(2000, func(i int) home.Point { return one(1, uint64(i+1), home.Time(i)) })...)
	w.seal()
	w.add([]home.Erasure{{Feature: 1, From: 100, To: 1990}})
	for _, sealed := range []bool{false, true} {
		if sealed {
			w.seal()
		}
		for _, from := range []home.Time{50, 100, 1500, 1990, 1995, 5000} {
			q := home.BucketQuery{Feature: 1, Edges: []home.Time{from, from + 10, from + 500}}
			if err := diffBuckets(w.h, w.m, q); err != nil {
				t.Errorf("from %d, sealed %v: %v", from, sealed, err)
			}
		}
	}
}

func TestEdges(t *testing.T) {
	h := open(t, history.Config{})
	if b, err := h.Buckets(ctx, home.BucketQuery{Feature: 1, Edges: []home.Time{5}}); err != nil || len(b) != 0 {
		t.Errorf("%v %v", b, err)
	}
	for _, edges := range [][]home.Time{{0, 9, 8}, make([]home.Time, 10_002)} {
		if _, err := h.Buckets(ctx, home.BucketQuery{Feature: 1, Edges: edges}); home.CodeOf(err) != home.Invalid {
			t.Errorf("%d edges: %v", len(edges), err)
		}
	}
}

// TestLargest keeps the largest feature number apart from its neighbours, and
// order numbers beyond 32 bits.
func TestLargest(t *testing.T) {
	w := newTwin(t)
	for _, feature := range []uint32{0, 1, math.MaxUint32 - 1, math.MaxUint32} {
		w.add(nil, many(1100, func(i int) home.Point { return one(feature, 1<<40+uint64(i), home.Time(i)) })...)
	}
	w.seal()
	for _, feature := range []uint32{0, 1, math.MaxUint32 - 1, math.MaxUint32} {
		w.same(home.PointQuery{Feature: feature})
	}
}
