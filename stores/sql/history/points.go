package history

import (
	"context"
	"fmt"
	"math"
	"slices"

	"latchkey/home"
	"latchkey/stores/sql/history/chunk"
)

// mostChunks is how many chunks one page reads at most, unless all of them
// share a millisecond.
const mostChunks = 32

// window is the part of a feature's history that is still to be visited.
type window struct {
	feature  uint32
	from, to home.Time // to is not included
	after    home.Cursor
	begun    bool // after is set
	newest   bool
}

func (w *window) holds(s home.Sample) bool {
	if s.At < w.from || s.At >= w.to {
		return false
	}
	if !w.begun {
		return true
	}
	if w.newest {
		return before(cursorOf(s), w.after)
	}
	return before(w.after, cursorOf(s))
}

// moveTo leaves what is behind c.
func (w *window) moveTo(c home.Cursor) {
	w.after, w.begun = c, true
	if w.newest {
		w.to = min(w.to, max(c.At, c.At+1))
	} else {
		w.from = max(w.from, c.At)
	}
}

// Points implements home.HistoryStore. It reads a page at a time, so no
// connection and no lock is held while visit runs; what is added behind the
// place where the visit stands is not seen any more.
func (h *History) Points(ctx context.Context, q home.PointQuery, visit func(home.Sample) error) error {
	w := window{feature: q.Feature, from: q.From, to: q.To, newest: q.Newest}
	if w.to == 0 {
		w.to = math.MaxInt64
	}
	if q.After.Seq != 0 {
		w.moveTo(q.After)
	}
	return damaged(q.Feature, h.visit(ctx, w, q.Limit, visit))
}

// visit is Points over a window.
func (h *History) visit(ctx context.Context, w window, limit int, visit func(home.Sample) error) error {
	left := limit
	for chunks := firstPage(limit); ; chunks = min(2*chunks, mostChunks) {
		page, err := h.page(ctx, &w, chunks)
		if err != nil {
			return err
		}
		for _, s := range page.points {
			if err := visit(s); err != nil {
				return err
			}
			if left--; left == 0 {
				return nil
			}
		}
		if !page.more {
			return nil
		}
		if w.begun && page.end == w.after {
			return fmt.Errorf("more than %d chunks at %v", chunks, page.end.At)
		}
		w.moveTo(page.end)
	}
}

func firstPage(limit int) int {
	if limit == 0 {
		return 8
	}
	return min(limit/chunkPoints+2, mostChunks)
}

// page is some points in the order asked for.
type page struct {
	points []home.Sample
	more   bool
	end    home.Cursor // with more: how far the page reaches
}

// page reads from the file and from memory. Memory is looked at first: what is
// sealed in between is recognised by the marks that the file's snapshot holds.
func (h *History) page(ctx context.Context, w *window, chunks int) (page, error) {
	ops := h.take(w.feature)
	snap, err := h.snapshot(ctx, w, chunks)
	if err != nil {
		return page{}, err
	}
	over := resolve(snap.state.unsealed(ops))
	var p page
	p.points = over.keep(snap.points)
	recent := merge(over.keep(snap.tail), over.points)
	if p.more = snap.chunks == chunks; p.more {
		p.end = snap.end
		recent = slices.DeleteFunc(recent, func(s home.Sample) bool {
			if w.newest {
				return before(cursorOf(s), p.end)
			}
			return before(p.end, cursorOf(s))
		})
	}
	p.points = merge(p.points, recent)
	p.points = slices.DeleteFunc(p.points, func(s home.Sample) bool { return !w.holds(s) })
	if w.newest {
		slices.Reverse(p.points)
	}
	return p, nil
}

// snapshot is what the file holds of a window.
type snapshot struct {
	state  state         // the marks only
	points []home.Sample // of chunks, sorted
	tail   []home.Sample
	chunks int
	end    home.Cursor
}

func (h *History) snapshot(ctx context.Context, w *window, chunks int) (snap snapshot, err error) {
	snap.state = state{row: math.MinInt64, erased: math.MinInt64}
	order := 0
	if w.newest {
		order = 1
	}
	rows, err := h.pages[order].QueryContext(ctx, w.feature, int64(w.from), int64(w.to), chunks)
	if err != nil {
		return snap, fmt.Errorf("read the history: %w", err)
	}
	defer rows.Close()
	var r chunk.Reader
	for rows.Next() {
		var kind, a, b, c int64
		var head, body []byte
		if err := rows.Scan(&kind, &a, &b, &c, &head, &body); err != nil {
			return snap, err
		}
		if kind == 0 {
			snap.state.row, snap.state.seq, snap.state.erased = a, uint64(b), c
		}
		if len(head) == 0 {
			continue
		}
		if err := r.Reset(head, body); err != nil {
			return snap, err
		}
		if kind == 0 {
			snap.tail, err = r.Append(nil)
		} else {
			snap.chunks++
			snap.points, err = snap.add(&r, w)
		}
		if err != nil {
			return snap, err
		}
	}
	return snap, rows.Err()
}

// add puts a chunk's points to the others, in ascending order.
func (snap *snapshot) add(r *chunk.Reader, w *window) ([]home.Sample, error) {
	h := r.Head
	if snap.end = cursorOf(h.Last); w.newest {
		snap.end = cursorOf(h.First)
	}
	if h.Last.At < w.from {
		return snap.points, nil
	}
	if !w.newest {
		return r.Append(snap.points)
	}
	points, err := r.Append(make([]home.Sample, 0, h.Count+len(snap.points)))
	return append(points, snap.points...), err
}
