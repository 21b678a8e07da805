package sql_test

import (
	"bytes"
	"context"
	dbsql "database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/home"
	"latchkey/stores/sql"
)

const groupsInImage = 200

// image makes a folder with 200 groups, either as a sudden end leaves it, with
// everything in the write-ahead logs, or properly closed.
func image(t testing.TB, closed bool) string {
	t.Helper()
	dir := t.TempDir()
	s := open(t, dir)
	for i := range groupsInImage {
		write(t, s, group(i+1))
	}
	if err := s.Mark(); err != nil {
		t.Fatal(err)
	}
	if closed {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	to := t.TempDir()
	copyFolder(t, to, dir)
	return to
}

func spoiled(t *testing.T, from string, spoil func(dir string)) string {
	t.Helper()
	dir := t.TempDir()
	copyFolder(t, dir, from)
	spoil(dir)
	return dir
}

// change rewrites a file.
func change(t *testing.T, path string, f func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, f(b), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func tryOpen(dir string) (*sql.Store, *home.Damage, error) {
	s, err := sql.Open(context.Background(), sql.Config{Dir: dir})
	d, _ := errors.AsType[*home.Damage](err)
	return s, d, err
}

func wantDamage(t *testing.T, dir, reason string) *home.Damage {
	t.Helper()
	s, d, err := tryOpen(dir)
	if err == nil {
		_ = s.Close()
	}
	if d == nil || d.Reason != reason {
		t.Fatalf("open: %v, want damage %s", err, reason)
	}
	return d
}

func accept(t *testing.T, dir string) {
	t.Helper()
	if _, err := sql.Recover(context.Background(), sql.Config{Dir: dir}, sql.AcceptLoss); err != nil {
		t.Fatal(err)
	}
}

// TestTornLog cuts the write-ahead log, or overwrites a part of it. SQLite
// takes the sound beginning without a word; the store says how much is lost.
func TestTornLog(t *testing.T) {
	from := image(t, false)
	says := regexp.MustCompile(`^(\d+) acknowledged entries lost \(marker (\d+), found (\d+)\)`)
	var losses sync.Map
	for seed := range uint64(20) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			dir := spoiled(t, from, func(dir string) {
				change(t, filepath.Join(dir, "core.db-wal"), func(b []byte) []byte {
					at := r.IntN(len(b) - 8)
					if seed%2 == 0 {
						return b[:at]
					}
					for i := range 8 {
						b[at+i] = byte(r.Uint32())
					}
					return b
				})
			})
			s, d, err := tryOpen(dir)
			if err == nil { // the part was not in use any more
				if n := verifyOpen(t, s); n != groupsInImage {
					t.Errorf("%d groups and no word of a loss", n)
				}
				_ = s.Close()
				return
			}
			if d == nil || d.Reason != "data_loss_suspected" {
				t.Fatalf("open: %v", err)
			}
			m := says.FindStringSubmatch(d.Message)
			if m == nil {
				t.Fatalf("the message is %q", d.Message)
			}
			losses.Store(seed, m[1])
			found, _ := strconv.Atoi(m[3])
			if m[2] != strconv.Itoa(groupsInImage*5+groupsInImage/10) {
				t.Errorf("the marker is %s", m[2])
			}
			accept(t, dir)
			afterLoss(t, dir, found)
		})
	}
	n := 0
	losses.Range(func(any, any) bool { n++; return true })
	if n < 15 {
		t.Errorf("only %d of 20 torn logs were found out", n)
	}
}

// afterLoss checks that what was left is there and that no number is used twice.
func afterLoss(t *testing.T, dir string, found int) {
	t.Helper()
	s := open(t, dir)
	notes := 0
	if err := s.Records(t.Context(), home.RecordQuery{Kind: "note"}, func(home.Record) error { notes++; return nil }); err != nil {
		t.Fatal(err)
	}
	if notes != (found+4)/5 && notes != (found-notes/10)/5 {
		t.Errorf("%d records of %d changes", notes, found)
	}
	heads, err := s.Heads(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if notes > 0 && heads["a"] <= 3*groupsInImage {
		t.Errorf("the next number is %d: it was given before", heads["a"]+1)
	}
	if _, err := s.Log(t.Context(), "a", 0, 10, func(e home.Entry) error { return fmt.Errorf("the log gives %d", e.Seq()) }); err != nil {
		t.Error(err)
	}
	at := home.Time(1_900_000_000_000)
	write(t, s, home.Group{Points: []home.Point{{House: "a", Feature: 1, Seq: heads["a"] + 1, At: at, Value: home.Num(7), History: true}}})
	seen := 0
	err = s.Points(t.Context(), home.PointQuery{Feature: 1, From: at}, func(home.Sample) error { seen++; return nil })
	if err != nil || seen != 1 {
		t.Errorf("a point written after the loss: %d, %v", seen, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
}

func TestMissingFiles(t *testing.T) {
	from := image(t, true)
	empty := func(name string) func(string) {
		return func(dir string) { change(t, filepath.Join(dir, name), func([]byte) []byte { return nil }) }
	}
	remove := func(names ...string) func(string) {
		return func(dir string) {
			for _, name := range names {
				if err := os.Remove(filepath.Join(dir, name)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for name, spoil := range map[string]func(string){
		"empty core.db":            empty("core.db"),
		"no core.db":               remove("core.db"),
		"no core.db and no marker": remove("core.db", "acked.seq"),
		"only the marker":          remove("core.db", "history.db"),
	} {
		t.Run(name, func(t *testing.T) {
			dir := spoiled(t, from, spoil)
			wantDamage(t, dir, "db_empty_but_marker")
			wantDamage(t, dir, "db_empty_but_marker") // nothing was changed
			if _, err := sql.Recover(t.Context(), sql.Config{Dir: dir}, sql.Salvage); err == nil {
				t.Error("there was something to salvage")
			}
			accept(t, dir)
			if n := verify(t, dir); n != 0 {
				t.Errorf("a new home has %d groups", n)
			}
		})
	}
	for name, spoil := range map[string]func(string){"empty history.db": empty("history.db"), "no history.db": remove("history.db")} {
		t.Run(name, func(t *testing.T) {
			dir := spoiled(t, from, spoil)
			s := open(t, dir)
			if len(s.Notices()) != 1 || !strings.Contains(s.Notices()[0], "quarantine") {
				t.Errorf("notices: %q", s.Notices())
			}
			write(t, s, group(groupsInImage+1))
			_ = s.Close()
			if n := len(open(t, dir).Notices()); n != 0 {
				t.Errorf("%d notices at the next start", n)
			}
		})
	}
}

// content is all that a store answers; an error is an answer too.
func content(s *sql.Store) (list []string, err error) {
	ctx := context.Background()
	add := func(v any) { b, _ := json.Marshal(v); list = append(list, string(b)) }
	errs := []error{
		s.Records(ctx, home.RecordQuery{}, func(r home.Record) error { add(r); return nil }),
		s.Audits(ctx, "", 0, 1<<20, func(a home.Audit) error { add(a); return nil }),
		s.Current(ctx, func(p home.Point) error { add(p); return nil }),
	}
	for f := range uint32(3) {
		errs = append(errs, s.Points(ctx, home.PointQuery{Feature: f}, func(p home.Sample) error { add(p); return nil }))
	}
	_, err = s.Log(ctx, "a", 0, 1<<20, func(e home.Entry) error { add(e); return nil })
	return list, errors.Join(append(errs, err)...)
}

// TestSpoiledFiles damages core.db in four ways and history.db in one. Each time
// the store refuses, or says so when asked, or nothing that it answers is wrong.
func TestSpoiledFiles(t *testing.T) {
	from := image(t, true)
	s := open(t, spoiled(t, from, func(string) {}))
	want, err := content(s)
	if err != nil {
		t.Fatal(err)
	}
	spoils := map[string]func(r *rand.Rand, b []byte) []byte{
		"header": func(r *rand.Rand, b []byte) []byte { b[r.IntN(16)] ^= byte(1 + r.IntN(255)); return b },
		"cut":    func(r *rand.Rand, b []byte) []byte { return b[:len(b)/2+r.IntN(64)] },
		"zeros": func(r *rand.Rand, b []byte) []byte {
			page := r.IntN(len(b)/8192) * 8192
			clear(b[page : page+8192])
			return b
		},
		"bit": func(r *rand.Rand, b []byte) []byte { b[r.IntN(len(b))] ^= 1 << r.IntN(8); return b },
	}
	for kind, spoil := range spoils {
		for _, name := range []string{"core.db", "history.db"} {
			if name == "history.db" && kind != "bit" && kind != "zeros" {
				continue
			}
			t.Run(name+" "+kind, func(t *testing.T) {
				t.Parallel()
				for seed := range uint64(20) {
					r := rand.New(rand.NewPCG(seed, 2))
					dir := spoiled(t, from, func(dir string) {
						change(t, filepath.Join(dir, name), func(b []byte) []byte { return spoil(r, b) })
					})
					if why := honest(t, dir, want); why != "" {
						t.Errorf("seed %d: %s", seed, why)
					}
				}
			})
		}
	}
}

// honest opens a damaged folder and returns what is wrong with the answers.
func honest(t *testing.T, dir string, want []string) string {
	t.Helper()
	s, d, err := tryOpen(dir)
	if err != nil {
		if d == nil {
			return "open: " + err.Error()
		}
		if d.Fatal {
			return "fatal: " + d.Message
		}
		accept(t, dir)
		s = open(t, dir)
		_ = s.Close()
		return ""
	}
	defer func() { _ = s.Close() }()
	if len(s.Notices()) > 0 {
		return ""
	}
	got, err := content(s)
	if err != nil {
		return ""
	}
	found, err := s.Check(t.Context())
	if err != nil || len(found) > 0 {
		return ""
	}
	return cmp.Diff(want, got)
}

func TestTwoInstances(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	d := wantDamage(t, dir, "db_locked")
	if !d.Fatal || !strings.Contains(d.Message, fmt.Sprint("process ", os.Getpid())) {
		t.Errorf("damage: %+v", d)
	}
	if _, err := sql.Recover(t.Context(), sql.Config{Dir: dir}, sql.AcceptLoss); err == nil {
		t.Error("recovered a store in use")
	}
	_ = s.Close()
	open(t, dir)
}

func TestNewerSchema(t *testing.T) {
	dir := image(t, true)
	inside(t, dir, fmt.Sprintf(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (%d, 1)`, sql.SchemaVersion+1))
	before, err := os.ReadFile(filepath.Join(dir, "core.db"))
	if err != nil {
		t.Fatal(err)
	}
	if d := wantDamage(t, dir, "db_newer"); !d.Fatal {
		t.Error("a newer file may be got over")
	}
	if _, err := sql.Recover(t.Context(), sql.Config{Dir: dir}, sql.AcceptLoss); err == nil {
		t.Error("the loss of a newer file was accepted")
	}
	after, err := os.ReadFile(filepath.Join(dir, "core.db"))
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the newer file was changed, %v", err)
	}
}

func inside(t *testing.T, dir, text string) {
	t.Helper()
	db, err := dbsql.Open("sqlite", "file:"+filepath.Join(dir, "core.db")+"?mode=rw")
	if err == nil {
		_, err = db.Exec(text)
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestForeignFile(t *testing.T) {
	dir := image(t, true)
	inside(t, dir, `PRAGMA application_id = 1`)
	wantDamage(t, dir, "db_foreign")

	other := image(t, true)
	mine := image(t, true)
	change(t, filepath.Join(mine, "core.db"), func([]byte) []byte {
		b, _ := os.ReadFile(filepath.Join(other, "core.db"))
		return b
	})
	wantDamage(t, mine, "db_foreign")
	accept(t, mine)
	if n := verify(t, mine); n != 0 {
		t.Errorf("%d groups", n)
	}
}

func TestSQLiteVersion(t *testing.T) {
	for v, ok := range map[string]bool{"3.51.2": false, "3.40.1": false, "2.99.99": false, "3.51.3": true, "3.51.10": true, "3.53.4": true, "4.0.0": true, "": false} {
		if err := sql.VersionAtLeast(v); (err == nil) != ok {
			t.Errorf("version %s: %v", v, err)
		}
	}
}

// TestSalvage overwrites pages in the middle of core.db.
func TestSalvage(t *testing.T) {
	from := image(t, true)
	var kept, total int
	for seed := range uint64(10) {
		dir := spoiled(t, from, func(dir string) {
			change(t, filepath.Join(dir, "core.db"), func(b []byte) []byte {
				r := rand.New(rand.NewPCG(seed, 3))
				page := (3 + r.IntN(len(b)/8192-3)) * 8192
				for i := range 8192 {
					b[page+i] = byte(r.Uint32())
				}
				return b
			})
		})
		s, _, err := tryOpen(dir)
		if err == nil {
			_ = s.Close()
			continue
		}
		lines, err := sql.Recover(t.Context(), sql.Config{Dir: dir}, sql.Salvage)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		s = open(t, dir)
		err = s.Records(t.Context(), home.RecordQuery{Kind: "note"}, func(home.Record) error { kept++; return nil })
		if err != nil {
			t.Errorf("seed %d: %v, after %q", seed, err, lines)
		}
		found, err := s.Check(t.Context())
		if err != nil {
			t.Errorf("seed %d: check: %v", seed, err)
		}
		for _, line := range found {
			if !strings.Contains(line, "does not follow") { // an audit row did not read
				t.Errorf("seed %d: check: %s", seed, line)
			}
		}
		heads, err := s.Heads(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if heads["a"] <= 3*groupsInImage {
			t.Errorf("seed %d: the next number is %d: it was given before; %q", seed, heads["a"]+1, lines)
		}
		write(t, s, home.Group{Events: []home.Event{{Seq: heads["a"] + 1, House: "a", Type: "custom.x"}}})
		_ = s.Close()
		aside, err := filepath.Glob(filepath.Join(dir, "quarantine", "*", "core.db"))
		if err != nil || len(aside) != 1 {
			t.Errorf("seed %d: set aside: %v, %v", seed, aside, err)
		}
		total += groupsInImage
	}
	if total == 0 || kept < total/2 {
		t.Errorf("%d of %d records were salvaged", kept, total)
	}
}

func TestRecoverOfNothingWrong(t *testing.T) {
	dir := image(t, false)
	for _, how := range []sql.Remedy{sql.AcceptLoss, sql.Salvage} {
		lines, err := sql.Recover(t.Context(), sql.Config{Dir: dir}, how)
		if err != nil || len(lines) != 1 {
			t.Errorf("%s: %q, %v", how, lines, err)
		}
	}
	if _, err := sql.Recover(t.Context(), sql.Config{Dir: dir}, "hope"); home.CodeOf(err) != home.Invalid {
		t.Errorf("an unknown remedy: %v", err)
	}
	if n := verify(t, dir); n != groupsInImage {
		t.Errorf("%d groups", n)
	}
}
