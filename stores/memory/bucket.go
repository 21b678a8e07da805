package memory

import (
	"context"

	"latchkey/home"
)

// Buckets implements home.HistoryStore.
func (s *Store) Buckets(ctx context.Context, q home.BucketQuery) ([]home.Bucket, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(q.Edges) < 2 {
		return nil, nil
	}
	last := q.Edges[len(q.Edges)-1]
	now := last
	if q.Now != 0 {
		now = min(now, q.Now)
	}
	before := s.samples(home.PointQuery{Feature: q.Feature, To: q.Edges[0], Newest: true, Limit: 1})
	if q.Edges[0] <= 0 {
		before = nil // nothing is older than the first millisecond
	}
	list := s.samples(home.PointQuery{Feature: q.Feature, From: q.Edges[0], To: last})
	out := make([]home.Bucket, len(q.Edges)-1)
	var held *home.Sample
	if len(before) > 0 {
		held = &before[0]
	}
	for i := range out {
		b := home.Bucket{From: q.Edges[i], To: q.Edges[i+1]}
		n := 0
		for n < len(list) && list[n].At < b.To {
			n++
		}
		fill(&b, list[:n])
		durations(&b, held, list[:n], min(now, b.To))
		if n > 0 {
			held = &list[n-1]
			list = list[n:]
		}
		out[i] = b
	}
	return out, nil
}

// fill sums the samples of b up.
func fill(b *home.Bucket, list []home.Sample) {
	if len(list) == 0 {
		return
	}
	b.Count, b.First, b.Last = int64(len(list)), list[0], list[len(list)-1]
	first := true
	for _, s := range list {
		if s.Value.IsText {
			continue
		}
		n := s.Value.Number
		if first {
			b.Min, b.Max, first = n, n, false
		}
		b.Min, b.Max, b.Sum = min(b.Min, n), max(b.Max, n), b.Sum+n
	}
}

// durations counts how long b had a value, and one that was not 0. A value
// holds until the next one, and none beyond end.
func durations(b *home.Bucket, held *home.Sample, list []home.Sample, end home.Time) {
	from := b.From
	count := func(to home.Time) {
		if held == nil || to <= from {
			return
		}
		b.Known += int64(to - from)
		if !held.Value.IsText && held.Value.Number != 0 {
			b.On += int64(to - from)
		}
	}
	for i := range list {
		count(min(list[i].At, end))
		held, from = &list[i], list[i].At
	}
	count(end)
}
