package sql

import (
	"context"
	dbsql "database/sql"
	"errors"
	"fmt"
	"strconv"

	"latchkey/home"
	"latchkey/stores/sql/journal"
)

func isCorruptRow(err error) bool { return errors.Is(err, journal.ErrCorrupt) }

// migrateIfNeeded runs the migrations when the schema is older than ours.
func migrateIfNeeded(ctx context.Context, c *Config, w *writer) error {
	var version int
	err := w.conn.QueryRowContext(ctx, `SELECT max(version_id) FROM goose_db_version WHERE is_applied`).Scan(&version)
	if err != nil || version >= schemaVersion {
		return err
	}
	db, err := openSQLite(c.path(coreFile), "mode=rw", "synchronous(FULL)", "foreign_keys(1)")
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	return errors.Join(migrate(ctx, c, db), db.Close())
}

// load reads the tables and counts the rows that they do not know yet.
func (s *Store) load(ctx context.Context) (map[string]string, error) {
	meta, err := readMeta(ctx, s.read)
	if err != nil {
		return nil, err
	}
	s.instance = meta[metaInstance]
	s.flushed, _ = strconv.ParseInt(meta[metaRow], 10, 64)
	s.total, _ = strconv.ParseUint(meta[metaTotal], 10, 64)
	s.row = s.flushed
	if err := s.loadCurrent(ctx); err != nil {
		return nil, err
	}
	if err := s.loadHeads(ctx); err != nil {
		return nil, err
	}
	if err := s.loadStretches(ctx); err != nil {
		return nil, err
	}
	var last, more dbsql.NullInt64
	err = s.read.QueryRowContext(ctx, `SELECT max(id), sum(entries) FROM journal WHERE id > $1`, s.flushed).Scan(&last, &more)
	s.total += uint64(more.Int64)
	s.row = max(s.row, last.Int64)
	return meta, err
}

func (s *Store) loadCurrent(ctx context.Context) error {
	rows, err := s.read.QueryContext(ctx, `SELECT block, body FROM current`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	dec := journal.NewDecoder()
	for rows.Next() {
		var n uint32
		var body []byte
		if err := rows.Scan(&n, &body); err != nil {
			return err
		}
		row, err := dec.Decode(body)
		if err != nil {
			return fmt.Errorf("current values of block %d: %w", n, err)
		}
		for _, e := range row.Entries {
			if e.Point != nil {
				s.now.put(e.Point)
			}
		}
		if b := s.now.blocks[n]; b != nil {
			b.dirty = false
		}
	}
	return rows.Err()
}

func (s *Store) loadHeads(ctx context.Context) error {
	rows, err := s.read.QueryContext(ctx, `SELECT house, seq FROM head`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var house home.ID
		var seq int64
		if err := rows.Scan(&house, &seq); err != nil {
			return err
		}
		s.now.heads[house] = uint64(seq)
	}
	return rows.Err()
}

func (s *Store) loadStretches(ctx context.Context) error {
	rows, err := s.read.QueryContext(ctx, `SELECT first, last, entries, bytes, houses FROM stretch ORDER BY first`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		x := &journal.Stretch{}
		var houses string
		if err := rows.Scan(&x.First, &x.Last, &x.Entries, &x.Bytes, &houses); err != nil {
			return err
		}
		if err := x.Decode(houses); err != nil {
			return err
		}
		s.index.Load(x)
	}
	return rows.Err()
}

// era is how far each start moves the row numbers on, so that a number is
// never used twice although the journal may have lost rows that the history
// has seen.
const era = 1 << 20

// replay takes the journal's rows into memory: all that the tables do not know
// yet, and to the history all that it has not sealed.
func (s *Store) replay(ctx context.Context) error {
	floor := s.history.Floor()
	r := replayer{store: s, dec: journal.NewDecoder()}
	for last := min(floor-1, s.flushed); ; {
		rows, err := s.journalBehind(ctx, last)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := r.row(row); err != nil {
				return err
			}
			last = row.id
		}
		if len(rows) < batch {
			break
		}
	}
	s.next = max(s.row, floor) + era
	return nil
}

type replayer struct {
	store *Store
	dec   *journal.Decoder
	spans []journal.HouseSpan
}

func (r *replayer) row(x journalRow) error {
	row, err := r.dec.Decode(x.body)
	if err != nil {
		return fmt.Errorf("row %d of the journal: %w", x.id, err)
	}
	s := r.store
	g := home.Group{Erasures: row.Erasures}
	for _, e := range row.Entries {
		if e.Point != nil {
			g.Points = append(g.Points, *e.Point)
		}
	}
	if x.id > s.flushed {
		for i := range g.Points {
			s.now.catchUp(&g.Points[i])
		}
		s.now.erase(row.Erasures)
		r.spans = journal.SpansOfRow(r.spans[:0], &row)
		s.now.raise(r.spans)
		s.index.Add(x.id, r.spans, len(row.Entries), len(x.body))
		s.behind++
		s.unread += int64(len(x.body))
	}
	s.remember(x.id, &g)
	return nil
}
