package sql

import (
	"context"
	dbsql "database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"

	"github.com/pressly/goose/v3"

	"latchkey/home"
	"latchkey/stores/sql/folder"
)

//go:embed migrations/*.sql
var migrations embed.FS

// schemaVersion is the newest schema that this program knows: the number of
// the last file in migrations.
const schemaVersion = 1

// The keys of table meta.
const (
	metaInstance = "instance"      // a random id of this home
	metaHistory  = "history"       // "made" once history.db exists
	metaRow      = "flushed_row"   // the journal row as of which current and head are
	metaTotal    = "flushed_total" // changes written up to that row, dropped rows included
)

const setMeta = `INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value`

// migrate brings the schema up to schemaVersion.
func migrate(ctx context.Context, c *Config, db *dbsql.DB) error {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, dir, goose.WithDisableGlobalRegistry(true), goose.WithSlog(c.Log))
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate core.db: %w", err)
	}
	return nil
}

// create makes core.db under another name and renames it when it is whole, so
// that there is never half of one.
func create(ctx context.Context, c *Config) error {
	next := c.path(coreFile + ".new")
	if err := c.fail("create.database"); err != nil {
		return err
	}
	if err := build(ctx, c, next); err != nil {
		return err
	}
	return install(c, next)
}

// build writes an empty database to path, over one that was left half made, and
// closes it.
func build(ctx context.Context, c *Config, path string) error {
	for _, suffix := range [...]string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("make core.db: %w", err)
		}
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("make core.db: %w", err)
	}
	if err := f.Close(); err != nil {
		return err
	}
	db, err := openSQLite(path, "mode=rw", "page_size("+strconv.Itoa(pageSize)+")", "journal_mode(WAL)", "synchronous(OFF)",
		"application_id("+strconv.Itoa(applicationID)+")")
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	err = migrate(ctx, c, db)
	if err == nil {
		_, err = db.ExecContext(ctx, setMeta, metaInstance, string(home.NewID()))
	}
	return errors.Join(err, db.Close())
}

// install syncs a finished database and gives it its name.
func install(c *Config, next string) error {
	if err := c.fail("create.sync"); err != nil {
		return err
	}
	f, err := os.OpenFile(next, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("sync the new core.db: %w", err)
	}
	if err := c.fail("create.rename"); err != nil {
		return err
	}
	if err := os.Rename(next, c.path(coreFile)); err != nil {
		return err
	}
	if err := c.fail("create.folder"); err != nil {
		return err
	}
	return folder.Sync(c.Dir)
}

// readMeta reads the whole of table meta.
func readMeta(ctx context.Context, db *dbsql.DB) (map[string]string, error) {
	rows, err := db.QueryContext(ctx, `SELECT key, value FROM meta`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	meta := map[string]string{}
	for rows.Next() {
		var k, v string
		if err := rows.Scan(&k, &v); err != nil {
			return nil, err
		}
		meta[k] = v
	}
	return meta, rows.Err()
}
