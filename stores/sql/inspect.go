package sql

import (
	"context"
	dbsql "database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"latchkey/home"
	"latchkey/stores/sql/folder"
)

// cheapCheck is how large core.db may be to be checked at every start.
const cheapCheck = 4 << 20

// inspect looks at core.db without writing to it. found is false when there is
// none and nothing says that there ever was one. It returns Damage for a file
// that cannot be trusted.
func inspect(ctx context.Context, c *Config, m folder.Marker) (found bool, err error) {
	path := c.path(coreFile)
	if folder.Size(path) == 0 {
		return false, c.missing(m)
	}
	if err := c.header(path); err != nil {
		return true, err
	}
	db, err := openSQLite(path, "mode=ro", "query_only(1)")
	if err != nil {
		return true, err
	}
	db.SetMaxOpenConns(1)
	err = c.content(ctx, db)
	if err := errors.Join(c.read(err), db.Close()); err != nil {
		return true, err
	}
	return true, nil
}

// missing decides what an absent or empty core.db means.
func (c *Config) missing(m folder.Marker) error {
	state := "is missing"
	if folder.Exists(c.path(coreFile)) {
		state = "is empty"
	}
	var traces []string
	if m.There {
		traces = append(traces, fmt.Sprintf("%s counts %d acknowledged changes", markerFile, m.Total))
	}
	for _, name := range [...]string{coreFile + "-wal", historyFile} {
		if folder.Size(c.path(name)) > 0 {
			traces = append(traces, name+" holds data")
		}
	}
	if len(traces) == 0 {
		return nil
	}
	return c.damage("db_empty_but_marker", coreFile, "%s %s, but %v", coreFile, state, traces)
}

// header reads the first bytes of a database file.
func (c *Config) header(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open core.db: %w", err)
	}
	defer func() { _ = f.Close() }()
	head := make([]byte, 100)
	if _, err := io.ReadFull(f, head); err != nil || string(head[:16]) != "SQLite format 3\x00" {
		return c.damage("db_corrupt", coreFile, "%s is not a database: its first bytes are wrong", coreFile)
	}
	if id := binary.BigEndian.Uint32(head[68:]); id != applicationID {
		return c.damage("db_foreign", coreFile, "%s belongs to another program (application id %08x)", coreFile, id)
	}
	return nil
}

// content looks at the schema's version, at whose the file is and, when that
// is cheap, at the whole file.
func (c *Config) content(ctx context.Context, db *dbsql.DB) error {
	if err := checkVersion(ctx, db); err != nil {
		return err
	}
	var version int
	if err := db.QueryRowContext(ctx, `SELECT max(version_id) FROM goose_db_version WHERE is_applied`).Scan(&version); err != nil {
		return err
	}
	if version > schemaVersion {
		return &home.Damage{Reason: "db_newer", Path: c.path(coreFile), Fatal: true, Message: fmt.Sprintf(
			"%s was written by a newer Latchkey (schema %d, this program knows %d); run that version or a newer one, nothing was changed",
			coreFile, version, schemaVersion)}
	}
	var instance string
	err := db.QueryRowContext(ctx, `SELECT value FROM meta WHERE key = $1`, metaInstance).Scan(&instance)
	if errors.Is(err, dbsql.ErrNoRows) {
		return c.damage("db_foreign", coreFile, "%s is nobody's: it has no instance id", coreFile)
	}
	if err != nil || folder.Size(c.path(coreFile)) > cheapCheck {
		return err
	}
	var verdict string
	if err := db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return c.damage("db_corrupt", coreFile, "%s is damaged: %s", coreFile, verdict)
	}
	return nil
}

// read makes Damage of what SQLite says when a file is not in order.
func (c *Config) read(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*home.Damage](err); ok {
		return err
	}
	// A missing table is damage as well: the schema was there when core.db got its name.
	if corrupt(err) || codeOf(err) == 1 || isCorruptRow(err) {
		return c.damage("db_corrupt", coreFile, "%s is damaged: %v", coreFile, err)
	}
	return fmt.Errorf("read core.db: %w", err)
}
