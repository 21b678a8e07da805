package memory

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"latchkey/home"
)

// recordKey is what makes a record one: an id is unique within its kind.
type recordKey struct {
	kind string
	id   home.ID
}

func (s *Store) putRecord(r home.Record) {
	k := recordKey{r.Kind, r.ID}
	if r.Doc == nil {
		delete(s.records, k)
		return
	}
	r.Doc = bytes.Clone(r.Doc)
	s.records[k] = r
}

// Records implements home.RecordStore.
func (s *Store) Records(ctx context.Context, q home.RecordQuery, visit func(home.Record) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, r := range s.chosen(q) {
		if err := visit(r); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) chosen(q home.RecordQuery) []home.Record {
	var out []home.Record
	s.mu.RLock()
	for _, r := range s.records {
		if matches(r, q) {
			out = append(out, r)
		}
	}
	s.mu.RUnlock()
	slices.SortFunc(out, func(a, b home.Record) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Kind, b.Kind))
	})
	if q.Newest {
		slices.Reverse(out)
	}
	if q.Limit > 0 && len(out) > q.Limit {
		out = out[:q.Limit]
	}
	return out
}

func matches(r home.Record, q home.RecordQuery) bool {
	return (q.Kind == "" || r.Kind == q.Kind) &&
		(q.House == "" || r.House == q.House) &&
		(q.Parent == "" || r.Parent == q.Parent) &&
		(q.ID == "" || r.ID == q.ID)
}
