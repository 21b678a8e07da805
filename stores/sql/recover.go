package sql

import (
	"context"
	"errors"
	"fmt"

	"latchkey/home"
	"latchkey/stores/sql/folder"
	"latchkey/stores/sql/journal"
)

// Remedy is what the owner decided to do about Damage.
type Remedy string

// The remedies.
const (
	// AcceptLoss goes on with what opens: a database that lost its end stays, one
	// that does not open is set aside and begun afresh.
	AcceptLoss Remedy = "accept-loss"
	// Salvage reads every record, audit row and journal row that still reads into
	// a fresh database; the damaged one is set aside.
	Salvage Remedy = "salvage"
)

// Recover carries how out in c.Dir, which no program may have open, and returns
// what it did, one line each. Nothing is deleted: damaged files move to the
// folder's quarantine. Fatal damage is returned as it is. When the files are in
// order it does nothing.
func Recover(ctx context.Context, c Config, how Remedy) ([]string, error) {
	if how != AcceptLoss && how != Salvage {
		return nil, home.Errorf(home.Invalid, "%.40q is not a remedy; choose %s or %s", how, AcceptLoss, Salvage)
	}
	c = c.withDefaults()
	lock, err := c.folder().Lock()
	if err != nil {
		return nil, err
	}
	done, err := recoverLocked(ctx, &c, how)
	return done, errors.Join(err, folder.Unlock(lock))
}

func recoverLocked(ctx context.Context, c *Config, how Remedy) ([]string, error) {
	s, err := open(ctx, c)
	if err == nil {
		return append(s.notices, "the files are in order; nothing was changed"), s.release(false)
	}
	d, ok := errors.AsType[*home.Damage](err)
	if !ok || d.Fatal {
		return nil, err
	}
	switch {
	case d.Reason == "data_loss_suspected":
		return acceptTorn(ctx, c)
	case how == AcceptLoss:
		return startAfresh(c)
	case d.Reason == "db_corrupt":
		return salvage(ctx, c)
	}
	return nil, fmt.Errorf("there is nothing to salvage: %w", d)
}

// startAfresh sets everything aside, so that the next Open makes a new home.
// The history goes too: a new home gives its features' numbers anew.
func startAfresh(c *Config) ([]string, error) {
	dir, err := c.folder().Quarantine()
	if err != nil {
		return nil, err
	}
	// The marker goes last: until then it says that there was data.
	if err := c.folder().SetAside(dir, coreFile, historyFile, markerFile); err != nil {
		return nil, err
	}
	return []string{"the damaged files were moved to " + dir, "the next start makes a new, empty home"}, nil
}

// acceptTorn keeps a database that lost its end.
func acceptTorn(ctx context.Context, c *Config) ([]string, error) {
	m, err := c.folder().Marker()
	if err != nil {
		return nil, err
	}
	return restart(ctx, c, m)
}

// restart makes a database that lost something fit to go on. The numbers of
// what was lost are not given again: the houses' heads move on, and the log
// begins anew, so that a subscriber learns of the gap.
func restart(ctx context.Context, c *Config, m folder.Marker) ([]string, error) {
	s, err := openMarked(ctx, c, folder.Marker{Instance: m.Instance})
	if err != nil {
		return nil, err
	}
	done := s.notices
	lost := m.Total - min(m.Total, s.total)
	s.forgetLog(lost)
	err = s.w.atomically(ctx, s.writeRestart)
	if err == nil {
		err = s.mark() // last: until now the old marker tells of the loss
	}
	if err := errors.Join(err, s.release(false)); err != nil {
		return done, err
	}
	if lost > 0 {
		done = append(done, fmt.Sprintf("the loss of %d acknowledged changes was accepted", lost))
	}
	return append(done, "the order numbers move on, so that nothing gets a number that was lost"), nil
}

// forgetLog moves the heads on and empties the log's index.
func (s *Store) forgetLog(lost uint64) {
	for house := range s.now.heads {
		s.now.heads[house] += lost + era
	}
	s.index = journal.Index{}
	s.marked = 0
}

func (s *Store) writeRestart() error {
	if err := s.exec(`DELETE FROM stretch`); err != nil {
		return err
	}
	return s.writeTables()
}
