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

// joinGap is how many bodies nobody needs are read along, rather than to ask
// again behind them.
const joinGap = 8

// Buckets implements home.HistoryStore. Chunks that lie in one bucket are not
// decoded: their heads have the sums. It returns Invalid when the edges do not
// ascend, or are more than 10,001.
func (h *History) Buckets(ctx context.Context, q home.BucketQuery) ([]home.Bucket, error) {
	if err := checkEdges(q.Edges); err != nil || len(q.Edges) < 2 {
		return nil, err
	}
	memory := h.take(q.Feature) // before the file: see page
	tx, err := h.read.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("read the history: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // it only reads
	s := sum{h: h, tx: tx, feature: q.Feature, adder: newAdder(q), to: q.Edges[len(q.Edges)-1]}
	if err := s.run(ctx, memory); err != nil {
		return nil, damaged(q.Feature, err)
	}
	return s.adder.finish(), nil
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

// sum is one run of Buckets.
type sum struct {
	h       *History
	tx      *sql.Tx
	feature uint32
	adder   *adder
	to      home.Time
	over    overlay
	recent  []home.Sample // not in chunks, sorted; what is summed up is cut off
	reader  chunk.Reader
}

func (s *sum) run(ctx context.Context, memory waiting) error {
	tail, err := s.tail(ctx, &memory)
	if err != nil {
		return err
	}
	s.over = resolve(memory)
	s.recent = merge(s.over.keep(tail), s.over.points)
	start := s.adder.from
	for i := range s.over.ranges { // the value to carry in may lie before what is erased
		start = min(start, s.over.ranges[i].From)
	}
	if n, _ := slices.BinarySearchFunc(s.recent, start, func(p home.Sample, t home.Time) int { return int(max(-1, min(1, p.At-t))) }); n > 1 {
		s.recent = s.recent[n-1:]
	}
	if n := slices.IndexFunc(s.recent, func(p home.Sample) bool { return p.At >= s.to }); n >= 0 {
		s.recent = s.recent[:n]
	}
	list, err := s.list(ctx, start)
	if err != nil {
		return err
	}
	if err := s.chunks(ctx, list); err != nil {
		return err
	}
	for i := range s.recent {
		one := single(s.recent[i])
		s.adder.put(&one)
	}
	return nil
}

// tail reads the points that do not fill a chunk, and takes from memory what is sealed.
func (s *sum) tail(ctx context.Context, memory *waiting) ([]home.Sample, error) {
	var m mark
	var seq int64
	var head, body []byte
	err := s.tx.StmtContext(ctx, s.h.sums.tail).QueryRowContext(ctx, s.feature).Scan(&m.row, &seq, &m.erased, &head, &body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the tail: %w", err)
	}
	m.seq = uint64(seq)
	*memory = memory.after(m)
	if len(head) == 0 {
		return nil, nil
	}
	if err := s.reader.Reset(head, body); err != nil {
		return nil, err
	}
	return s.reader.Append(make([]home.Sample, 0, s.reader.Head.Count+len(memory.ops)))
}

// list reads the heads of the chunks from the one before start on.
func (s *sum) list(ctx context.Context, start home.Time) ([]stored, error) {
	rows, err := s.tx.StmtContext(ctx, s.h.sums.spans).QueryContext(ctx, s.feature, int64(start), int64(s.to))
	if err != nil {
		return nil, fmt.Errorf("list the chunks: %w", err)
	}
	return scanSpans(rows)
}

// chunks sums the listed chunks up, with the recent points among them.
func (s *sum) chunks(ctx context.Context, list []stored) error {
	need := make([]bool, len(list))
	for i := range list {
		need[i] = s.mustDecode(&list[i].head)
	}
	for i := 0; i < len(list); {
		if !need[i] {
			s.before(cursorOf(list[i].head.First))
			w := whole(&list[i].head)
			s.adder.put(&w)
			i++
			continue
		}
		end, last := i+1, i
		for end < len(list) && end-last <= joinGap && list[end].num == list[end-1].num+1 {
			if need[end] {
				last = end
			}
			end++
		}
		if err := s.decode(ctx, list[i:last+1], need[i:last+1]); err != nil {
			return err
		}
		i = last + 1
	}
	return nil
}

// mustDecode reports whether a chunk's sums are not enough.
func (s *sum) mustDecode(h *chunk.Head) bool {
	if !h.Summed || !s.adder.fits(h.First.At, h.Last.At) || s.over.touches(h.First.At, h.Last.At) {
		return true
	}
	return len(s.recent) > 0 && s.recent[0].At <= h.Last.At && s.recent[len(s.recent)-1].At >= h.First.At
}

// before sums up the recent points before c.
func (s *sum) before(c home.Cursor) {
	for len(s.recent) > 0 && before(cursorOf(s.recent[0]), c) {
		one := single(s.recent[0])
		s.adder.put(&one)
		s.recent = s.recent[1:]
	}
}

// decode sums chunks up whose bodies lie one behind the other.
func (s *sum) decode(ctx context.Context, list []stored, need []bool) error {
	rows, err := s.tx.StmtContext(ctx, s.h.sums.bodies).QueryContext(ctx,
		chunkID(s.feature, list[0].num), chunkID(s.feature, list[len(list)-1].num))
	if err != nil {
		return fmt.Errorf("read chunks: %w", err)
	}
	defer rows.Close()
	for i := range list {
		if !rows.Next() {
			return errors.Join(rows.Err(), chunk.ErrDamaged)
		}
		if !need[i] {
			s.before(cursorOf(list[i].head.First))
			w := whole(&list[i].head)
			s.adder.put(&w)
			continue
		}
		var body sql.RawBytes
		if err := rows.Scan(&body); err != nil {
			return err
		}
		if err := s.reader.Reset(list[i].raw, body); err != nil {
			return err
		}
		s.points()
		if err := s.reader.Err(); err != nil {
			return err
		}
	}
	return rows.Err()
}

// points sums up the chunk in the reader.
func (s *sum) points() {
	r := &s.reader
	if h := &r.Head; !s.over.touches(h.First.At, h.Last.At) && (len(s.recent) == 0 || before(cursorOf(h.Last), cursorOf(s.recent[0]))) {
		for r.Next() {
			s.adder.block(r, 0, r.Len())
		}
		return
	}
	for r.Next() {
		for i := range r.Len() {
			if s.over.hides(r.At(i)) {
				continue
			}
			s.before(home.Cursor{At: r.At(i), Seq: r.Seq(i)})
			s.adder.block(r, i, i+1)
		}
	}
}
