package sql_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"latchkey/home"
	"latchkey/stores/sql"
)

// note is a group with a record of n bytes.
func note(i, n int) home.Group {
	doc, _ := json.Marshal(string(bytes.Repeat([]byte("x"), n)))
	at := home.Time(1_774_764_000_000 + i)
	return home.Group{
		Records: []home.RecordChange{{Kind: "blob", ID: home.ID(fmt.Sprintf("%06d", i)), At: at, Version: 1, Doc: doc}},
		Points:  []home.Point{{House: "a", Feature: 1, Seq: uint64(i), At: at, Value: home.Num(float64(i)), History: true}},
	}
}

// fill writes until the store takes no more and returns how many groups it took.
func fill(t *testing.T, s *sql.Store) int {
	t.Helper()
	length := 100_000
	for i := 1; i < 5000; i++ {
		g := note(i, length)
		err := s.Write(t.Context(), &g)
		if err == nil {
			continue
		}
		if length > 100 { // the last corners too
			length /= 10
			i--
			continue
		}
		e := home.AsError(err)
		if e.Code != home.Unavailable || e.Reason != "storage_full" || e.RetryAfter != 30*time.Second {
			t.Fatalf("a full disk: %+v", e)
		}
		return i - 1
	}
	t.Fatal("the disk is never full")
	return 0
}

// wantNotes reads everything back.
func wantNotes(t *testing.T, s *sql.Store, n int) {
	t.Helper()
	records, points := 0, 0
	if err := s.Records(t.Context(), home.RecordQuery{Kind: "blob"}, func(home.Record) error { records++; return nil }); err != nil {
		t.Fatal(err)
	}
	if err := s.Points(t.Context(), home.PointQuery{Feature: 1}, func(home.Sample) error { points++; return nil }); err != nil {
		t.Fatal(err)
	}
	if records != n || points != n {
		t.Errorf("%d records and %d points after %d writes", records, points, n)
	}
}

// TestDiskFull fills a small disk of its own. Without the right to mount one,
// TestFileLimit alone shows how the store takes it.
func TestDiskFull(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("latchkey-test", disk, "tmpfs", 0, "size=64m"); err != nil {
		t.Logf("no disk of its own (%v): the file limit stands for it", err)
		fileLimit(t)
		return
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	dir := filepath.Join(disk, "home")
	s := open(t, dir)
	if err := s.KeepBallast(); err != nil {
		t.Fatal(err)
	}
	filler := filepath.Join(disk, "filler")
	takeRoom(t, filler, 6<<20)
	n := fill(t, s)
	wantNotes(t, s, n)

	// Erasing works all the same, on what was kept back for it.
	gone := false
	for i := 0; i < 500 && !gone; i++ {
		write(t, s, home.Group{Erasures: []home.Erasure{{Feature: 2}}, Records: []home.RecordChange{{Kind: "blob", ID: "none"}}})
		_, err := os.Stat(filepath.Join(dir, "ballast"))
		gone = err != nil
	}
	if !gone {
		t.Error("the ballast was not given up")
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		n++
		write(t, s, note(n, 1000))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wantNotes(t, open(t, dir), n)
}

// takeRoom leaves about left bytes of the disk.
func takeRoom(t *testing.T, path string, left int64) {
	t.Helper()
	var st syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(path), &st); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err == nil {
		err = syscall.Fallocate(int(f.Fd()), 0, 0, int64(st.Bavail)*int64(st.Bsize)-left)
	}
	if err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
}

// TestFileLimit bounds how long a file may become, as a quota does.
func TestFileLimit(t *testing.T) { fileLimit(t) }

func fileLimit(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "home")
	s := open(t, dir)
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	low := limit
	low.Cur = 3 << 20
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &low); err != nil {
		t.Fatal(err)
	}
	n := fill(t, s)
	wantNotes(t, s, n)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	n++
	write(t, s, note(n, 1000))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wantNotes(t, open(t, dir), n)
}

func TestReadOnly(t *testing.T) {
	for _, dir := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		if s, err := sql.Open(t.Context(), sql.Config{Dir: dir, ReadOnly: true}); err == nil {
			_ = s.Close()
			t.Errorf("%s was made into a home", dir)
		}
	}
	dir := image(t, false)
	s, err := sql.Open(t.Context(), sql.Config{Dir: dir, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	g := group(groupsInImage + 1)
	if e := home.AsError(s.Write(t.Context(), &g)); e.Code != home.Unavailable || e.Reason != "storage_readonly" {
		t.Errorf("a write: %+v", e)
	}
	if n := verifyOpen(t, s); n != groupsInImage {
		t.Errorf("%d groups", n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n := verify(t, dir); n != groupsInImage {
		t.Errorf("%d groups", n)
	}
}
