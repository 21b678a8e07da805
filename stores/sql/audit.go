package sql

import (
	"context"
	dbsql "database/sql"
	"fmt"

	"latchkey/home"
)

const selectAudit = `SELECT num, at, house, actor, remote, action, target, detail, prev, hash, sum FROM audit`

// Audits implements home.LogStore. The house "" stands for all rows; with limit
// 0 it visits nothing.
func (s *Store) Audits(ctx context.Context, house home.ID, after uint64, limit int, visit func(home.Audit) error) error {
	for limit > 0 {
		n := min(limit, batch)
		list, err := s.auditPage(ctx, house, after, n)
		if err != nil {
			return err
		}
		for _, a := range list {
			if err := visit(a); err != nil {
				return err
			}
			after = a.Num
		}
		if len(list) < n {
			return nil
		}
		limit -= n
	}
	return nil
}

func (s *Store) auditPage(ctx context.Context, house home.ID, after uint64, n int) ([]home.Audit, error) {
	if house == "" {
		return s.audits(ctx, selectAudit+` WHERE num > $1 ORDER BY num LIMIT $2`, int64(after), n)
	}
	return s.audits(ctx, selectAudit+` WHERE house = $1 AND num > $2 ORDER BY num LIMIT $3`, string(house), int64(after), n)
}

// LastAudit implements home.LogStore.
func (s *Store) LastAudit(ctx context.Context) (*home.Audit, error) {
	list, err := s.audits(ctx, selectAudit+` ORDER BY num DESC LIMIT 1`)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

func (s *Store) audits(ctx context.Context, text string, args ...any) ([]home.Audit, error) {
	rows, err := s.read.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("read the audit rows: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []home.Audit
	for rows.Next() {
		a, _, err := scanAudit(rows) // a row that rotted is shown: the chain names it
		if err != nil {
			return nil, fmt.Errorf("read an audit row: %w", err)
		}
		list = append(list, a)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the audit rows: %w", err)
	}
	return list, nil
}

// scanAudit reads a row of selectAudit and compares its checksum.
func scanAudit(rows *dbsql.Rows) (a home.Audit, sound bool, err error) {
	var sum int64
	err = rows.Scan(&a.Num, &a.At, &a.House, &a.Actor, &a.Remote, &a.Action, &a.Target, &a.Detail, &a.Prev, &a.Hash, &sum)
	return a, auditSum(&a) == sum, err
}
