package history

import (
	"context"
	"math"

	"latchkey/home"
)

// state is what the file holds of a feature.
type state struct {
	mark
	next   int64       // number of the next chunk
	chunks int64       // points in chunks
	tail   int64       // points in the tail
	last   home.Cursor // end of the last chunk
}

// noChunk is before every point.
var noChunk = home.Cursor{At: math.MinInt64}

// series is what memory holds of a feature. History.mu guards it.
type series struct {
	state
	waiting
	since home.Time // when the first that waits came
	// filled is when what waits came to fill a chunk: what a seal leaves of it came later.
	filled home.Time
	due    bool // in History.due
}

// Add takes the points of one journal row in. Rows come in their order, those
// without points too, so that Floor moves; a row's Erase may come before or
// after. Points that are sealed already are passed over. It does no I/O.
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
		s := h.of(p.Feature)
		if !s.mark.before(row, p.Seq) {
			continue
		}
		s.put(row, p)
		wake = h.count(p.Feature, s, now) || wake
	}
	wake = wake || h.pending > h.cfg.MaxPending
	h.mu.Unlock()
	if wake {
		h.wake()
	}
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
	for _, e := range erasures {
		to := e.To
		if to == 0 {
			to = math.MaxInt64
		}
		s := h.of(e.Feature)
		if row <= s.erased {
			continue
		}
		s.push(op{tag: row<<kindBits | erase, at: e.From, seq: uint64(to)})
		if !h.count(e.Feature, s, now) && !s.due {
			h.makeDue(e.Feature, s, now)
		}
	}
	wake := len(h.due) > 0
	h.mu.Unlock()
	if wake {
		h.wake()
	}
	return nil
}

// count takes note of one more that waits, and reports whether the feature has
// just come to fill a chunk. The caller holds mu.
func (h *History) count(feature uint32, s *series, now home.Time) bool {
	if h.pending == 0 {
		h.low = s.ops[0].row()
	}
	h.pending++
	if len(s.ops) == 1 {
		s.since = now
	}
	if s.due || int(s.tail)+len(s.ops) < chunkPoints {
		return false
	}
	h.makeDue(feature, s, now)
	return true
}

// makeDue has the feature sealed soon. The caller holds mu.
func (h *History) makeDue(feature uint32, s *series, now home.Time) {
	s.due, s.filled = true, now
	h.due = append(h.due, feature)
}

// of returns the feature's series, made if need be. The caller holds mu.
func (h *History) of(feature uint32) *series {
	s := h.series[feature]
	if s == nil {
		s = &series{state: state{mark: noMark(), last: noChunk}}
		h.series[feature] = s
	}
	return s
}

// wake tells Serve that there is something to seal.
func (h *History) wake() {
	select {
	case h.nudge <- struct{}{}:
	default:
	}
}

// take returns what waits of the feature now.
func (h *History) take(feature uint32) waiting {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s := h.series[feature]; s != nil {
		return s.waiting
	}
	return waiting{}
}
