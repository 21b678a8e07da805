package history

import (
	"context"
	"math"
	"sort"

	"latchkey/home"
)

// The kinds of op.
const (
	add     = iota
	replace // add, in the place of what is at the same At
	erase   // take [at, seq) away
)

// op is one thing that the journal did to a feature's history.
type op struct {
	row  int64
	seq  uint64 // of erase: To
	at   home.Time
	num  float64
	text *string
	kind uint8
}

func (o *op) sample() home.Sample {
	s := home.Sample{Seq: o.seq, At: o.at, Value: home.Num(o.num)}
	if o.text != nil {
		s.Value = home.Txt(*o.text)
	}
	return s
}

// state is what the file holds of a feature.
type state struct {
	row    int64 // mark: the journal row and order number last sealed
	seq    uint64
	erased int64       // the journal row of the erasure last sealed
	next   int64       // number of the next chunk
	chunks int64       // points in chunks
	tail   int64       // points in the tail
	last   home.Cursor // end of the last chunk
}

// noChunk is before every point.
var noChunk = home.Cursor{At: math.MinInt64}

// has reports whether o is sealed already.
func (s *state) has(o *op) bool {
	if o.kind == erase {
		return o.row <= s.erased
	}
	return o.row < s.row || o.row == s.row && o.seq <= s.seq
}

// unsealed returns ops without those at their beginning that s has.
func (s *state) unsealed(ops []op) []op {
	return ops[sort.Search(len(ops), func(i int) bool { return !s.has(&ops[i]) }):]
}

// series is what memory holds of a feature. History.mu guards it; of ops only
// the slice: what is in it never changes, so that readers and the sealer keep
// working on the one they took.
type series struct {
	state
	ops   []op
	since home.Time // when the first of ops came
	// filled is when ops came to fill a chunk: what a seal leaves of them came later.
	filled home.Time
	due    bool // in History.due
}

// Add takes the points of one journal row in. Rows come in their order, each in
// one call, those without points too, so that Floor moves; a row's Erase may
// come before or after. Points that are sealed already are passed over. It does
// no I/O.
func (h *History) Add(row int64, points []home.Point) {
	now := h.cfg.Clock.Now()
	h.mu.Lock()
	h.row = max(h.row, row)
	wake := false
	for i := range points {
		p := &points[i]
		if !p.History {
			continue
		}
		o := op{row: row, seq: p.Seq, at: p.At, num: p.Value.Number}
		if p.Value.IsText {
			text := p.Value.Text // not &p.Value.Text, which would keep the whole row
			o.text, o.num = &text, 0
		}
		if p.Replace {
			o.kind = replace
		}
		wake = h.put(p.Feature, o, now) || wake
	}
	wake = wake || h.pending > h.cfg.MaxPending
	h.mu.Unlock()
	if wake {
		h.wake()
	}
}

// put appends o to its feature's ops, unless it is sealed, and reports whether
// a chunk is full. The caller holds mu.
func (h *History) put(feature uint32, o op, now home.Time) bool {
	s := h.of(feature)
	if s.has(&o) {
		return false
	}
	if len(s.ops) == 0 {
		s.since = now
	}
	s.ops = append(s.ops, o)
	h.pending++
	if s.due || int(s.tail)+len(s.ops) < chunkPoints && o.kind != erase {
		return false
	}
	s.due, s.filled = true, now
	h.due = append(h.due, feature)
	return true
}

// of returns the feature's series, made if need be. The caller holds mu.
func (h *History) of(feature uint32) *series {
	s := h.series[feature]
	if s == nil {
		s = &series{state: state{row: math.MinInt64, erased: math.MinInt64, last: noChunk}}
		h.series[feature] = s
	}
	return s
}

// Erase takes the erasures of one journal row in. From now on no reader sees
// what they cover; the file follows in the background. An erasure that the file
// has already is passed over, so that points added after it stay when the
// journal is replayed. The only error is that the history is closed.
func (h *History) Erase(_ context.Context, row int64, erasures []home.Erasure) error {
	if h.closed.Err() != nil {
		return errClosed
	}
	now := h.cfg.Clock.Now()
	h.mu.Lock()
	h.row = max(h.row, row)
	wake := false
	for _, e := range erasures {
		to := e.To
		if to == 0 {
			to = math.MaxInt64
		}
		wake = h.put(e.Feature, op{row: row, at: e.From, seq: uint64(to), kind: erase}, now) || wake
	}
	h.mu.Unlock()
	if wake {
		h.wake()
	}
	return nil
}

// wake tells Serve that there is something to seal.
func (h *History) wake() {
	select {
	case h.nudge <- struct{}{}:
	default:
	}
}

// take returns the feature's ops as they are now.
func (h *History) take(feature uint32) []op {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s := h.series[feature]; s != nil {
		return s.ops
	}
	return nil
}
