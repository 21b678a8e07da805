// Package sql keeps a home in two SQLite files: core.db, with the records, the
// journal, the audit rows and the current values, and history.db, with the
// histories packed into chunks.
//
// Each group is one transaction with one journal row. The histories, the
// current values and the houses' heads follow from the journal: they are kept
// in memory, written now and then, and brought up to date from the journal at
// the start.
package sql

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"latchkey/home"
	"latchkey/stores/sql/folder"
)

// The files of a store's folder.
const (
	coreFile    = "core.db"
	historyFile = "history.db"
	markerFile  = "acked.seq"
	ballastFile = "ballast"
)

// ballastSize is what is kept to be given up on a full disk.
const ballastSize = 16 << 20

// retryAfter is how long a caller should wait when the disk takes nothing.
const retryAfter = 30 * time.Second

// Config says where a store lives.
type Config struct {
	// Dir is the folder of the store's files. It is made, for the owner only,
	// when it does not exist.
	Dir string
	// Clock tells the time. nil = time.Now.
	Clock home.Clock
	// Log hears of what the store does in the background. nil = silence.
	Log *slog.Logger
	// ReadOnly opens a store to look at it: Write answers Unavailable with
	// reason "storage_readonly", and nothing runs in the background. The folder
	// is locked all the same, and one without a home is an error.
	ReadOnly bool

	// failpoint is asked before each step that touches the disk, by the step's
	// name; nil in the product.
	failpoint func(name string) error
}

func (c Config) withDefaults() Config {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

func (c *Config) folder() *folder.Folder {
	return &folder.Folder{Dir: c.Dir, Clock: c.Clock, Fail: c.failpoint}
}

func (c *Config) path(name string) string { return filepath.Join(c.Dir, name) }

// fail returns the error that stands for the step's failure.
func (c *Config) fail(step string) error {
	if c.failpoint == nil {
		return nil
	}
	return c.failpoint(step)
}

// steps lists the names that failpoint is called with, those of package
// history with "history." before them apart. A step of afterwards cannot fail
// any more: only a crash is possible there.
func steps() []string {
	return []string{
		"create.database", "create.sync", "create.rename", "create.folder",
		"write.begin", "write.journal", "write.record", "write.audit", "write.commit",
		"marker.write", "marker.sync", "marker.rename", "marker.folder",
		"flush.begin", "flush.current", "flush.stretch", "flush.meta", "flush.commit",
		"trim.begin", "trim.journal", "trim.stretch", "trim.commit",
		"ballast.write", "ballast.sync", "ballast.remove",
	}
}

// afterwards lists the steps between a commit and its answer.
func afterwards() []string { return []string{"write.committed", "flush.committed", "trim.committed"} }

// damage makes the Damage of a file, with what to do about it.
func (c *Config) damage(reason, file, format string, args ...any) *home.Damage {
	return &home.Damage{Reason: reason, Path: c.path(file), Message: fmt.Sprintf(format, args...) +
		"; restore the latest verified backup, salvage what still reads, or accept the loss"}
}
