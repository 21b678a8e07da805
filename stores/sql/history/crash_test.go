package history_test

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"latchkey/home"
	"latchkey/stores/sql/history"
)

// crashVar names the failpoint, the hit and the file of a child that is to crash.
const crashVar = "LATCHKEY_HISTORY_CRASH"

func TestMain(m *testing.M) {
	if order := os.Getenv(crashVar); order != "" {
		crash(order)
	}
	flag.Parse()
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		_ = f.Value.Set("30") // each syncs a file many times
	}
	goleak.VerifyTestMain(m)
}

// journal is the same rows each time.
func journal() []row {
	rnd := rand.New(rand.NewPCG(3, 4))
	var rows []row
	seq, at := uint64(0), home.Time(0)
	for id := int64(1); id <= 40; id++ {
		r := row{id: id, late: rnd.IntN(2) == 0}
		for range rnd.IntN(120) {
			seq++
			at += home.Time(rnd.IntN(3))
			p := one(1+rnd.Uint32N(3), seq, at)
			if rnd.IntN(20) == 0 {
				p.At = home.Time(rnd.Int64N(int64(at) + 1))
			}
			p.Replace = rnd.IntN(10) == 0
			r.points = append(r.points, p)
		}
		if rnd.IntN(6) == 0 {
			from := home.Time(rnd.Int64N(int64(at) + 1))
			r.erasures = []home.Erasure{{Feature: 1 + rnd.Uint32N(3), From: from, To: from + home.Time(1+rnd.IntN(900))}}
		}
		rows = append(rows, r)
	}
	return rows
}

// feed opens a history and gives it the journal's rows from its floor on, sealing
// now and then. Failures to seal are what the test is about.
func feed(path string, fail func(string) error) (*history.History, error) {
	h, err := history.Open(ctx, history.Config{Path: path, Failpoint: fail})
	if err != nil {
		return nil, err
	}
	floor := h.Floor()
	for _, r := range journal() {
		if r.id < floor {
			continue
		}
		if err := r.apply(h); err != nil {
			return h, err
		}
		if r.id%4 == 0 {
			_ = h.Seal(ctx, r.id%8 == 0)
		}
	}
	return h, h.Seal(ctx, true)
}

// crash is the child: it dies at the failpoint without a word.
func crash(order string) {
	f := strings.SplitN(order, ",", 3)
	left, _ := strconv.Atoi(f[1])
	_, err := feed(f[2], func(name string) error {
		if name == f[0] {
			if left--; left == 0 {
				os.Exit(137)
			}
		}
		return nil
	})
	fmt.Fprintln(os.Stderr, "the failpoint was not reached:", err)
	os.Exit(0)
}

// verify feeds what is left of the journal and compares with the model.
func verify(t *testing.T, path string) {
	t.Helper()
	h, err := feed(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	m := model{}
	for _, r := range journal() {
		m.apply(r)
	}
	for f := uint32(1); f <= 3; f++ {
		if err := diffPoints(h, m, home.PointQuery{Feature: f, From: -1}); err != nil {
			t.Error(err)
		}
	}
	if lines, err := h.Check(ctx); err != nil || len(lines) > 0 {
		t.Errorf("check: %v %v", lines, err)
	}
}

// TestCrash dies at every failpoint, early and late, and comes back.
func TestCrash(t *testing.T) {
	for _, point := range history.Failpoints {
		for _, hit := range []int{1, 2} {
			if strings.HasPrefix(point, "create.") && hit > 1 {
				continue
			}
			t.Run(fmt.Sprintf("%s %d", point, hit), func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "history.db")
				child := exec.Command(os.Args[0])
				child.Env = append(os.Environ(), fmt.Sprintf("%s=%s,%d,%s", crashVar, point, hit, path))
				out, err := child.CombinedOutput()
				if e, ok := errors.AsType[*exec.ExitError](err); !ok || e.ExitCode() != 137 {
					t.Fatalf("%v: %s", err, out)
				}
				verify(t, path)
			})
		}
	}
}

// TestFailure has every failpoint fail, once or for a while, in a process that
// goes on, and then one that starts again.
func TestFailure(t *testing.T) {
	for _, point := range history.Failpoints {
		for _, times := range []int{1, 5} {
			t.Run(fmt.Sprintf("%s %d", point, times), func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "history.db")
				left, hits := times, 0
				h, err := feed(path, func(name string) error {
					if name != point {
						return nil
					}
					if hits++; hits < 2 && !strings.HasPrefix(point, "create.") || left == 0 {
						return nil
					}
					left--
					return errors.New("planned")
				})
				if hits == 0 {
					t.Fatal("not reached")
				}
				if h != nil {
					for ; err != nil && left > 0; err = h.Seal(ctx, true) {
					}
					if err = h.Seal(ctx, true); err != nil {
						t.Errorf("did not recover: %v", err)
					}
					verifyOpen(t, h)
				}
				verify(t, path)
			})
		}
	}
}

// verifyOpen compares and closes.
func verifyOpen(t *testing.T, h *history.History) {
	t.Helper()
	m := model{}
	for _, r := range journal() {
		m.apply(r)
	}
	for f := uint32(1); f <= 3; f++ {
		if err := diffPoints(h, m, home.PointQuery{Feature: f, From: -1}); err != nil {
			t.Error(err)
		}
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
}
