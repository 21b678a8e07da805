package sql

import (
	"context"
	"fmt"

	"latchkey/home"
	"latchkey/stores/sql/journal"
)

// Check implements home.Checker: SQLite's own check, the checksum of every
// record and journal row, the chain of the audit rows, and the history.
func (s *Store) Check(ctx context.Context) ([]string, error) {
	c := checker{store: s, ctx: ctx}
	for _, step := range []func() error{c.pages, c.journal, c.records, c.audits} {
		if err := step(); err != nil {
			return c.found, err
		}
	}
	of, err := s.history.Check(ctx)
	return append(c.found, of...), err
}

// mostLines is how many findings of one kind are listed.
const mostLines = 100

type checker struct {
	store *Store
	ctx   context.Context
	found []string
}

func (c *checker) note(format string, args ...any) {
	if len(c.found) < mostLines {
		c.found = append(c.found, fmt.Sprintf(format, args...))
	}
}

func (c *checker) pages() error {
	rows, err := c.store.read.QueryContext(c.ctx, fmt.Sprintf(`PRAGMA integrity_check(%d)`, mostLines))
	if err != nil {
		return fmt.Errorf("check core.db: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return fmt.Errorf("check core.db: %w", err)
		}
		if line != "ok" {
			c.note("core.db: %s", line)
		}
	}
	return rows.Err()
}

func (c *checker) journal() error {
	dec := journal.NewDecoder()
	var last int64
	for {
		rows, err := c.store.journalBehind(c.ctx, last)
		if err != nil {
			return c.damaged(err)
		}
		for _, r := range rows {
			last = r.id
			row, err := dec.Decode(r.body)
			if err != nil {
				c.note("core.db: row %d of the journal: %v", r.id, err)
			} else if int64(row.Count()) != r.entries {
				c.note("core.db: row %d of the journal holds %d changes, not %d", r.id, row.Count(), r.entries)
			}
		}
		if len(rows) == 0 {
			return nil
		}
	}
}

// damaged notes an error that is a finding, and returns the others.
func (c *checker) damaged(err error) error {
	if !corrupt(err) {
		return err
	}
	c.note("core.db: %v", err)
	return nil
}

// journalBehind reads the next rows of the journal.
func (s *Store) journalBehind(ctx context.Context, last int64) ([]journalRow, error) {
	return scanJournal(ctx, s.read, `SELECT id, entries, body FROM journal WHERE id > $1 ORDER BY id LIMIT $2`, last, batch)
}

func (c *checker) records() error {
	rows, err := c.store.read.QueryContext(c.ctx, selectRecord)
	if err != nil {
		return c.damaged(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		r, sound, err := scanRecord(rows)
		if err != nil {
			return c.damaged(err)
		}
		if !sound {
			c.note("core.db: record %s %s: its checksum does not match", r.Kind, r.ID)
		}
	}
	return c.damaged(rows.Err())
}

func (c *checker) audits() error {
	rows, err := c.store.read.QueryContext(c.ctx, selectAudit+` ORDER BY num`)
	if err != nil {
		return c.damaged(err)
	}
	defer func() { _ = rows.Close() }()
	var last home.Audit
	for rows.Next() {
		a, sound, err := scanAudit(rows)
		if err != nil {
			return c.damaged(err)
		}
		if !sound {
			c.note("core.db: audit row %d: its checksum does not match", a.Num)
		}
		if last.Num != 0 && (a.Num != last.Num+1 || a.Prev != last.Hash) {
			c.note("core.db: audit row %d does not follow row %d", a.Num, last.Num)
		}
		last = a
	}
	return c.damaged(rows.Err())
}
