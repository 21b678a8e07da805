package sql

import (
	"context"
	dbsql "database/sql"
	"errors"
	"fmt"
	"maps"

	"latchkey/home"
	"latchkey/stores/sql/journal"
)

// errTrimmed says that the journal's beginning went away while it was read.
var errTrimmed = errors.New("the log was trimmed")

// Log implements home.LogStore. With limit 0 it visits nothing.
func (s *Store) Log(ctx context.Context, house home.ID, after uint64, limit int, visit func(home.Entry) error) (uint64, error) {
	for {
		s.mu.RLock()
		list, lowest := s.index.Above(house, after)
		s.mu.RUnlock()
		l := logReader{dec: journal.NewDecoder(), house: house, after: after, left: limit, visit: visit}
		err := s.snapshot(ctx, func(q querier) error { l.from = q; return l.run(ctx, list) })
		if errors.Is(err, errTrimmed) && !l.begun && ctx.Err() == nil {
			continue
		}
		return lowest, err
	}
}

// querier is a database, or one moment of it.
type querier interface {
	QueryContext(ctx context.Context, text string, args ...any) (*dbsql.Rows, error)
}

// snapshot runs f on one moment of the database: what is trimmed meanwhile is
// still there for it, once it has read anything.
func (s *Store) snapshot(ctx context.Context, f func(querier) error) error {
	tx, err := s.read.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("read the log: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	return f(tx)
}

// logReader visits one house's entries.
type logReader struct {
	from  querier
	dec   *journal.Decoder
	house home.ID
	after uint64
	left  int
	begun bool
	visit func(home.Entry) error
}

func (l *logReader) run(ctx context.Context, list []journal.Stretch) error {
	for _, x := range list {
		for first := x.First; first <= x.Last && l.left > 0; first += logPage {
			rows, err := l.page(ctx, first, min(x.Last, first+logPage-1))
			if err != nil {
				return err
			}
			for _, row := range rows {
				if err := l.entries(row); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// logPage is how many journal rows are read at once.
const logPage = 64

func (l *logReader) page(ctx context.Context, first, last int64) ([]journalRow, error) {
	rows, err := scanJournal(ctx, l.from, `SELECT id, entries, body FROM journal WHERE id >= $1 AND id <= $2 ORDER BY id`, first, last)
	if err != nil {
		return nil, err
	}
	if len(rows) != int(last-first+1) {
		return nil, fmt.Errorf("rows %d to %d of the journal: %w", first, last, errTrimmed)
	}
	return rows, nil
}

func (l *logReader) entries(r journalRow) error {
	row, err := l.dec.Decode(r.body)
	if err != nil {
		return fmt.Errorf("row %d of the log: %w", r.id, err)
	}
	for _, e := range row.Entries {
		of := home.ID("")
		if e.Point != nil {
			of = e.Point.House
		} else {
			of = e.Event.House
		}
		if of != l.house || e.Seq() <= l.after {
			continue
		}
		if l.left--; l.left < 0 {
			return nil
		}
		l.begun = true
		if err := l.visit(e); err != nil {
			return err
		}
	}
	return nil
}

// journalRow is a row as the table has it.
type journalRow struct {
	id      int64
	entries int64
	body    []byte
}

// scanJournal reads the rows that a statement chooses.
func scanJournal(ctx context.Context, db querier, text string, args ...any) ([]journalRow, error) {
	rows, err := db.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("read the log: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []journalRow
	for rows.Next() {
		var r journalRow
		if err := rows.Scan(&r.id, &r.entries, &r.body); err != nil {
			return nil, fmt.Errorf("read the log: %w", err)
		}
		list = append(list, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the log: %w", err)
	}
	return list, nil
}

// Heads implements home.LogStore.
func (s *Store) Heads(ctx context.Context) (map[home.ID]uint64, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return maps.Clone(s.now.heads), ctx.Err()
}

// Current implements home.LogStore, in the order of the features' numbers.
func (s *Store) Current(ctx context.Context, visit func(home.Point) error) error {
	s.mu.RLock()
	list := s.now.all()
	s.mu.RUnlock()
	for _, p := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := visit(p); err != nil {
			return err
		}
	}
	return nil
}
