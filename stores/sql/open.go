package sql

import (
	"context"
	"errors"
	"fmt"
	"os"

	"latchkey/home"
	"latchkey/stores/sql/folder"
	"latchkey/stores/sql/history"
	"latchkey/stores/sql/journal"
)

// Open opens the store in c.Dir, making it when nothing says that there ever
// was one. It returns *home.Damage when the files cannot be trusted; nothing of
// them is changed then. A damaged history.db is no reason to refuse: it is set
// aside, and Notices says so.
func Open(ctx context.Context, c Config) (*Store, error) {
	c = c.withDefaults()
	if c.ReadOnly && !folder.Exists(c.Dir) {
		return nil, fmt.Errorf("there is no data folder %s", c.Dir)
	}
	lock, err := c.folder().Lock()
	if err != nil {
		return nil, err
	}
	s, err := open(ctx, &c)
	if err != nil {
		return nil, errors.Join(err, folder.Unlock(lock))
	}
	s.lock = lock
	s.start()
	return s, nil
}

// open opens the files of a folder that is locked, without starting anything.
func open(ctx context.Context, c *Config) (*Store, error) {
	m, err := c.folder().Marker()
	if err != nil {
		return nil, err
	}
	return openMarked(ctx, c, m)
}

// openMarked is open with the marker that the files are held against.
func openMarked(ctx context.Context, c *Config, m folder.Marker) (*Store, error) {
	found, err := inspect(ctx, c, m)
	if err == nil && !found {
		if c.ReadOnly {
			return nil, fmt.Errorf("there is no home in %s yet", c.Dir)
		}
		err = create(ctx, c)
	}
	if err != nil {
		return nil, err
	}
	s := &Store{cfg: *c, enc: journal.NewEncoder(), now: newValues(), kick: make(chan struct{}, 1), stop: func() {}}
	if err := s.connect(ctx, m); err != nil {
		return nil, errors.Join(c.read(err), s.release(false))
	}
	return s, nil
}

// connect opens core.db, compares it with the marker, and opens the history.
func (s *Store) connect(ctx context.Context, m folder.Marker) error {
	path := s.cfg.path(coreFile)
	if err := os.Chmod(path, 0o600); err != nil {
		return fmt.Errorf("keep core.db for the owner only: %w", err)
	}
	var err error
	if s.w, err = openWriter(ctx, path); err != nil {
		return err
	}
	if err := migrateIfNeeded(ctx, &s.cfg, s.w); err != nil {
		return err
	}
	if err := s.w.prepare(ctx); err != nil {
		return err
	}
	if s.read, err = openReaders(path); err != nil {
		return err
	}
	meta, err := s.load(ctx)
	if err != nil {
		return err
	}
	if err := s.compare(m); err != nil {
		return err
	}
	if err := s.openHistory(ctx, meta); err != nil {
		return err
	}
	return s.replay(ctx)
}

// compare holds what was found against the marker.
func (s *Store) compare(m folder.Marker) error {
	s.marked = m.Total
	if m.Instance == "" {
		return nil
	}
	if m.Instance != s.instance {
		return s.cfg.damage("db_foreign", coreFile, "%s is of another home (%s) than the marker %s (%s)", coreFile, s.instance, markerFile, m.Instance)
	}
	if s.total < m.Total {
		return s.cfg.damage("data_loss_suspected", coreFile, "%d acknowledged entries lost (marker %d, found %d)", m.Total-s.total, m.Total, s.total)
	}
	return nil
}

// openHistory opens history.db. A damaged one is set aside and made afresh:
// the house goes on without its past.
func (s *Store) openHistory(ctx context.Context, meta map[string]string) error {
	c := history.Config{Path: s.cfg.path(historyFile), Clock: s.cfg.Clock, Log: s.cfg.Log, Instance: s.instance,
		MustExist: meta[metaHistory] != "", Failpoint: s.cfg.historyFail()}
	h, err := history.Open(ctx, c)
	if d, ok := errors.AsType[*home.Damage](err); ok && !d.Fatal {
		dir, moved := s.cfg.folder().Quarantine()
		if moved == nil {
			moved = s.cfg.folder().SetAside(dir, historyFile)
		}
		if moved != nil {
			return errors.Join(err, moved)
		}
		s.notices = append(s.notices, fmt.Sprintf("the history could not be trusted and was moved to %s: %s", dir, d.Message))
		s.cfg.Log.Error("the history was set aside", "folder", dir, "error", err)
		c.MustExist = false
		h, err = history.Open(ctx, c)
	}
	if err != nil {
		return fmt.Errorf("open the history: %w", err)
	}
	s.history = h
	if meta[metaHistory] == "" {
		return s.exec(setMeta, metaHistory, "made")
	}
	return nil
}

// historyFail returns package history's failpoint.
func (c *Config) historyFail() func(string) error {
	if c.failpoint == nil {
		return nil
	}
	return func(step string) error { return c.failpoint("history." + step) }
}

// start begins the work in the background.
func (s *Store) start() {
	if s.cfg.ReadOnly {
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.done.Go(func() { s.upkeep(ctx) })
	s.done.Go(func() { s.seal(ctx) })
}
