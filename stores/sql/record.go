package sql

import (
	"context"
	dbsql "database/sql"
	"fmt"
	"strconv"
	"strings"

	"latchkey/home"
)

// batch is how many rows are read at once: no connection is held while a
// visitor works.
const batch = 1000

const selectRecord = `SELECT kind, id, house, parent, at, version, doc, sum FROM record`

// Records implements home.RecordStore. Up to 1,000 records are as of one
// moment; behind them, changes made meanwhile may show.
func (s *Store) Records(ctx context.Context, q home.RecordQuery, visit func(home.Record) error) error {
	left := q.Limit
	var last *home.Record
	for {
		n := batch
		if q.Limit > 0 {
			n = min(n, left)
		}
		list, err := s.recordPage(ctx, q, last, n)
		if err != nil {
			return err
		}
		for i := range list {
			if err := visit(list[i]); err != nil {
				return err
			}
		}
		left -= len(list)
		if len(list) < n || q.Limit > 0 && left == 0 {
			return nil
		}
		last = &list[len(list)-1]
	}
}

// recordPage reads the n records behind last.
func (s *Store) recordPage(ctx context.Context, q home.RecordQuery, last *home.Record, n int) ([]home.Record, error) {
	text, args := recordQuery(q, last, n)
	rows, err := s.read.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("read records: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []home.Record
	for rows.Next() {
		r, sound, err := scanRecord(rows)
		if err != nil {
			return nil, fmt.Errorf("read a record: %w", err)
		}
		if !sound {
			return nil, fmt.Errorf("record %s %s is damaged: its checksum does not match", r.Kind, r.ID)
		}
		list = append(list, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read records: %w", err)
	}
	return list, nil
}

// scanRecord reads a row of selectRecord and compares its checksum.
func scanRecord(rows *dbsql.Rows) (r home.Record, sound bool, err error) {
	var sum int64
	err = rows.Scan(&r.Kind, &r.ID, &r.House, &r.Parent, &r.At, &r.Version, (*[]byte)(&r.Doc), &sum)
	return r, recordSum(&r) == sum, err
}

// recordQuery writes the statement for one page.
func recordQuery(q home.RecordQuery, last *home.Record, n int) (string, []any) {
	var where []string
	var args []any
	add := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	for _, c := range [...]struct{ column, value string }{
		{"kind", q.Kind}, {"house", string(q.House)}, {"parent", string(q.Parent)}, {"id", string(q.ID)},
	} {
		if c.value != "" {
			where = append(where, c.column+" = "+add(c.value))
		}
	}
	direction, behind := "", ">"
	if q.Newest {
		direction, behind = " DESC", "<"
	}
	if last != nil {
		where = append(where, fmt.Sprintf("(at, id, kind) %s (%s, %s, %s)", behind, add(int64(last.At)), add(string(last.ID)), add(last.Kind)))
	}
	text := selectRecord
	if len(where) > 0 {
		text += " WHERE " + strings.Join(where, " AND ")
	}
	text += fmt.Sprintf(" ORDER BY at%[1]s, id%[1]s, kind%[1]s LIMIT %[2]s", direction, add(n))
	return text, args
}
