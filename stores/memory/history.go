package memory

import (
	"cmp"
	"context"
	"slices"

	"latchkey/home"
)

// putPoint keeps p in the history, as the current value and as the head, as
// far as p says so.
func (s *Store) putPoint(p home.Point) {
	s.heads[p.House] = max(s.heads[p.House], p.Seq)
	if p.Current {
		c := p
		c.Old = nil
		s.current[p.Feature] = c
	}
	if !p.History {
		return
	}
	list := s.features[p.Feature]
	if p.Replace {
		list = cut(list, home.Cursor{At: p.At}, home.Cursor{At: p.At, Seq: p.Seq})
	}
	at := search(list, home.Cursor{At: p.At, Seq: p.Seq})
	s.features[p.Feature] = slices.Insert(list, at, home.Sample{Seq: p.Seq, At: p.At, Value: p.Value})
}

func (s *Store) erase(e home.Erasure) {
	list := s.features[e.Feature]
	to := home.Cursor{At: e.To}
	if e.To == 0 {
		to.At = 1<<63 - 1
	}
	s.features[e.Feature] = cut(list, home.Cursor{At: e.From}, to)
	if e.Forget {
		delete(s.current, e.Feature)
	}
}

// cut returns list without the samples from a (inclusive) to b (exclusive).
func cut(list []home.Sample, a, b home.Cursor) []home.Sample {
	i, j := search(list, a), search(list, b)
	if i >= j {
		return list
	}
	return slices.Delete(list, i, j)
}

// search returns where the first sample at or behind c stands.
func search(list []home.Sample, c home.Cursor) int {
	i, _ := slices.BinarySearchFunc(list, c, func(s home.Sample, c home.Cursor) int {
		return cmp.Or(cmp.Compare(s.At, c.At), cmp.Compare(s.Seq, c.Seq))
	})
	return i
}

// Points implements home.HistoryStore.
func (s *Store) Points(ctx context.Context, q home.PointQuery, visit func(home.Sample) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, p := range s.samples(q) {
		if err := visit(p); err != nil {
			return err
		}
	}
	return nil
}

// samples returns a copy of what q chooses, in q's order.
func (s *Store) samples(q home.PointQuery) []home.Sample {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := s.features[q.Feature]
	i, j := search(list, home.Cursor{At: q.From}), len(list)
	if q.To != 0 {
		j = search(list, home.Cursor{At: q.To})
	}
	if q.After.Seq != 0 {
		if q.Newest {
			j = min(j, search(list, q.After))
		} else {
			i = max(i, search(list, home.Cursor{At: q.After.At, Seq: q.After.Seq + 1}))
		}
	}
	if i >= j {
		return nil
	}
	out := list[i:j]
	if q.Limit > 0 && len(out) > q.Limit {
		if q.Newest {
			out = out[len(out)-q.Limit:]
		} else {
			out = out[:q.Limit]
		}
	}
	out = slices.Clone(out)
	if q.Newest {
		slices.Reverse(out)
	}
	return out
}
