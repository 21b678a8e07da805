package sql

import "context"

// The inside that the tests need.

func (c *Config) SetFailpoint(f func(step string) error) { c.failpoint = f }

func Steps() []string      { return steps() }
func Afterwards() []string { return afterwards() }

// Seal packs the history at once, the short features too.
func (s *Store) Seal(ctx context.Context) error { return s.history.Seal(ctx, true) }

func (s *Store) Flush() error { return s.flush() }
func (s *Store) Mark() error  { return s.mark() }
func (s *Store) Trim() (bool, error) {
	return s.trim()
}
func (s *Store) KeepBallast() error { return s.keepBallast() }

func VersionAtLeast(v string) error { return versionAtLeast(v, oldestSQLite()) }

const SchemaVersion = schemaVersion
