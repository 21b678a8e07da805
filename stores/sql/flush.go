package sql

import (
	"context"
	"slices"
	"strconv"

	"latchkey/home"
	"latchkey/stores/sql/journal"
)

// After so many rows, or bytes of rows, the tables are brought up to date, which
// bounds what a start has to read again and what the journal keeps.
const (
	flushRows  = 8192
	flushBytes = 8 << 20
)

const (
	putCurrent    = `INSERT INTO current (block, body) VALUES ($1, $2) ON CONFLICT (block) DO UPDATE SET body = excluded.body`
	removeCurrent = `DELETE FROM current WHERE block = $1`
	putHead       = `INSERT INTO head (house, seq) VALUES ($1, $2) ON CONFLICT (house) DO UPDATE SET seq = excluded.seq`
	putStretch    = `INSERT INTO stretch (first, last, entries, bytes, houses) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (first) DO UPDATE SET last = excluded.last, entries = excluded.entries, bytes = excluded.bytes, houses = excluded.houses`
)

// flush brings the tables current, head and stretch up to the last row.
func (s *Store) flush() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.flushed == s.row {
		return nil
	}
	if err := s.cfg.fail("flush.begin"); err != nil {
		return err
	}
	// Only who holds writing changes what is read here, so mu is not needed.
	err := s.w.atomically(context.Background(), s.writeTables)
	if err != nil {
		return s.failure(err)
	}
	s.passed("flush.committed")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flushed, s.behind, s.unread = s.row, 0, 0
	for _, b := range s.now.blocks {
		b.dirty = false
	}
	s.index.Store()
	return nil
}

func (s *Store) writeTables() error {
	if err := s.cfg.fail("flush.current"); err != nil {
		return err
	}
	for n, b := range s.now.blocks {
		if !b.dirty {
			continue
		}
		if err := s.writeBlock(n, b); err != nil {
			return err
		}
	}
	for house, seq := range s.now.heads {
		if err := s.exec(putHead, string(house), int64(seq)); err != nil {
			return err
		}
	}
	if err := s.cfg.fail("flush.stretch"); err != nil {
		return err
	}
	for _, x := range s.index.Stretches() {
		if x.Stored {
			continue
		}
		text, err := x.Encode()
		if err == nil {
			err = s.exec(putStretch, x.First, x.Last, x.Entries, x.Bytes, text)
		}
		if err != nil {
			return err
		}
	}
	return s.writeMeta()
}

func (s *Store) writeMeta() error {
	if err := s.cfg.fail("flush.meta"); err != nil {
		return err
	}
	if err := s.exec(setMeta, metaRow, strconv.FormatInt(s.row, 10)); err != nil {
		return err
	}
	if err := s.exec(setMeta, metaTotal, strconv.FormatUint(s.total, 10)); err != nil {
		return err
	}
	return s.cfg.fail("flush.commit")
}

func (s *Store) writeBlock(n uint32, b *block) error {
	points := b.list()
	if len(points) == 0 {
		return s.exec(removeCurrent, int64(n))
	}
	body := slices.Clone(journal.NewEncoder().Encode(&home.Group{Points: points}))
	return s.exec(putCurrent, int64(n), body)
}

// exec runs a statement on the writer.
func (s *Store) exec(text string, args ...any) error {
	_, err := s.w.conn.ExecContext(context.Background(), text, args...)
	return err
}

// trim drops the oldest stretch of the journal when neither the history nor the
// log needs it, and reports whether it did.
func (s *Store) trim() (bool, error) {
	floor := s.history.Floor()
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mu.RLock()
	old := s.index.Spare(floor)
	s.mu.RUnlock()
	if old == nil {
		return false, nil
	}
	if err := s.cfg.fail("trim.begin"); err != nil {
		return false, err
	}
	err := s.w.atomically(context.Background(), func() error {
		if err := s.cfg.fail("trim.journal"); err != nil {
			return err
		}
		if err := s.exec(`DELETE FROM journal WHERE id <= $1`, old.Last); err != nil {
			return err
		}
		if err := s.cfg.fail("trim.stretch"); err != nil {
			return err
		}
		if err := s.exec(`DELETE FROM stretch WHERE first = $1`, old.First); err != nil {
			return err
		}
		return s.cfg.fail("trim.commit")
	})
	if err != nil {
		return false, s.failure(err)
	}
	s.passed("trim.committed")
	s.mu.Lock()
	s.index.Drop()
	s.mu.Unlock()
	return true, nil
}
