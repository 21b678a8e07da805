package sql_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"latchkey/home"
	"latchkey/stores/sql"
	"latchkey/stores/sql/history"
)

func TestKilled(t *testing.T) {
	for _, enough := range []int{1, 37, 120} {
		t.Run(fmt.Sprint(enough), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			acked := run(t, dir, enough)
			if n := verify(t, dir); n < acked || n == 0 {
				t.Errorf("%d groups are there, %d were acknowledged", n, acked)
			}
		})
	}
}

// allSteps lists every point at which a store can fail.
func allSteps() []string {
	all := slices.Concat(sql.Steps(), sql.Afterwards())
	for _, name := range history.Failpoints {
		all = append(all, "history."+name)
	}
	return all
}

// TestCrashAtEachStep kills the process at each step. What it had acknowledged
// is there, and nothing is half there.
func TestCrashAtEachStep(t *testing.T) {
	for _, step := range allSteps() {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			switch {
			case strings.HasPrefix(step, "trim."):
				crashTrimming(t, step)
				return
			case step == "ballast.remove":
				crashGivingBallast(t)
				return
			}
			dir := t.TempDir()
			acked := run(t, dir, 0, "LATCHKEY_STORE_STEP="+step)
			n := verify(t, dir)
			if n < acked || n > acked+1 {
				t.Errorf("%d groups are there, %d were acknowledged", n, acked)
			}
			s := open(t, dir)
			for i := n + 1; i <= n+9; i++ {
				write(t, s, group(i))
			}
			_ = s.Close()
			if got := verify(t, dir); got != n+9 {
				t.Errorf("%d groups after going on from %d", got, n)
			}
		})
	}
}

func crashTrimming(t *testing.T, step string) {
	dir := t.TempDir()
	acked := run(t, dir, 0, "LATCHKEY_STORE_STEP="+step, "LATCHKEY_STORE_WORK=big")
	s := open(t, dir)
	verifyBig(t, s, acked)
}

// verifyBig finds the log of house b without a gap up to its head.
func verifyBig(t *testing.T, s *sql.Store, acked int) {
	t.Helper()
	next := uint64(0)
	lowest, err := s.Log(t.Context(), "b", 0, 1<<30, func(e home.Entry) error {
		if next != 0 && e.Seq() != next {
			t.Errorf("entry %d stands where %d should", e.Seq(), next)
		}
		next = e.Seq() + 1
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := uint64(acked * bigSize); next <= want || next-lowest < 100_000 {
		t.Errorf("the log goes from %d to %d; %d were acknowledged", lowest, next-1, want)
	}
}

// crashGivingBallast is for the one step that only a full disk reaches.
func crashGivingBallast(t *testing.T) {
	dir := t.TempDir()
	var stopped atomic.Bool
	s := openFailing(t, dir, func(step string) error {
		switch {
		case step == "write.journal" && !stopped.Load():
			return syscall.ENOSPC
		case step == "ballast.remove":
			stopped.Store(true)
		}
		return nil
	})
	if err := s.KeepBallast(); err != nil {
		t.Fatal(err)
	}
	write(t, s, home.Group{Erasures: []home.Erasure{{Feature: 1}}})
	image := t.TempDir()
	copyFolder(t, image, dir)
	if !stopped.Load() || verify(t, image) != 0 {
		t.Error("the ballast was not given up")
	}
}

func openFailing(t *testing.T, dir string, f func(step string) error) *sql.Store {
	t.Helper()
	c := sql.Config{Dir: dir}
	c.SetFailpoint(f)
	s, err := sql.Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestErrorAtEachStep fails each step once, as a full disk would. The write
// says so and leaves nothing behind; the next one works on the same store.
func TestErrorAtEachStep(t *testing.T) {
	for _, step := range allSteps() {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			var reached atomic.Int32
			fail := func(name string) error {
				if name == step && reached.Add(1) == 1 {
					return syscall.ENOSPC
				}
				if step == "ballast.remove" && name == "write.journal" && reached.Load() == 0 {
					return syscall.ENOSPC
				}
				return nil
			}
			c := sql.Config{Dir: dir}
			c.SetFailpoint(fail)
			s, err := sql.Open(context.Background(), c)
			if strings.Contains(step, "create.") == (err == nil) {
				t.Fatalf("open: %v", err)
			}
			if err != nil {
				s, err = sql.Open(context.Background(), c)
			}
			if err != nil {
				t.Fatalf("open again: %v", err)
			}
			defer func() { _ = s.Close() }()
			errorAt(t, s, step)
			if reached.Load() == 0 {
				t.Errorf("the step was never reached")
			}
		})
	}
}

func errorAt(t *testing.T, s *sql.Store, step string) {
	if step == "ballast.remove" {
		_ = s.KeepBallast()
		err := s.Write(t.Context(), &home.Group{Erasures: []home.Erasure{{Feature: 1}}})
		if home.CodeOf(err) != home.Unavailable {
			t.Fatalf("the ballast cannot be given up: %v", err)
		}
	}
	if strings.HasPrefix(step, "trim.") {
		if err := bigWork(s, func(int) {}); err != nil {
			t.Fatal(err)
		}
		verifyBig(t, s, bigCount)
		return
	}
	if err := work(s, 1, 20, func(int) {}); err != nil {
		t.Fatal(err)
	}
	if n := verifyOpen(t, s); n != 20 {
		t.Errorf("%d groups of 20", n)
	}
}
