package sql

import (
	"context"
	"slices"

	"latchkey/home"
	"latchkey/stores/sql/journal"
)

// Write implements home.Store. A write that has begun is finished whatever
// becomes of ctx.
func (s *Store) Write(ctx context.Context, g *home.Group) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if g.Empty() {
		return nil
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.closed {
		return unavailable("storage_closed", nil)
	}
	if s.cfg.ReadOnly {
		return unavailable("storage_readonly", nil)
	}
	body := s.enc.Encode(g)
	row := s.next
	err := s.commit(row, g, body)
	if err != nil && frees(g) && isFull(s.failure(err)) && s.giveBallast() {
		err = s.commit(row, g, body)
	}
	if err != nil {
		err = s.failure(err)
		s.noteFull(isFull(err))
		return err
	}
	s.passed("write.committed")
	s.noteFull(false)
	s.accept(row, g, len(body))
	return nil
}

// commit writes g in one transaction. A group with a journal row only is one
// statement, which is a transaction of its own.
func (s *Store) commit(row int64, g *home.Group, body []byte) error {
	if err := s.cfg.fail("write.begin"); err != nil {
		return err
	}
	if len(g.Records)+len(g.Audits) == 0 {
		return s.insertRow(row, g, body)
	}
	return s.w.atomically(context.Background(), func() error {
		if err := s.insertRow(row, g, body); err != nil {
			return err
		}
		for i := range g.Records {
			if err := s.writeRecord(&g.Records[i]); err != nil {
				return err
			}
		}
		for i := range g.Audits {
			if err := s.writeAudit(&g.Audits[i]); err != nil {
				return err
			}
		}
		return s.cfg.fail("write.commit")
	})
}

func (s *Store) insertRow(row int64, g *home.Group, body []byte) error {
	if err := s.cfg.fail("write.journal"); err != nil {
		return err
	}
	_, err := s.w.journal.ExecContext(context.Background(), row, countOf(g), body)
	return err
}

// countOf returns how many changes g holds.
func countOf(g *home.Group) int {
	return len(g.Records) + len(g.Points) + len(g.Events) + len(g.Audits) + len(g.Erasures)
}

func (s *Store) writeRecord(r *home.RecordChange) error {
	if err := s.cfg.fail("write.record"); err != nil {
		return err
	}
	var err error
	if r.Doc == nil {
		_, err = s.w.remove.ExecContext(context.Background(), r.Kind, string(r.ID))
	} else {
		_, err = s.w.put.ExecContext(context.Background(), r.Kind, string(r.ID), string(r.House), string(r.Parent), int64(r.At), r.Version,
			string(r.Doc), recordSum(r))
	}
	return err
}

func (s *Store) writeAudit(a *home.Audit) error {
	if err := s.cfg.fail("write.audit"); err != nil {
		return err
	}
	_, err := s.w.audit.ExecContext(context.Background(), int64(a.Num), int64(a.At), string(a.House), a.Actor, a.Remote, a.Action,
		a.Target, a.Detail, a.Prev, a.Hash, auditSum(a))
	return err
}

// accept takes a committed group into memory.
func (s *Store) accept(row int64, g *home.Group, bytes int) {
	s.spans = journal.Spans(s.spans[:0], g)
	s.mu.Lock()
	for i := range g.Points {
		s.now.put(&g.Points[i])
	}
	s.now.erase(g.Erasures)
	s.now.raise(s.spans)
	finished := s.index.Add(row, s.spans, len(g.Points)+len(g.Events), bytes)
	s.row, s.next = row, row+1
	s.behind++
	s.unread += int64(bytes)
	s.total += uint64(countOf(g))
	s.mu.Unlock()
	s.remember(row, g)
	if finished {
		s.wake()
	}
}

// remember hands a row to the history.
func (s *Store) remember(row int64, g *home.Group) {
	points := g.Points
	if slices.ContainsFunc(points, func(p home.Point) bool { return p.Value.IsText }) {
		points = slices.Clone(points) // the history keeps where the texts are
	}
	s.history.Add(row, points)
	if len(g.Erasures) > 0 {
		if err := s.history.Erase(context.Background(), row, g.Erasures); err != nil {
			s.cfg.Log.Error("an erasure waits for the next start", "row", row, "error", err)
		}
	}
}

func (s *Store) wake() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// passed tells the failpoints of a step that cannot fail.
func (s *Store) passed(step string) { _ = s.cfg.fail(step) }

// frees reports whether g makes room.
func frees(g *home.Group) bool {
	return len(g.Erasures) > 0 || slices.ContainsFunc(g.Records, func(r home.RecordChange) bool { return r.Doc == nil })
}

func isFull(err error) bool {
	e := home.AsError(err)
	return e.Code == home.Unavailable && e.Reason == "storage_full"
}

// noteFull logs when the disk becomes full, and when it no longer is.
func (s *Store) noteFull(now bool) {
	if now == s.full {
		return
	}
	s.full = now
	if now {
		s.cfg.Log.Error("the disk is full: nothing is saved", "folder", s.cfg.Dir)
	} else {
		s.cfg.Log.Info("the disk takes writes again", "folder", s.cfg.Dir)
	}
}
