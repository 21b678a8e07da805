package history_test

import (
	"database/sql"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"latchkey/home"
	"latchkey/stores/sql/history"
)

// written makes a sealed file and returns its path and what it holds.
func written(t *testing.T, dir string) (string, model) {
	path := filepath.Join(dir, "history.db")
	h, err := feed(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	verifyOpen(t, h)
	m := model{}
	for _, r := range journal() {
		m.apply(r)
	}
	return path, m
}

// change alters the file at path.
func change(t *testing.T, path string, f func([]byte) []byte) {
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, f(b), 0o600); err != nil {
		t.Fatal(err)
	}
}

func query(t *testing.T, path, text string) {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(text); err != nil {
		t.Fatal(err)
	}
}

func TestDamage(t *testing.T) {
	for _, c := range []struct {
		name, reason string
		fatal        bool
		spoil        func(t *testing.T, path string)
	}{
		{"gone", "db_empty_but_marker", false, func(t *testing.T, path string) { os.Remove(path) }},
		{"empty", "db_empty_but_marker", false, func(t *testing.T, path string) {
			change(t, path, func(b []byte) []byte { return nil })
		}},
		{"header", "db_corrupt", false, func(t *testing.T, path string) {
			change(t, path, func(b []byte) []byte { copy(b, "not a database any more"); return b })
		}},
		{"half", "db_corrupt", false, func(t *testing.T, path string) {
			change(t, path, func(b []byte) []byte { return b[:len(b)/2] })
		}},
		{"last page", "db_corrupt", false, func(t *testing.T, path string) {
			change(t, path, func(b []byte) []byte { return b[:len(b)-8192] })
		}},
		{"zeros", "db_corrupt", false, func(t *testing.T, path string) {
			change(t, path, func(b []byte) []byte { clear(b); return b })
		}},
		{"foreign", "db_foreign", false, func(t *testing.T, path string) { query(t, path, "PRAGMA application_id = 7") }},
		{"other home", "db_foreign", false, func(t *testing.T, path string) { query(t, path, "UPDATE meta SET instance = 'other'") }},
		{"newer", "db_newer", true, func(t *testing.T, path string) { query(t, path, "PRAGMA user_version = 99") }},
		{"no table", "db_corrupt", false, func(t *testing.T, path string) { query(t, path, "DROP TABLE span") }},
		{"no row", "db_corrupt", false, func(t *testing.T, path string) { query(t, path, "DELETE FROM meta") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			path, _ := written(t, t.TempDir())
			c.spoil(t, path)
			instance := ""
			if c.name == "other home" {
				instance = "mine"
			}
			h, err := history.Open(ctx, history.Config{Path: path, MustExist: true, Instance: instance})
			if h != nil {
				h.Close()
			}
			d, ok := errors.AsType[*home.Damage](err)
			if !ok || d.Reason != c.reason || d.Fatal != c.fatal || d.Path != path {
				t.Fatalf("%#v, want %s", err, c.reason)
			}
		})
	}
}

// TestFlips turns single bits: whatever is then read without a complaint is what
// was written.
func TestFlips(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	h := open(t, history.Config{Path: path})
	rnd := rand.New(rand.NewPCG(5, 6))
	all := row{id: 1, points: many(20_000, func(i int) home.Point {
		p := one(1+uint32(i%3), uint64(i+1), home.Time(i*1000+rnd.IntN(900)))
		p.Value = home.Num(rnd.Float64())
		return p
	})}
	m := model{}
	m.apply(all)
	if err := all.apply(h); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(h.Seal(ctx, true), h.Close()); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for range 80 {
		at := rnd.IntN(len(good) * 8)
		bad := append([]byte(nil), good...)
		bad[at/8] ^= 1 << (at % 8)
		file := filepath.Join(t.TempDir(), "history.db")
		if err := os.WriteFile(file, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if ok, err := flipped(file, m); !ok {
			seen++
		} else if err != nil {
			t.Errorf("bit %d of %d: %v", at, len(good)*8, err)
		}
	}
	if seen < 25 { // the others lie where pages are empty
		t.Errorf("only %d of 80 flips were noticed", seen)
	}
}

// flipped reports whether a file passes every check, and then whether it reads
// as it was written.
func flipped(path string, m model) (bool, error) {
	h, err := history.Open(ctx, history.Config{Path: path})
	if err != nil {
		return false, nil
	}
	defer h.Close()
	if lines, err := h.Check(ctx); err != nil || len(lines) > 0 {
		return false, nil
	}
	for f := uint32(1); f <= 3; f++ {
		if err := diffPoints(h, m, home.PointQuery{Feature: f, From: -1}); err != nil {
			return true, err
		}
	}
	return true, nil
}

func TestMode(t *testing.T) {
	path, _ := written(t, t.TempDir())
	h := open(t, history.Config{Path: path})
	h.Add(1000, []home.Point{one(1, 1_000_000, 1_000_000)})
	if err := h.Seal(ctx, true); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		st, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if st.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", path+suffix, st.Mode().Perm())
		}
	}
}
