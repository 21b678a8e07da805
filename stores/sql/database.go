package sql

import (
	"context"
	dbsql "database/sql"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"modernc.org/sqlite"

	"latchkey/home"
)

const (
	pageSize = 8192
	readers  = 4
	// applicationID marks a file as Latchkey's: "LKey" in SQLite's header.
	applicationID = 0x4c4b6579
)

// oldestSQLite is the first version without the loss of write-ahead log resets.
func oldestSQLite() [3]int { return [3]int{3, 51, 3} }

// openSQLite returns a pool for an SQLite file. Each connection runs pragmas
// first, in their order.
func openSQLite(path, query string, pragmas ...string) (*dbsql.DB, error) {
	for _, p := range append([]string{"busy_timeout(5000)"}, pragmas...) {
		query += "&_pragma=" + url.QueryEscape(p)
	}
	c, err := sqlite.NewConnector("file:" + (&url.URL{Path: path}).EscapedPath() + "?" + query)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return dbsql.OpenDB(c), nil
}

// openReaders returns the pool that reads. It cannot write.
func openReaders(path string) (*dbsql.DB, error) {
	db, err := openSQLite(path, "mode=ro", "query_only(1)", "foreign_keys(1)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(readers)
	db.SetMaxIdleConns(readers)
	return db, nil
}

// writer is the one connection that writes to core.db, with its statements. It
// is for one goroutine at a time.
type writer struct {
	db   *dbsql.DB
	conn *dbsql.Conn

	begin, commit, rollback *dbsql.Stmt
	journal                 *dbsql.Stmt
	put, remove             *dbsql.Stmt
	audit                   *dbsql.Stmt
}

func openWriter(ctx context.Context, path string) (*writer, error) {
	db, err := openSQLite(path, "mode=rw", "page_size("+strconv.Itoa(pageSize)+")", "journal_mode(WAL)", "synchronous("+synchronous+")",
		"wal_autocheckpoint(4000)", "journal_size_limit(67108864)", "foreign_keys(1)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	w := &writer{db: db}
	if w.conn, err = db.Conn(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return w, nil
}

const (
	insertJournal = `INSERT INTO journal (id, entries, body) VALUES ($1, $2, $3)`
	putRecord     = `INSERT INTO record (kind, id, house, parent, at, version, doc, sum) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (kind, id) DO UPDATE SET house = excluded.house, parent = excluded.parent, at = excluded.at,
		version = excluded.version, doc = excluded.doc, sum = excluded.sum`
	removeRecord = `DELETE FROM record WHERE kind = $1 AND id = $2`
	insertAudit  = `INSERT INTO audit (num, at, house, actor, remote, action, target, detail, prev, hash, sum)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`
)

// prepare makes the statements of Write.
func (w *writer) prepare(ctx context.Context) error {
	for _, p := range []struct {
		to   **dbsql.Stmt
		text string
	}{
		{&w.begin, "BEGIN IMMEDIATE"}, {&w.commit, "COMMIT"}, {&w.rollback, "ROLLBACK"},
		{&w.journal, insertJournal}, {&w.put, putRecord}, {&w.remove, removeRecord}, {&w.audit, insertAudit},
	} {
		stmt, err := w.conn.PrepareContext(ctx, p.text)
		if err != nil {
			return fmt.Errorf("prepare %q: %w", p.text, err)
		}
		*p.to = stmt
	}
	return nil
}

// atomically runs do in one transaction, which is undone when do fails.
func (w *writer) atomically(ctx context.Context, do func() error) error {
	if _, err := w.begin.ExecContext(ctx); err != nil {
		return err
	}
	err := do()
	if err == nil {
		_, err = w.commit.ExecContext(ctx)
	}
	if err != nil {
		// A failure may have ended the transaction already.
		_, _ = w.rollback.ExecContext(ctx)
	}
	return err
}

// close closes the statements first: with one open, SQLite would not fold the
// write-ahead log into the file at the end.
func (w *writer) close() error {
	var errs []error
	for _, stmt := range [...]*dbsql.Stmt{w.begin, w.commit, w.rollback, w.journal, w.put, w.remove, w.audit} {
		if stmt != nil {
			errs = append(errs, stmt.Close())
		}
	}
	return errors.Join(append(errs, w.conn.Close(), w.db.Close())...)
}

// checkVersion refuses an SQLite that may lose commits.
func checkVersion(ctx context.Context, db *dbsql.DB) error {
	var version string
	if err := db.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&version); err != nil {
		return err
	}
	return versionAtLeast(version, oldestSQLite())
}

func versionAtLeast(version string, oldest [3]int) error {
	parts := strings.SplitN(version, ".", 4)
	for i, want := range oldest {
		have := 0
		if i < len(parts) {
			have, _ = strconv.Atoi(parts[i])
		}
		if have > want {
			return nil
		}
		if have < want {
			return &home.Damage{Reason: "sqlite_too_old", Fatal: true, Message: fmt.Sprintf(
				"this program was built with SQLite %s, which can lose data; build it with %d.%d.%d or newer", version, oldest[0], oldest[1], oldest[2])}
		}
	}
	return nil
}
