package sql_test

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"latchkey/home"
	"latchkey/stores/sql"
	"latchkey/stores/storetest"
)

func open(t testing.TB, dir string) *sql.Store {
	t.Helper()
	s, err := sql.Open(context.Background(), sql.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func write(t testing.TB, s home.Store, g home.Group) {
	t.Helper()
	if err := s.Write(context.Background(), &g); err != nil {
		t.Fatal(err)
	}
}

// TestStore runs the suite with restarts after a proper end, which packs the
// history, and after a sudden one, from the files as they are.
func TestStore(t *testing.T) {
	for name, sudden := range map[string]bool{"closed": false, "cut off": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var dirs sync.Map
			openAt := func(t *testing.T, dir string) home.Store {
				s := open(t, dir)
				dirs.Store(s, dir)
				return s
			}
			storetest.Run(t, storetest.Subject{
				Open: func(t *testing.T) home.Store { return openAt(t, t.TempDir()) },
				Reopen: func(t *testing.T, s home.Store) home.Store {
					at, _ := dirs.Load(s)
					dir := at.(string)
					if sudden {
						image := t.TempDir()
						copyFolder(t, image, dir)
						dir = image
					}
					if err := s.Close(); err != nil {
						t.Fatal(err)
					}
					return openAt(t, dir)
				},
			})
		})
	}
}

func TestNothingLeaks(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	s := open(t, t.TempDir())
	write(t, s, home.Group{Events: []home.Event{{Seq: 1, House: "a", Type: "custom.x"}}})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "home")
	s := open(t, dir)
	write(t, s, home.Group{Events: []home.Event{{Seq: 1, House: "a", Type: "custom.x"}}})
	if err := s.Mark(); err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(dir)
	if err != nil || st.Mode().Perm() != 0o700 {
		t.Errorf("the folder has mode %v, %v", st.Mode(), err)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if i, err := f.Info(); err != nil || i.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", f.Name(), i.Mode(), err)
		}
	}
	if len(files) < 5 {
		t.Errorf("only %d files", len(files))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"core.db-wal", "history.db-wal"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s is left after a proper end", name)
		}
	}
}
