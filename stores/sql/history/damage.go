package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"latchkey/home"
	"latchkey/stores/sql/history/chunk"
)

// oldestSQLite is the first version whose WAL cannot be corrupted by two
// checkpoints at once.
const oldestSQLite = 3_051_003

// inspect refuses a file that is not ours, is newer than this program or has
// lost its end.
func inspect(ctx context.Context, cfg *Config, db *sql.DB) error {
	if n := sqlite3.SQLITE_VERSION_NUMBER; n < oldestSQLite {
		return fmt.Errorf("SQLite %d is too old: %d is the first without the WAL-reset fault", n, oldestSQLite)
	}
	var app, version, pages, size int64
	for _, p := range [...]struct {
		name string
		to   *int64
	}{{"application_id", &app}, {"user_version", &version}, {"page_count", &pages}, {"page_size", &size}} {
		if err := db.QueryRowContext(ctx, "PRAGMA "+p.name).Scan(p.to); err != nil {
			return fmt.Errorf("read %s: %w", p.name, err)
		}
	}
	switch {
	case app != applicationID:
		return damage(cfg, "db_foreign", "the file is a database of another program")
	case version > format:
		d := damage(cfg, "db_newer", fmt.Sprintf("the file has format %d, and this program knows %d", version, format))
		d.Fatal = true
		return d
	case version != format:
		return damage(cfg, "db_corrupt", "the file has no format number")
	}
	return inspectInside(ctx, cfg, db, pages*size)
}

func inspectInside(ctx context.Context, cfg *Config, db *sql.DB, size int64) error {
	var instance string
	if err := db.QueryRowContext(ctx, "SELECT instance FROM meta").Scan(&instance); err != nil {
		return fmt.Errorf("read the home's name: %w", err)
	}
	if cfg.Instance != "" && instance != cfg.Instance {
		return damage(cfg, "db_foreign", "the file belongs to another home")
	}
	// Bring the WAL in, so that the one file must be as long as it says.
	var busy, frames, moved int64
	if err := db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(FULL)").Scan(&busy, &frames, &moved); err != nil {
		return fmt.Errorf("bring the WAL in: %w", err)
	}
	st, err := os.Stat(cfg.Path)
	if err != nil {
		return err
	}
	if busy == 0 && st.Size() < size {
		return damage(cfg, "db_corrupt", fmt.Sprintf("the file has %d bytes of %d", st.Size(), size))
	}
	return nil
}

// damage words what was found.
func damage(cfg *Config, reason, found string) *home.Damage {
	return &home.Damage{Reason: reason, Path: cfg.Path, Message: fmt.Sprintf(
		"%s: %s; put the last good backup in its place, or move the file away to begin a new history", cfg.Path, found)}
}

// damageOf turns SQLite's own complaints into *home.Damage.
func damageOf(cfg *Config, err error) error {
	if errors.Is(err, sql.ErrNoRows) || errors.Is(err, chunk.ErrDamaged) {
		return damage(cfg, "db_corrupt", err.Error())
	}
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return err
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR:
		return damage(cfg, "db_corrupt", e.Error())
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		d := damage(cfg, "db_locked", "another program uses the file")
		d.Fatal = true
		return d
	}
	return err
}
