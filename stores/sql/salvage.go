package sql

import (
	"context"
	dbsql "database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"

	"latchkey/home"
	"latchkey/stores/sql/folder"
	"latchkey/stores/sql/journal"
)

// salvage builds a new core.db from what still reads of the old one, which is
// then set aside.
func salvage(ctx context.Context, c *Config) ([]string, error) {
	dir, err := c.folder().Quarantine()
	if err != nil {
		return nil, err
	}
	// SQLite may write to what it opens: it gets a copy.
	old := filepath.Join(dir, "reading.db")
	for _, suffix := range [...]string{"", "-wal"} {
		if from := c.path(coreFile + suffix); folder.Exists(from) {
			if err := folder.Copy(old+suffix, from); err != nil {
				return nil, fmt.Errorf("copy the damaged core.db: %w", err)
			}
		}
	}
	next := c.path(coreFile + ".new")
	if err := build(ctx, c, next); err != nil {
		return nil, err
	}
	done, err := transfer(ctx, old, next)
	if err != nil {
		return done, err
	}
	// From here to the new name the marker and the history say that there was data.
	if err := c.folder().SetAside(dir, coreFile); err != nil {
		return done, err
	}
	if err := install(c, next); err != nil {
		return done, err
	}
	done = append(done, "the damaged core.db was moved to "+dir)
	if err := c.folder().SetAside(dir, markerFile); err != nil {
		return done, err
	}
	lines, err := restart(ctx, c, folder.Marker{})
	return append(done, lines...), err
}

// transfer copies every row that reads.
func transfer(ctx context.Context, from, to string) ([]string, error) {
	in, err := openSQLite(from, "mode=rw", "query_only(1)")
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }()
	in.SetMaxOpenConns(1)
	out, err := openSQLite(to, "mode=rw", "synchronous(FULL)")
	if err != nil {
		return nil, err
	}
	out.SetMaxOpenConns(1)
	lines, err := transferTables(ctx, in, out)
	return lines, errors.Join(err, out.Close())
}

func transferTables(ctx context.Context, in, out *dbsql.DB) ([]string, error) {
	tx, err := out.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }()
	var lines []string
	for _, t := range tables() {
		n, lost, err := t.transfer(ctx, in, tx)
		if err != nil {
			return lines, fmt.Errorf("salvage %s: %w", t.name, err)
		}
		line := fmt.Sprintf("%d rows of %s were read", n, t.name)
		if lost {
			line += "; some did not read"
		}
		lines = append(lines, line)
	}
	if err := settle(ctx, tx); err != nil {
		return lines, err
	}
	return lines, tx.Commit()
}

// settle makes the new tables agree: the journal is read as a whole at the next
// start.
func settle(ctx context.Context, tx *dbsql.Tx) error {
	var rows, entries dbsql.NullInt64
	if err := tx.QueryRowContext(ctx, `SELECT min(id), sum(entries) FROM journal`).Scan(&rows, &entries); err != nil {
		return err
	}
	if !rows.Valid {
		return nil
	}
	_, err := tx.ExecContext(ctx, setMeta, metaRow, strconv.FormatInt(rows.Int64-1, 10))
	return err
}

// table is one that is salvaged: its columns, and which rows are sound.
type table struct {
	name   string
	fields string // the first one is the key
	key    string
	insert string
	filter string               // more conditions
	sound  func(row []any) bool // nil = all
}

func tables() []table {
	return []table{
		// The rest of meta follows from the rows that are there.
		{"meta", "rowid, key, value", "rowid", setMeta, `AND key IN ('` + metaInstance + `', '` + metaHistory + `')`, nil},
		{"record", "rowid, kind, id, house, parent, at, version, doc, sum", "rowid",
			`INSERT INTO record (kind, id, house, parent, at, version, doc, sum) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (kind, id) DO NOTHING`, "", soundRecord},
		{"audit", "num, at, house, actor, remote, action, target, detail, prev, hash, sum", "num", insertAudit + ` ON CONFLICT (num) DO NOTHING`, "", nil},
		{"head", "rowid, house, seq", "rowid", `INSERT INTO head (house, seq) VALUES ($1, $2) ON CONFLICT (house) DO NOTHING`, "", nil},
		{"current", "block, body", "block", `INSERT INTO current (block, body) VALUES ($1, $2) ON CONFLICT (block) DO NOTHING`, "", soundBody(1)},
		{"journal", "id, entries, body", "id", insertJournal + ` ON CONFLICT (id) DO NOTHING`, "", soundBody(2)},
	}
}

// transfer copies the table's rows: from its beginning as far as it reads, then
// from its end, then the pieces between.
func (t *table) transfer(ctx context.Context, in *dbsql.DB, tx *dbsql.Tx) (n int, lost bool, err error) {
	first, last := int64(-1<<62), int64(1<<62)
	between := func(order string) string {
		return fmt.Sprintf(`SELECT %s FROM %s WHERE %s BETWEEN %d AND %d %s ORDER BY %s %s`,
			t.fields, t.name, t.key, first, last, t.filter, t.key, order)
	}
	for range 64 {
		read, up, err := t.copyRows(ctx, in, tx, between("ASC"))
		n += read.rows
		lost = lost || read.unsound
		if err != nil {
			return n, lost, err
		}
		if up == nil {
			return n, lost, nil
		}
		lost = true
		first = max(first, read.key+1)
		read, down, err := t.copyRows(ctx, in, tx, between("DESC"))
		n += read.rows
		if err != nil || down == nil || read.rows == 0 {
			return n, lost, err
		}
		last = read.key - 1
	}
	return n, lost, nil
}

// progress is how far copyRows came.
type progress struct {
	rows    int
	key     int64 // of the last row
	unsound bool
}

// copyRows copies the rows of one statement. stopped is what ended the reading
// early, err what went wrong with the writing.
func (t *table) copyRows(ctx context.Context, in *dbsql.DB, tx *dbsql.Tx, text string) (p progress, stopped, err error) {
	rows, stopped := in.QueryContext(ctx, text)
	if stopped != nil {
		return p, stopped, nil
	}
	defer func() { _ = rows.Close() }()
	columns, stopped := rows.Columns()
	if stopped != nil {
		return p, stopped, nil
	}
	for rows.Next() {
		row := make([]any, len(columns))
		to := make([]any, len(columns))
		for i := range row {
			to[i] = &row[i]
		}
		if stopped := rows.Scan(to...); stopped != nil {
			return p, stopped, nil
		}
		key, ok := row[0].(int64)
		if !ok {
			return p, fmt.Errorf("a row of %s without a number", t.name), nil
		}
		p.key = key
		if t.sound != nil && !t.sound(row) {
			p.unsound = true
			continue
		}
		if t.key == "rowid" {
			row = row[1:]
		}
		if _, err := tx.ExecContext(ctx, t.insert, row...); err != nil {
			return p, nil, err
		}
		p.rows++
	}
	return p, rows.Err(), nil
}

func soundRecord(row []any) bool {
	text := func(i int) string { s, _ := row[i].(string); return s }
	number := func(i int) int64 { n, _ := row[i].(int64); return n }
	r := home.Record{Kind: text(1), ID: home.ID(text(2)), House: home.ID(text(3)), Parent: home.ID(text(4)), At: home.Time(number(5)),
		Version: number(6), Doc: []byte(text(7))}
	return recordSum(&r) == number(8)
}

// soundBody checks the journal row in that column.
func soundBody(column int) func([]any) bool {
	return func(row []any) bool {
		body, _ := row[column].([]byte)
		return journal.Verify(body) == nil
	}
}
