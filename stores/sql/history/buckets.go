package history

import (
	"context"
	"database/sql"
	"math"

	"latchkey/home"
)

type sumStatements struct{ all *sql.Stmt }

// Buckets implements home.HistoryStore.
func (h *History) Buckets(ctx context.Context, q home.BucketQuery) ([]home.Bucket, error) {
	if err := checkEdges(q.Edges); err != nil || len(q.Edges) < 2 {
		return nil, err
	}
	a := newAdder(q)
	from, to := q.Edges[0], q.Edges[len(q.Edges)-1]
	take := func(s home.Sample) error { a.add(s); return nil }
	if err := h.visit(ctx, window{feature: q.Feature, from: math.MinInt64, to: from, newest: true}, 1, take); err != nil {
		return nil, damaged(q.Feature, err)
	}
	if err := h.visit(ctx, window{feature: q.Feature, from: from, to: to}, 0, take); err != nil {
		return nil, damaged(q.Feature, err)
	}
	return a.finish(), nil
}

// checkEdges returns Invalid unless edges ascend and are not too many.
func checkEdges(edges []home.Time) error {
	if len(edges) > 10_001 {
		return home.Errorf(home.Invalid, "%d spans are more than the 10,000 accepted; choose wider ones", len(edges)-1)
	}
	for i := 1; i < len(edges); i++ {
		if edges[i] < edges[i-1] {
			return home.Errorf(home.Invalid, "span %d ends before it begins", i-1)
		}
	}
	return nil
}

// adder sums points up, which come in order.
type adder struct {
	q       home.BucketQuery
	buckets []home.Bucket
	i       int // of the bucket that the last point was in
	last    home.Sample
	known   bool // last is set
}

func newAdder(q home.BucketQuery) *adder {
	a := &adder{q: q, buckets: make([]home.Bucket, len(q.Edges)-1)}
	if a.q.Now == 0 {
		a.q.Now = q.Edges[len(q.Edges)-1]
	}
	for i := range a.buckets {
		a.buckets[i].From, a.buckets[i].To = q.Edges[i], q.Edges[i+1]
	}
	return a
}

// add takes the next point in; one before the first edge is only carried in.
func (a *adder) add(s home.Sample) {
	a.hold(s.At)
	a.last, a.known = s, true
	if s.At < a.q.Edges[0] {
		return
	}
	for a.i < len(a.buckets) && s.At >= a.buckets[a.i].To {
		a.i++
	}
	if a.i == len(a.buckets) {
		return
	}
	b := &a.buckets[a.i]
	if b.Count == 0 {
		b.First = s
	}
	if b.Count++; !s.Value.IsText {
		v := s.Value.Number
		b.Sum += v
		if b.Count == 1 {
			b.Min, b.Max = v, v
		}
		b.Min, b.Max = min(b.Min, v), max(b.Max, v)
	}
	b.Last = s
}

// hold lets the last value stand until to.
func (a *adder) hold(to home.Time) {
	to = min(to, a.q.Now)
	if !a.known || to <= a.last.At {
		return
	}
	on := a.last.Value.Number != 0 && !a.last.Value.IsText
	for i := a.i; i < len(a.buckets); i++ {
		b := &a.buckets[i]
		if b.From >= to {
			break
		}
		span := int64(min(to, b.To) - max(a.last.At, b.From))
		if span <= 0 {
			continue
		}
		b.Known += span
		if on {
			b.On += span
		}
	}
}

// finish lets the last value stand to the end.
func (a *adder) finish() []home.Bucket {
	a.hold(math.MaxInt64)
	return a.buckets
}
