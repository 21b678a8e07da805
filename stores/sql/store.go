package sql

import (
	"context"
	dbsql "database/sql"
	"errors"
	"os"
	"sync"
	"time"

	"latchkey/home"
	"latchkey/stores/sql/folder"
	"latchkey/stores/sql/history"
	"latchkey/stores/sql/journal"
)

// Store is a home.Store in two SQLite files. It is a home.Checker and a
// home.Sizer too. Make one with Open.
type Store struct {
	cfg      Config
	instance string
	lock     *os.File
	notices  []string

	// writing is held by who uses w: Write, or the upkeep between writes. It is
	// taken before mu, never after.
	writing sync.Mutex
	w       *writer
	enc     *journal.Encoder
	spans   []journal.HouseSpan
	closed  bool
	full    bool // the last write failed for want of room

	read    *dbsql.DB
	history *history.History

	mu      sync.RWMutex // never held over I/O
	now     values
	index   journal.Index
	row     int64  // the last journal row
	next    int64  // the number of the next one
	total   uint64 // changes ever written
	flushed int64  // the row as of which the tables are
	behind  int    // rows since then
	unread  int64  // and the bytes of their bodies

	stop context.CancelFunc
	kick chan struct{} // a stretch is finished
	done sync.WaitGroup

	marking sync.Mutex // held by who writes the marker
	marked  uint64     // total in it
}

var (
	_ home.Store   = (*Store)(nil)
	_ home.Checker = (*Store)(nil)
	_ home.Sizer   = (*Store)(nil)
)

// Notices returns what the owner should know of the start: files that were set
// aside, one line each.
func (s *Store) Notices() []string { return s.notices }

// Close implements home.Store. Calling it again does nothing.
func (s *Store) Close() error {
	s.writing.Lock()
	if s.closed {
		s.writing.Unlock()
		return nil
	}
	s.closed = true
	s.writing.Unlock()
	s.stop()
	s.done.Wait()
	s.packUp()
	return s.release(true)
}

// packing is how long Close may take to pack the history.
const packing = 2 * time.Second

// packUp seals what waits, so that the next start has little to read again.
// What is not done in time comes back from the journal.
func (s *Store) packUp() {
	if s.cfg.ReadOnly {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), packing)
	defer cancel()
	if err := s.history.Seal(ctx, true); err != nil {
		s.cfg.Log.Warn("the history was not packed at the end; the next start takes longer", "error", err)
	}
}

// release writes what is pending, when asked to, and closes the files.
func (s *Store) release(clean bool) error {
	var errs []error
	if clean && !s.cfg.ReadOnly {
		errs = append(errs, s.flush(), s.mark())
	}
	if s.history != nil {
		errs = append(errs, s.history.Close())
	}
	if s.read != nil {
		errs = append(errs, s.read.Close())
	}
	if s.w != nil {
		errs = append(errs, s.w.close())
	}
	if s.lock != nil {
		errs = append(errs, folder.Unlock(s.lock))
	}
	return errors.Join(errs...)
}

// Size implements home.Sizer.
func (s *Store) Size() (bytes, points int64) {
	bytes, points = s.history.Size()
	for _, suffix := range [...]string{"", "-wal"} {
		bytes += folder.Size(s.cfg.path(coreFile + suffix))
	}
	return bytes, points
}

// Points implements home.HistoryStore.
func (s *Store) Points(ctx context.Context, q home.PointQuery, visit func(home.Sample) error) error {
	return s.history.Points(ctx, q, visit)
}

// Buckets implements home.HistoryStore.
func (s *Store) Buckets(ctx context.Context, q home.BucketQuery) ([]home.Bucket, error) {
	return s.history.Buckets(ctx, q)
}
