package sql_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"latchkey/home"
	"latchkey/stores/sql"
)

// TestMain runs the tests, or, started by one of them, the process that dies.
func TestMain(m *testing.M) {
	if dir := os.Getenv("LATCHKEY_STORE_CHILD"); dir != "" {
		child(dir)
		os.Exit(0)
	}
	// How fast a disk syncs is not under test; memory is, almost everywhere, a folder too.
	if st, err := os.Stat("/dev/shm"); err == nil && st.IsDir() && os.Getenv("TMPDIR") == "" {
		_ = os.Setenv("TMPDIR", "/dev/shm")
	}
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if !given { // each case makes files and restarts
		_ = flag.Set("rapid.checks", "20")
	}
	os.Exit(m.Run())
}

// copyFolder copies a store's files as they are: what a sudden end leaves.
func copyFolder(t testing.TB, to, from string) {
	t.Helper()
	files, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name := f.Name()
		if f.IsDir() || strings.HasSuffix(name, "-shm") || strings.HasSuffix(name, ".new") || name == "ballast" {
			continue
		}
		b, err := os.ReadFile(filepath.Join(from, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(to, name), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// group is the i-th group of the rigs, counted from 1: what one group writes is
// known from its number, so that half of one shows.
func group(i int) home.Group {
	seq := uint64(3 * (i - 1))
	at := home.Time(1_774_764_000_000 + 1000*i)
	point := func(n uint64, feature uint32) home.Point {
		return home.Point{House: "a", Feature: feature, Seq: seq + n, At: at, Received: at, Value: home.Num(float64(i)), History: true, Current: true}
	}
	id := home.ID(fmt.Sprintf("%06d", i))
	g := home.Group{
		Records: []home.RecordChange{{Kind: "note", ID: id, House: "a", At: at, Version: int64(i), Doc: json.RawMessage(fmt.Sprint(i))}},
		Points:  []home.Point{point(1, 1), point(2, 2)},
		Events:  []home.Event{{Seq: seq + 3, House: "a", At: at, Received: at, Type: "custom.x", Subject: string(id)}},
		Audits:  []home.Audit{{Num: uint64(i), At: at, Actor: "server", Action: "note.written", Target: string(id), Prev: fmt.Sprint("h", i-1), Hash: fmt.Sprint("h", i)}},
	}
	if i%10 == 0 { // feature 2 keeps its last points only
		g.Erasures = []home.Erasure{{Feature: 2, To: at}}
	}
	return g
}

// big is a group that fills the log, so that the journal is trimmed.
func big(i int) home.Group {
	var g home.Group
	for n := range bigSize {
		g.Events = append(g.Events, home.Event{Seq: uint64((i-1)*bigSize + n + 1), House: "b", At: home.Time(i), Type: "custom.big"})
	}
	return g
}

const (
	bigSize  = 6000
	bigCount = 30
)

// verify opens dir and finds each group up to some number whole, and nothing of
// the others. It returns that number.
func verify(t *testing.T, dir string) int {
	t.Helper()
	s := open(t, dir)
	defer func() { _ = s.Close() }()
	return verifyOpen(t, s)
}

func verifyOpen(t *testing.T, s *sql.Store) int {
	t.Helper()
	ctx := context.Background()
	n, entries := 0, uint64(0)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(s.Records(ctx, home.RecordQuery{Kind: "note"}, func(r home.Record) error {
		n++
		if string(r.Doc) != fmt.Sprint(n) || r.Version != int64(n) {
			t.Errorf("record %d is %s", n, r.Doc)
		}
		return nil
	}))
	_, err := s.Log(ctx, "a", 0, 1<<20, func(e home.Entry) error {
		entries++
		if e.Seq() != entries {
			t.Errorf("entry %d has number %d", entries, e.Seq())
		}
		return nil
	})
	must(err)
	if entries != uint64(3*n) {
		t.Errorf("%d entries for %d groups", entries, n)
	}
	audits := 0
	must(s.Audits(ctx, "", 0, 1<<20, func(home.Audit) error { audits++; return nil }))
	one, two := 0, 0
	must(s.Points(ctx, home.PointQuery{Feature: 1}, func(home.Sample) error { one++; return nil }))
	must(s.Points(ctx, home.PointQuery{Feature: 2}, func(home.Sample) error { two++; return nil }))
	kept := n
	if n >= 10 {
		kept = n%10 + 1
	}
	if audits != n || one != n || two != kept {
		t.Errorf("%d groups, but %d audit rows, %d points and %d points that are erased now and then (want %d)", n, audits, one, two, kept)
	}
	must(s.Current(ctx, func(p home.Point) error {
		if p.Value.Number != float64(n) {
			t.Errorf("the current value of %d is %v after %d groups", p.Feature, p.Value.Number, n)
		}
		return nil
	}))
	found, err := s.Check(ctx)
	must(err)
	for _, line := range found {
		t.Errorf("check: %s", line)
	}
	return n
}

// work writes groups from number from to number to and tends the store in
// between, as the upkeep does, calling ack after each write. A write that fails
// is tried once more.
func work(s *sql.Store, from, to int, ack func(i int)) error {
	ctx := context.Background()
	for i := from; i <= to; i++ {
		if err := background(s, i); err != nil {
			return err
		}
		g := group(i)
		if err := s.Write(ctx, &g); err != nil {
			if home.CodeOf(err) != home.Unavailable {
				return err
			}
			if err := s.Write(ctx, &g); err != nil {
				return err
			}
		}
		ack(i)
		if i%8 == 0 {
			_ = tend(s)
		}
	}
	return nil
}

// background writes a feature of house c, so that there are full chunks, and
// such as must be rewritten.
func background(s *sql.Store, i int) error {
	var g home.Group
	switch i {
	case 1:
		for n := range 1200 {
			g.Points = append(g.Points, home.Point{House: "c", Feature: 3, Seq: uint64(n + 1), At: home.Time(1000 * n), Value: home.Num(1), History: true})
		}
	case 12:
		g.Points = []home.Point{{House: "c", Feature: 3, Seq: 1201, At: 5000, Value: home.Num(2), History: true, Replace: true}}
	}
	if err := s.Write(context.Background(), &g); err != nil { // once more, as work does
		return s.Write(context.Background(), &g)
	}
	return nil
}

func tend(s *sql.Store) error {
	_, err := s.Trim()
	return errors.Join(err, s.Mark(), s.Flush(), s.Seal(context.Background()), s.KeepBallast())
}

// child opens a store and works until it dies at a failpoint or is killed. It
// prints a line for each acknowledged group.
func child(dir string) {
	c := sql.Config{Dir: dir}
	if step := os.Getenv("LATCHKEY_STORE_STEP"); step != "" {
		c.SetFailpoint(func(name string) error {
			if name == step {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
			return nil
		})
	}
	s, err := sql.Open(context.Background(), c)
	if err == nil && os.Getenv("LATCHKEY_STORE_WORK") == "big" {
		err = bigWork(s, func(i int) { fmt.Println(i) })
	} else if err == nil {
		most := 40
		if os.Getenv("LATCHKEY_STORE_STEP") == "" { // it will be killed
			most = 1 << 20
		}
		err = work(s, 1, most, func(i int) { fmt.Println(i) })
	}
	fmt.Fprintln(os.Stderr, "the child ended:", err)
	os.Exit(3)
}

func bigWork(s *sql.Store, ack func(i int)) error {
	for i := 1; i <= bigCount; i++ {
		g := big(i)
		if err := s.Write(context.Background(), &g); err != nil {
			return err
		}
		ack(i)
		if i%4 == 0 {
			_ = tend(s)
		}
	}
	return nil
}

// run starts a child and returns the last group that it acknowledged. enough
// says when to kill it; a child with a step dies by itself.
func run(t *testing.T, dir string, enough int, env ...string) int {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), "LATCHKEY_STORE_CHILD="+dir), env...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	last := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if _, err := fmt.Sscan(lines.Text(), &last); err != nil {
			t.Errorf("the child said %q", lines.Text())
		}
		if last == enough {
			_ = cmd.Process.Kill()
		}
	}
	err = cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.Exited() {
		t.Errorf("the child was not killed: %v", err)
	}
	return last
}
