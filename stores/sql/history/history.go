// Package history keeps the points of features in one SQLite file, packed into
// chunks of about 500 points of one feature.
//
// New points come from the journal of the record store, row by row, and wait in
// memory. In the background they are sealed: many features' points in one
// transaction. A journal row may be dropped once Floor has passed it; until
// then a restart brings its points again. So the file may lag but never lose.
package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync"

	"latchkey/home"
	"latchkey/stores/sql/history/chunk"
)

// History is an open history. It is a home.HistoryStore, home.Checker and
// home.Sizer.
type History struct {
	cfg   Config
	read  *sql.DB
	write *sql.DB
	pages [2]*sql.Stmt // oldest first, newest first
	sums  struct{ tail, spans, bodies *sql.Stmt }
	w     *writer

	// turn is held by who seals: it owns w.
	turn   chan struct{}
	nudge  chan struct{}
	closed context.Context
	close  context.CancelFunc
	ended  func() error
	served sync.WaitGroup

	buffers sync.Pool // of *buffer

	mu      sync.Mutex // never held over I/O
	series  map[uint32]*series
	due     []uint32 // features that have a chunk's worth waiting
	pending int      // points and erasures in memory
	row     int64    // the journal row last begun
	low     int64    // with pending: Floor
	points  int64    // sealed
}

// errClosed is what a closed history answers.
var errClosed = errors.New("the history is closed")

// Floor returns the number below which every journal row is wholly sealed and
// synced. It lags at least one row behind the last one added.
func (h *History) Floor() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.pending == 0 {
		return h.row
	}
	return h.low
}

// floor is Floor as if each feature in cut had that many fewer waiting. The
// caller holds mu.
func (h *History) floor(cut map[uint32]int) int64 {
	low := h.row
	for num, s := range h.series {
		if n := cut[num]; n < len(s.ops) {
			low = min(low, s.ops[n].row())
		}
	}
	return low
}

// Pending returns how many points and erasures wait in memory.
func (h *History) Pending() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.pending
}

// Size returns the bytes on disk and the points kept, those in memory included.
func (h *History) Size() (bytes, points int64) {
	for _, suffix := range [...]string{"", "-wal"} {
		if st, err := os.Stat(h.cfg.Path + suffix); err == nil {
			bytes += st.Size()
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return bytes, h.points + int64(h.pending)
}

// Close waits for what is under way and gives the file free. What is not yet
// sealed comes back from the journal.
func (h *History) Close() error { return h.ended() }

func (h *History) end() error {
	h.mu.Lock()
	h.close() // under mu, so that no Serve begins behind Wait
	h.mu.Unlock()
	h.served.Wait()
	h.turn <- struct{}{}
	defer func() { <-h.turn }()
	return errors.Join(h.w.close(), h.read.Close(), h.write.Close())
}

// hold takes the turn to write.
func (h *History) hold(ctx context.Context) error {
	if h.closed.Err() != nil {
		return errClosed
	}
	select {
	case h.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	case <-h.closed.Done():
		return errClosed
	}
	if h.closed.Err() != nil {
		<-h.turn
		return errClosed
	}
	return nil
}

// damaged tells which feature's chunk could not be read.
func damaged(feature uint32, err error) error {
	if errors.Is(err, chunk.ErrDamaged) || errors.Is(err, chunk.ErrNewer) {
		return fmt.Errorf("history of feature %d: %w", feature, err)
	}
	return err
}

var (
	_ home.HistoryStore = (*History)(nil)
	_ home.Checker      = (*History)(nil)
	_ home.Sizer        = (*History)(nil)
)
