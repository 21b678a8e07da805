package sql

import (
	"context"
	"time"

	"latchkey/stores/sql/folder"
)

// upkeep does what can wait: the marker, the tables, the journal's old rows and
// the ballast.
func (s *Store) upkeep(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var told string
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-s.kick:
			err = s.tidy(ctx)
		case <-tick.C:
			err = s.mark()
			if err == nil {
				err = s.tidy(ctx)
			}
			if err == nil {
				err = s.keepBallast()
			}
		}
		told = s.tell(told, err)
	}
}

// tell logs an error of the upkeep once, until another one comes.
func (s *Store) tell(before string, err error) string {
	if err == nil {
		return before
	}
	if text := err.Error(); text != before {
		s.cfg.Log.Warn("the store's upkeep goes on later", "error", err)
		return text
	}
	return before
}

// tidy flushes when it is due and drops what the journal need not keep.
func (s *Store) tidy(ctx context.Context) error {
	s.mu.RLock()
	due := s.behind >= flushRows || s.unread >= flushBytes
	s.mu.RUnlock()
	if due {
		if err := s.flush(); err != nil {
			return err
		}
	}
	for ctx.Err() == nil {
		more, err := s.trim()
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// mark writes the marker when there is news. It never says more than what is
// committed.
func (s *Store) mark() error {
	s.marking.Lock()
	defer s.marking.Unlock()
	s.mu.RLock()
	total := s.total
	s.mu.RUnlock()
	if total == s.marked {
		return nil
	}
	if err := s.cfg.folder().Mark(folder.Marker{Instance: s.instance, Total: total}); err != nil {
		return err
	}
	s.marked = total
	return nil
}

// seal keeps the history's own background work running.
func (s *Store) seal(ctx context.Context) {
	for ctx.Err() == nil {
		err := s.history.Serve(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		s.cfg.Log.Warn("packing the history failed; it goes on in a minute", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(time.Minute):
		}
	}
}
