package history

import (
	"cmp"
	"math"
	"slices"

	"latchkey/home"
)

// window is the part of a feature's history that is still to be visited: from
// low on, and before high.
type window struct {
	feature   uint32
	low, high home.Cursor
	newest    bool
}

// windowOf returns what q chooses.
func windowOf(q home.PointQuery) window {
	w := window{feature: q.Feature, low: home.Cursor{At: q.From}, high: home.Cursor{At: q.To}, newest: q.Newest}
	if q.To == 0 {
		w.high.At = math.MaxInt64
	}
	if q.After.Seq != 0 {
		w.pass(q.After)
	}
	return w
}

// pass leaves everything up to c behind, in the order of the visit. It returns
// false when that had been left already.
func (w *window) pass(c home.Cursor) bool {
	if w.newest {
		if !before(c, w.high) {
			return false
		}
		w.high = c
		return true
	}
	if before(c, w.low) {
		return false
	}
	w.low = next(c)
	return true
}

// upTo returns the window cut off behind c, in the order of the visit.
func (w window) upTo(c home.Cursor) window {
	if w.newest && before(w.low, c) {
		w.low = c
	}
	if !w.newest && before(c, w.high) {
		w.high = next(c)
	}
	return w
}

// times returns the moments that the window spans, the second not included.
func (w *window) times() (from, to home.Time) {
	if to = w.high.At; w.high.Seq > 0 && to < math.MaxInt64 {
		to++
	}
	return w.low.At, to
}

// trim returns those of samples, which are sorted, that lie in the window.
func (w *window) trim(samples []home.Sample) []home.Sample {
	from, _ := slices.BinarySearchFunc(samples, w.low, compareTo)
	to, _ := slices.BinarySearchFunc(samples[from:], w.high, compareTo)
	return samples[from : from+to]
}

func next(c home.Cursor) home.Cursor {
	if c.Seq++; c.Seq == 0 {
		c.At++
	}
	return c
}

func before(a, b home.Cursor) bool { return a.At < b.At || a.At == b.At && a.Seq < b.Seq }

func cursorOf(s home.Sample) home.Cursor { return home.Cursor{At: s.At, Seq: s.Seq} }

// compare orders points by At, then Seq.
func compare(a, b home.Sample) int { return compareTo(a, cursorOf(b)) }

func compareTo(s home.Sample, c home.Cursor) int {
	return cmp.Or(cmp.Compare(s.At, c.At), cmp.Compare(s.Seq, c.Seq))
}

// merge merges two sorted lists; a, which it may use up, is often all before b.
func merge(a, b []home.Sample) []home.Sample {
	if len(b) == 0 {
		return a
	}
	if len(a) == 0 {
		return b
	}
	sorted := compare(a[len(a)-1], b[0]) < 0
	if a = append(a, b...); !sorted {
		slices.SortFunc(a, compare)
	}
	return a
}
