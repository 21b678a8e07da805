package history

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"latchkey/home"
	"latchkey/stores/sql/history/chunk"
)

// Pages grow from fewChunks to mostChunks, beyond that only where more chunks
// share one millisecond.
const (
	fewChunks  = 8
	mostChunks = 32
)

// buffer is what a page is read into; it serves one query after another.
type buffer struct {
	reader chunk.Reader
	points []home.Sample
}

// Points implements home.HistoryStore. It reads a page at a time, so no
// connection and no lock is held while visit runs; what is added behind the
// place where the visit stands is not seen any more.
func (h *History) Points(ctx context.Context, q home.PointQuery, visit func(home.Sample) error) error {
	buf := h.buffer()
	defer h.buffers.Put(buf)
	w := windowOf(q)
	chunks := fewChunks
	if q.Limit > 0 {
		chunks = min(q.Limit/chunkPoints+2, mostChunks)
	}
	for left := q.Limit; ; {
		page, err := h.page(ctx, &w, chunks, buf)
		if err != nil {
			return damaged(q.Feature, err)
		}
		for i := range page.points {
			if err := visit(page.points[i]); err != nil {
				return err
			}
			if left--; left == 0 {
				return nil
			}
		}
		if !page.more {
			return nil
		}
		if moved := w.pass(page.end); moved {
			chunks = min(2*chunks, mostChunks)
		} else {
			chunks *= 2
		}
	}
}

func (h *History) buffer() *buffer {
	if b, ok := h.buffers.Get().(*buffer); ok {
		return b
	}
	return new(buffer)
}

// page is some points in the order asked for.
type page struct {
	points []home.Sample
	more   bool
	end    home.Cursor // with more: how far the page reaches
}

// page reads from the file and from memory. Memory is looked at first: what is
// sealed in between is recognised by the marks that the file's snapshot holds.
func (h *History) page(ctx context.Context, w *window, chunks int, buf *buffer) (page, error) {
	memory := h.take(w.feature)
	snap, err := h.snapshot(ctx, w, chunks, buf)
	if err != nil {
		return page{}, err
	}
	over := resolve(memory.after(snap.mark))
	p := page{more: snap.chunks == chunks, end: snap.end}
	reach := *w
	if p.more {
		reach = reach.upTo(p.end)
	}
	p.points = reach.trim(over.keep(buf.points))
	recent := merge(over.keep(snap.tail), over.points)
	p.points = merge(p.points, reach.trim(recent))
	if w.newest {
		slices.Reverse(p.points)
	}
	return p, nil
}

// snapshot is what the file holds of a window, but for the chunks' points.
type snapshot struct {
	mark   mark
	tail   []home.Sample
	chunks int
	end    home.Cursor // of the last chunk read
}

// snapshot reads a window; the chunks' points go to buf, sorted.
func (h *History) snapshot(ctx context.Context, w *window, chunks int, buf *buffer) (snap snapshot, err error) {
	snap.mark = noMark()
	buf.points = buf.points[:0]
	stmt := h.pages[0]
	if w.newest {
		stmt = h.pages[1]
	}
	from, to := w.times()
	rows, err := stmt.QueryContext(ctx, w.feature, int64(from), int64(to), chunks)
	if err != nil {
		return snap, fmt.Errorf("read the history: %w", err)
	}
	defer rows.Close()
	var head, body sql.RawBytes
	for rows.Next() {
		var kind, a, b, c int64
		if err := rows.Scan(&kind, &a, &b, &c, &head, &body); err != nil {
			return snap, err
		}
		if kind == 0 {
			snap.mark = mark{row: a, seq: uint64(b), erased: c}
		}
		if len(head) == 0 {
			continue
		}
		if err := buf.reader.Reset(head, body); err != nil {
			return snap, err
		}
		if kind == 0 {
			snap.tail, err = buf.reader.Append(nil)
		} else {
			err = snap.add(w, buf)
		}
		if err != nil {
			return snap, err
		}
	}
	if w.newest { // so far newest first
		slices.Reverse(buf.points)
	}
	return snap, rows.Err()
}

// add puts the chunk in the reader behind the others, in the order of the visit.
func (snap *snapshot) add(w *window, buf *buffer) (err error) {
	h := &buf.reader.Head
	snap.chunks++
	if snap.end = cursorOf(h.Last); w.newest {
		snap.end = cursorOf(h.First)
	}
	if before(cursorOf(h.Last), w.low) {
		return nil
	}
	had := len(buf.points)
	if buf.points, err = buf.reader.Append(buf.points); w.newest {
		slices.Reverse(buf.points[had:])
	}
	return err
}
