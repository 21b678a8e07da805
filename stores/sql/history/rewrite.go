package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"latchkey/home"
	"latchkey/stores/sql/history/chunk"
)

// seal writes one feature's ops, and brings j.state to what is then on disk.
func (w *writer) seal(ctx context.Context, j *job) error {
	over := resolve(j.waiting)
	tail, err := w.tail(ctx, j)
	if err != nil {
		return err
	}
	tail = over.keep(tail)
	split, _ := slices.BinarySearchFunc(over.points, j.state.last, func(s home.Sample, c home.Cursor) int {
		if before(c, cursorOf(s)) {
			return 1
		}
		return -1
	})
	late, fresh := over.points[:split], over.points[split:]
	if j.state.chunks > 0 && (len(late) > 0 || over.touches(noChunk.At, j.state.last.At)) {
		if err := w.rewrite(ctx, j, &over, late); err != nil {
			return err
		}
	}
	fresh = merge(tail, fresh)
	for len(fresh) >= chunkPoints {
		num := j.state.next
		j.state.next++
		if err := w.chunk(ctx, j, num, fresh[:chunkPoints]); err != nil {
			return err
		}
		j.state.last = cursorOf(fresh[chunkPoints-1])
		fresh = fresh[chunkPoints:]
	}
	return w.finish(ctx, j, fresh)
}

// tail reads the points that do not yet fill a chunk.
func (w *writer) tail(ctx context.Context, j *job) ([]home.Sample, error) {
	if j.state.tail == 0 {
		return nil, nil
	}
	var head, body []byte
	if err := w.getTail.QueryRowContext(ctx, j.feature).Scan(&head, &body); err != nil {
		return nil, fmt.Errorf("read the tail: %w", err)
	}
	if err := w.dec.Reset(head, body); err != nil {
		return nil, err
	}
	return w.dec.Append(make([]home.Sample, 0, w.dec.Head.Count+len(j.ops)))
}

// finish writes the feature's row with its tail.
func (w *writer) finish(ctx context.Context, j *job, tail []home.Sample) error {
	var head, body []byte
	if len(tail) > 0 {
		var err error
		if head, body, err = w.enc.Encode(tail); err != nil {
			return err
		}
	}
	s := &j.state
	s.tail = int64(len(tail))
	s.mark = j.advance(s.mark)
	return w.do(ctx, "seal.series", w.putSeries, j.feature, s.row, int64(s.seq), s.erased, s.next,
		s.chunks, int64(s.last.At), int64(s.last.Seq), s.tail, head, body)
}

// chunk writes a new chunk.
func (w *writer) chunk(ctx context.Context, j *job, num int64, points []home.Sample) error {
	if num >= maxChunks {
		return fmt.Errorf("feature %d has used up its %d chunks", j.feature, int64(maxChunks))
	}
	head, body, err := w.enc.Encode(points)
	if err != nil {
		return err
	}
	if err := w.do(ctx, "seal.chunk", w.putChunk, chunkID(j.feature, num), body); err != nil {
		return err
	}
	j.state.chunks += int64(len(points))
	return w.do(ctx, "seal.span", w.putSpan, j.feature, int64(points[0].At), int64(points[0].Seq), num, head)
}

// stored is a chunk as span lists it.
type stored struct {
	num  int64
	head chunk.Head
	raw  []byte
}

// rewrite puts late points into the chunks where they belong, and takes hidden
// ones out.
func (w *writer) rewrite(ctx context.Context, j *job, over *overlay, late []home.Sample) error {
	spans, err := w.spans(ctx, j, over, late)
	if err != nil {
		return err
	}
	if len(spans) == 0 && len(late) > 0 {
		return fmt.Errorf("%w: its chunks are not listed", chunk.ErrDamaged)
	}
	for i, s := range spans {
		n := len(late)
		if i+1 < len(spans) {
			next := cursorOf(spans[i+1].head.First)
			n = slices.IndexFunc(late, func(p home.Sample) bool { return !before(cursorOf(p), next) })
			if n < 0 {
				n = len(late)
			}
		}
		mine := late[:n]
		late = late[n:]
		if len(mine) == 0 && !over.touches(s.head.First.At, s.head.Last.At) {
			continue
		}
		if err := w.replace(ctx, j, over, s, mine); err != nil {
			return err
		}
	}
	return w.lastChunk(ctx, j)
}

// spans lists the chunks that the late points and the hidden ones may lie in.
func (w *writer) spans(ctx context.Context, j *job, over *overlay, late []home.Sample) ([]stored, error) {
	low, high := j.state.last.At, noChunk.At
	reach := func(from, to home.Time) { low, high = min(low, from), max(high, to) }
	for i := range over.ranges {
		reach(over.ranges[i].From, over.ranges[i].To)
	}
	if n := len(over.taken); n > 0 {
		reach(over.taken[0], over.taken[n-1])
	}
	if n := len(late); n > 0 {
		reach(late[0].At, late[n-1].At)
	}
	rows, err := w.getSpans.QueryContext(ctx, j.feature, int64(low), int64(high))
	if err != nil {
		return nil, fmt.Errorf("list the chunks: %w", err)
	}
	return scanSpans(rows)
}

// scanSpans reads rows of number and head.
func scanSpans(rows *sql.Rows) ([]stored, error) {
	defer rows.Close()
	var out []stored
	for rows.Next() {
		var s stored
		err := rows.Scan(&s.num, &s.raw)
		if err == nil {
			s.head, err = chunk.ParseHead(s.raw)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// replace writes one chunk anew, as several if it has grown, as none if nothing
// is left.
func (w *writer) replace(ctx context.Context, j *job, over *overlay, s stored, late []home.Sample) error {
	points, err := w.rest(ctx, j, over, s)
	if err != nil {
		return err
	}
	points = merge(points, late)
	if err := w.do(ctx, "seal.drop", w.dropSpan, j.feature, int64(s.head.First.At), int64(s.head.First.Seq)); err != nil {
		return err
	}
	j.state.chunks -= int64(s.head.Count)
	if len(points) == 0 {
		return w.do(ctx, "seal.drop", w.dropChunk, chunkID(j.feature, s.num))
	}
	num := s.num
	for parts := (len(points) + chunkPoints - 1) / chunkPoints; parts > 0; parts-- {
		n := (len(points) + parts - 1) / parts
		if err := w.chunk(ctx, j, num, points[:n]); err != nil {
			return err
		}
		points = points[n:]
		if parts > 1 {
			num = j.state.next
			j.state.next++
		}
	}
	return nil
}

// rest returns the points of a chunk that are not hidden.
func (w *writer) rest(ctx context.Context, j *job, over *overlay, s stored) ([]home.Sample, error) {
	for _, r := range over.ranges {
		if r.From <= s.head.First.At && s.head.Last.At < r.To {
			return nil, nil
		}
	}
	var body []byte
	if err := w.getBody.QueryRowContext(ctx, chunkID(j.feature, s.num)).Scan(&body); err != nil {
		return nil, fmt.Errorf("read a chunk: %w", err)
	}
	if err := w.dec.Reset(s.raw, body); err != nil {
		return nil, err
	}
	points, err := w.dec.Append(w.samples[:0])
	w.samples = points[:0]
	return over.keep(points), err
}

// lastChunk looks up where the feature's chunks end now.
func (w *writer) lastChunk(ctx context.Context, j *job) error {
	var raw []byte
	err := w.getLast.QueryRowContext(ctx, j.feature).Scan(&raw)
	if errors.Is(err, sql.ErrNoRows) {
		j.state.last = noChunk
		return nil
	}
	if err != nil {
		return fmt.Errorf("look up the last chunk: %w", err)
	}
	h, err := chunk.ParseHead(raw)
	j.state.last = cursorOf(h.Last)
	return err
}
