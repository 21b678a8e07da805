// Package stores lists the ways to keep what a server knows.
package stores

import (
	"context"
	"log/slog"

	"latchkey/home"
	"latchkey/stores/memory"
	"latchkey/stores/sql"
)

// Config says where a store keeps its files, if it has any.
type Config struct {
	Dir   string
	Clock home.Clock   // nil = time.Now
	Log   *slog.Logger // nil = silence
}

// Kind is one kind of store. Open returns *home.Damage when the stored files
// cannot be trusted.
type Kind struct {
	Name string
	Open func(ctx context.Context, c Config) (home.Store, error)
}

// All returns every kind; the first one is the usual one. A new one is a folder
// and a line here.
func All() []Kind {
	return []Kind{
		{"sql", func(ctx context.Context, c Config) (home.Store, error) {
			s, err := sql.Open(ctx, sql.Config{Dir: c.Dir, Clock: c.Clock, Log: c.Log})
			if err != nil {
				return nil, err // not a nil *sql.Store in an interface
			}
			return s, nil
		}},
		{"memory", func(context.Context, Config) (home.Store, error) { return memory.New(), nil }},
	}
}
