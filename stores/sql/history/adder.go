package history

import (
	"math"

	"latchkey/home"
	"latchkey/stores/sql/history/chunk"
)

// run is some consecutive points of one bucket, summed up.
type run struct {
	first, last home.Sample
	count       int64
	numbers     bool // what follows is set
	min, max    float64
	sum         float64
	on          int64 // between first and last
}

func single(s home.Sample) run {
	v := s.Value.Number
	return run{first: s, last: s, count: 1, numbers: !s.Value.IsText, min: v, max: v, sum: v}
}

func whole(h *chunk.Head) run {
	return run{first: h.First, last: h.Last, count: int64(h.Count), numbers: true, min: h.Min, max: h.Max, sum: h.Sum, on: h.On}
}

// adder sums runs up into buckets. They come in order.
type adder struct {
	from    home.Time
	now     home.Time
	buckets []home.Bucket
	i       int  // of the bucket that the last point was in
	numbers bool // that bucket has numbers
	last    home.Sample
	known   bool // last is set
}

func newAdder(q home.BucketQuery) *adder {
	a := &adder{from: q.Edges[0], now: q.Now, buckets: make([]home.Bucket, len(q.Edges)-1)}
	if a.now == 0 {
		a.now = q.Edges[len(q.Edges)-1]
	}
	for i := range a.buckets {
		a.buckets[i].From, a.buckets[i].To = q.Edges[i], q.Edges[i+1]
	}
	return a
}

// fits reports whether points between first and last can be one run.
func (a *adder) fits(first, last home.Time) bool {
	if last < a.from {
		return true
	}
	i := a.place(first)
	return first >= a.from && i < len(a.buckets) && last < a.buckets[i].To && last <= a.now
}

// place returns the bucket of at, which is not before the last point.
func (a *adder) place(at home.Time) int {
	i := a.i
	for i < len(a.buckets) && at >= a.buckets[i].To {
		i++
	}
	return i
}

// put takes the next run in; one before the first edge is only carried in.
func (a *adder) put(r *run) {
	a.hold(r.first.At)
	a.last, a.known = r.last, true
	if r.first.At < a.from {
		return
	}
	if i := a.place(r.first.At); i != a.i {
		a.i, a.numbers = i, false
	}
	if a.i == len(a.buckets) {
		return
	}
	b := &a.buckets[a.i]
	if b.Count == 0 {
		b.First = r.first
	}
	b.Count += r.count
	b.Last = r.last
	b.Known += int64(r.last.At - r.first.At)
	if !r.numbers {
		return
	}
	if !a.numbers {
		b.Min, b.Max, a.numbers = r.min, r.max, true
	}
	b.Min, b.Max = min(b.Min, r.min), max(b.Max, r.max)
	b.Sum += r.sum
	b.On += r.on
}

// hold lets the last value stand until to.
func (a *adder) hold(to home.Time) {
	to = min(to, a.now)
	if !a.known || to <= a.last.At {
		return
	}
	on := a.last.Value.Number != 0 && !a.last.Value.IsText
	for i := a.i; i < len(a.buckets) && a.buckets[i].From < to; i++ {
		b := &a.buckets[i]
		span := max(0, int64(min(to, b.To)-max(a.last.At, b.From)))
		b.Known += span
		if on {
			b.On += span
		}
	}
}

// block takes the points from i to j of a decoded block in.
func (a *adder) block(r *chunk.Reader, i, j int) {
	if !r.Head.Summed {
		for ; i < j; i++ {
			one := single(r.Sample(i))
			a.put(&one)
		}
		return
	}
	for i < j {
		at := r.At(i)
		end := a.from
		if at >= a.from {
			b := a.place(at)
			if b == len(a.buckets) {
				return
			}
			end = min(a.buckets[b].To, a.now+1)
		}
		one := single(r.Sample(i))
		v, sum, on := one.sum, one.sum, int64(0)
		for i++; i < j; i++ {
			t := r.At(i)
			if t >= end {
				break
			}
			if v != 0 {
				on += int64(t - at)
			}
			at, v = t, r.Number(i)
			sum += v
			if v < one.min {
				one.min = v
			}
			if v > one.max {
				one.max = v
			}
			one.count++
		}
		one.sum, one.on, one.last = sum, on, r.Sample(i-1)
		a.put(&one)
	}
}

// finish lets the last value stand to the end.
func (a *adder) finish() []home.Bucket {
	a.hold(math.MaxInt64)
	return a.buckets
}
