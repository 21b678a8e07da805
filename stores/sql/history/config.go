package history

import (
	"log/slog"
	"time"

	"latchkey/home"
)

// Config says where a history lives and how it behaves.
type Config struct {
	// Path is the database file. Its folder exists.
	Path string
	// Clock tells how long a point has waited. nil = time.Now.
	Clock home.Clock
	// Log hears of what went wrong in the background. nil = silence.
	Log *slog.Logger
	// Instance names the home that the file belongs to. It is written when the
	// file is made; a file of another home is refused. "" = not looked at.
	Instance string
	// MustExist says that the file has been made before: without it, it would be
	// made again in silence.
	MustExist bool
	// MaxAge is how long a point may wait to be sealed. 0 = 1 hour.
	MaxAge time.Duration
	// MaxPending is how many points may wait in all. 0 = 200,000.
	MaxPending int
	// Failpoint is called with one of Failpoints before each step that touches
	// the disk; its error stands for the step's failure. nil in the product.
	Failpoint func(name string) error
}

func (c Config) withDefaults() Config {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.MaxAge <= 0 {
		c.MaxAge = time.Hour
	}
	if c.MaxPending <= 0 {
		c.MaxPending = 200_000
	}
	if c.Failpoint == nil {
		c.Failpoint = func(string) error { return nil }
	}
	return c
}

// Failpoints lists the names that Config.Failpoint is called with.
var Failpoints = [...]string{
	"create.write", "create.sync", "create.rename", "create.folder",
	"seal.begin", "seal.chunk", "seal.span", "seal.drop", "seal.series", "seal.floor", "seal.commit", "seal.committed",
}
