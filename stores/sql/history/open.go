package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
)

// Open opens the history at cfg.Path, or makes it. Serve is to be run beside
// it, and the journal's rows from Floor on are to be added again. It returns
// *home.Damage when the file cannot be trusted or is not one of ours.
func Open(ctx context.Context, cfg Config) (*History, error) {
	cfg = cfg.withDefaults()
	if err := prepare(ctx, &cfg); err != nil {
		return nil, err
	}
	h := &History{cfg: cfg, turn: make(chan struct{}, 1), nudge: make(chan struct{}, 1), series: map[uint32]*series{}}
	h.closed, h.close = context.WithCancel(context.WithoutCancel(ctx))
	h.ended = sync.OnceValue(h.end)
	if err := h.connect(ctx); err != nil {
		h.close()
		_ = h.giveUp() // err says more
		return nil, damageOf(&cfg, err)
	}
	return h, nil
}

// connect opens the connections and reads where each feature stands.
func (h *History) connect(ctx context.Context) (err error) {
	if h.write, err = sql.Open("sqlite", dsn(h.cfg.Path, "rw", "wal_autocheckpoint(4000)", "journal_size_limit(67108864)", "cache_size(-8000)")); err != nil {
		return err
	}
	h.write.SetMaxOpenConns(1)
	if err := inspect(ctx, &h.cfg, h.write); err != nil {
		return err
	}
	if h.w, err = newWriter(ctx, &h.cfg, h.write); err != nil {
		return err
	}
	if h.read, err = sql.Open("sqlite", dsn(h.cfg.Path, "ro", "query_only(1)")); err != nil {
		return err
	}
	h.read.SetMaxOpenConns(4)
	h.read.SetMaxIdleConns(4)
	for _, p := range [...]struct {
		stmt **sql.Stmt
		text string
	}{
		{&h.pages[0], pageOldest},
		{&h.pages[1], pageNewest},
		{&h.sums.tail, sumTail},
		{&h.sums.spans, sumSpans},
		{&h.sums.bodies, sumBodies},
	} {
		if *p.stmt, err = h.read.PrepareContext(ctx, p.text); err != nil {
			return err
		}
	}
	return h.load(ctx)
}

// giveUp closes what connect had opened.
func (h *History) giveUp() error {
	var errs []error
	if h.w != nil {
		errs = append(errs, h.w.close())
	}
	for _, db := range [...]*sql.DB{h.read, h.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// load reads the features' states.
func (h *History) load(ctx context.Context) error {
	if err := h.read.QueryRowContext(ctx, `SELECT floor FROM meta`).Scan(&h.row); err != nil {
		return fmt.Errorf("read the floor: %w", err)
	}
	rows, err := h.read.QueryContext(ctx, `SELECT feature, mark_row, mark_seq, erased, next, points, last_at, last_seq, tail_points FROM series`)
	if err != nil {
		return fmt.Errorf("read the features: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var num uint32
		var s state
		var seq, lastSeq int64
		if err := rows.Scan(&num, &s.row, &seq, &s.erased, &s.next, &s.chunks, &s.last.At, &lastSeq, &s.tail); err != nil {
			return err
		}
		s.seq, s.last.Seq = uint64(seq), uint64(lastSeq)
		h.series[num] = &series{state: s}
		h.points += s.chunks + s.tail
	}
	return rows.Err()
}

// dsn names the file and how a connection to it is set up. The driver sets
// busy_timeout before the others.
func dsn(path, mode string, pragmas ...string) string {
	q := url.Values{"mode": {mode}, "_pragma": append([]string{"busy_timeout(5000)", "synchronous(FULL)", "mmap_size(0)"}, pragmas...)}
	abs, err := filepath.Abs(path)
	if err != nil {
		abs = path
	}
	return (&url.URL{Scheme: "file", Path: abs, RawQuery: q.Encode()}).String()
}

// prepare makes the file if there is none, and looks at what can be seen from
// outside.
func prepare(ctx context.Context, cfg *Config) error {
	st, err := os.Stat(cfg.Path)
	switch {
	case errors.Is(err, os.ErrNotExist) && !cfg.MustExist:
		return create(ctx, cfg)
	case errors.Is(err, os.ErrNotExist):
		return damage(cfg, "db_empty_but_marker", "the history file is gone")
	case err != nil:
		return fmt.Errorf("open the history: %w", err)
	case st.Size() == 0:
		return damage(cfg, "db_empty_but_marker", "the history file is empty")
	}
	return nil
}

// create builds the file beside its place and moves it there, so that a file in
// its place is always whole.
func create(ctx context.Context, cfg *Config) error {
	fresh := cfg.Path + ".new"
	for _, suffix := range [...]string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(fresh + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("make the history: %w", err)
		}
	}
	steps := [...]struct {
		point string
		do    func() error
	}{
		{"create.write", func() error { return fill(ctx, cfg, fresh) }},
		{"create.sync", func() error { return syncFile(fresh) }},
		{"create.rename", func() error { return os.Rename(fresh, cfg.Path) }},
		{"create.folder", func() error { return syncFile(filepath.Dir(cfg.Path)) }},
	}
	for _, s := range steps {
		err := cfg.Failpoint(s.point)
		if err == nil {
			err = s.do()
		}
		if err != nil {
			return fmt.Errorf("make the history: %s: %w", s.point, err)
		}
	}
	return nil
}

// fill writes the schema into a new file that only its owner may read.
func fill(ctx context.Context, cfg *Config, path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", dsn(path, "rw"))
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	for _, text := range [...]string{
		fmt.Sprintf("PRAGMA page_size = %d", pageSize),
		fmt.Sprintf("PRAGMA application_id = %d", applicationID),
		"PRAGMA journal_mode = WAL",
		schema,
		fmt.Sprintf("PRAGMA user_version = %d", format),
	} {
		if _, err := db.ExecContext(ctx, text); err != nil {
			return fmt.Errorf("%.40s: %w", text, err)
		}
	}
	if _, err := db.ExecContext(ctx, `INSERT INTO meta (one, instance, floor) VALUES (1, $1, 0)`, cfg.Instance); err != nil {
		return err
	}
	return db.Close() // checkpoints, so that the one file is everything
}

func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
