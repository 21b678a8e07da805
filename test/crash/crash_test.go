//go:build crash

package crash

// kill -9 shows what the program itself forgets to hand to the system; only a
// power cut (here: a copy of the disk image as it was at one moment) shows what
// was never synced. A second binary, built with the tag crashrig, runs SQLite
// with synchronous=NORMAL: the rig must catch it, or it proves nothing.

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"latchkey/test/rig"
)

var (
	cycles = flag.Int("cycles", 20, "how often each rig ends the program")
	seed   = flag.Uint64("seed", 1, "for the moments at which it is ended")
)

func bin(t *testing.T, tags ...string) string {
	t.Helper()
	b, err := rig.Build(t.TempDir(), tags...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func start(t *testing.T, bin, data string, settings ...string) *rig.Server {
	t.Helper()
	s, err := rig.Start(t.Context(), bin, data, settings...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Kill()
		if t.Failed() {
			t.Logf("the program said:\n%s", s.Log())
		}
	})
	return s
}

// prepare sets a fresh server up and returns the load for it: in half of the
// cycles 20 states a second, in the others as many as go.
func prepare(t *testing.T, s *rig.Server, cycle int) *load {
	t.Helper()
	l := &load{url: s.URL, writers: 8, acked: map[string][]float64{}}
	if cycle%2 == 0 {
		l.writers, l.pause = 2, 100*time.Millisecond
	}
	if err := s.Setup(); err != nil {
		t.Fatal(err)
	}
	var features []string
	for w := range 8 {
		features = append(features, feature(w))
	}
	if err := s.Device("rig", features...); err != nil {
		t.Fatal(err)
	}
	key, err := s.Key("rig")
	if err != nil {
		t.Fatal(err)
	}
	l.key = key
	return l
}

// work is what is going on when the power is cut.
type work struct {
	cycle    int
	length   time.Duration
	settings []string
	run      func(ctx context.Context, s *rig.Server, l *load)
}

// posting is work over HTTP.
func posting(ctx context.Context, _ *rig.Server, l *load) { l.run(ctx) }

// during runs a load until end has been called, for a while.
func during(t *testing.T, length time.Duration, run func(context.Context), end func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var loading sync.WaitGroup
	loading.Go(func() { run(ctx) })
	wait(ctx, length)
	end()
	cancel()
	loading.Wait()
}

// again starts the program on what is left and returns what is missing.
func again(t *testing.T, bin, data string, l *load, token string) (lost, twice int) {
	t.Helper()
	begun := time.Now()
	s := start(t, bin, data)
	defer s.Kill()
	s.Token = token
	lost, twice, err := verify(s, l)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("ready again after %v; %d acknowledged, %d lost, %d twice", time.Since(begun).Round(time.Millisecond), l.count(), lost, twice)
	return lost, twice
}

func TestKill(t *testing.T) {
	program := bin(t)
	random := rand.New(rand.NewPCG(*seed, 1))
	total := 0
	for c := range *cycles {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			data := t.TempDir()
			s := start(t, program, data)
			l := prepare(t, s, c)
			during(t, time.Duration(50+random.IntN(1500))*time.Millisecond, l.run, s.Kill)
			if len(l.other) > 0 {
				t.Errorf("answers besides 200: %s", l.other[0])
			}
			total += l.count()
			if lost, twice := again(t, program, data, l, s.Token); lost+twice > 0 {
				t.Errorf("%d acknowledged states are lost, %d are there twice", lost, twice)
			}
			if out, err := exec.Command(program, "check", "--data", data).CombinedOutput(); err != nil {
				t.Errorf("check: %v\n%s", err, out)
			}
		})
	}
	if total == 0 {
		t.Error("nothing was ever acknowledged: the rig does not load")
	}
	t.Logf("%d acknowledged states over %d kills", total, *cycles)
}

func TestPowerCut(t *testing.T) {
	program := bin(t)
	random := rand.New(rand.NewPCG(*seed, 2))
	total, lost := 0, 0
	for c := range *cycles {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			n, gone := cut(t, program, work{cycle: c, length: time.Duration(200+random.IntN(1500)) * time.Millisecond, run: posting})
			total += n
			lost += gone
			if gone > 0 {
				t.Errorf("%d of %d acknowledged states are lost", gone, n)
			}
		})
	}
	if total == 0 {
		t.Error("nothing was ever acknowledged: the rig does not load")
	}
	t.Logf("%d acknowledged states over %d power cuts, %d lost", total, *cycles, lost)
}

// TestTheRigCatchesUnsynced runs the power cut on a program that does not sync
// each commit. It has to lose states, else TestPowerCut shows nothing.
func TestTheRigCatchesUnsynced(t *testing.T) {
	program := bin(t, "crashrig")
	total, lost := 0, 0
	for range 3 {
		n, gone := cut(t, program, work{length: 2 * time.Second, run: posting})
		total += n
		lost += gone
	}
	t.Logf("synchronous=NORMAL: %d of %d acknowledged states lost", lost, total)
	if lost == 0 {
		t.Error("the power cut did not catch a store that does not sync: the rig proves nothing")
	}
}

// cut runs the program on a file system of its own in an image, copies the
// image while it works (what the file system has not yet handed to the disk is
// not in it), and looks what the copy holds.
func cut(t *testing.T, program string, w work) (acked, lost int) {
	t.Helper()
	dir := t.TempDir()
	image, left := filepath.Join(dir, "disk"), filepath.Join(dir, "left")
	sh(t, "truncate", "-s", "192M", image)
	sh(t, "mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", image)
	before := mount(t, image, filepath.Join(dir, "before"))
	s := start(t, program, filepath.Join(before, "data"), w.settings...)
	l := prepare(t, s, w.cycle)
	syscall.Sync() // what stood before the load is not what is tested
	during(t, w.length, func(ctx context.Context) { w.run(ctx, s, l) }, func() {
		if err := s.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		sh(t, "cp", "--sparse=always", image, left)
		s.Kill()
	})
	after := mount(t, left, filepath.Join(dir, "after"))
	data := filepath.Join(after, "data")
	if _, err := os.Stat(data); err != nil {
		return l.count(), l.count()
	}
	s, err := rig.Start(t.Context(), program, data)
	if err != nil {
		t.Logf("after the cut: %v", err)
		return l.count(), l.count()
	}
	defer s.Kill()
	token := s.Token
	if err := signIn(s); err != nil {
		t.Logf("after the cut (token %q): %v", token, err)
		return l.count(), l.count()
	}
	lost, twice, err := verify(s, l)
	if err != nil {
		t.Logf("after the cut: %v", err)
		return l.count(), l.count()
	}
	if twice > 0 {
		t.Errorf("%d states are there twice", twice)
	}
	t.Logf("%d acknowledged, %d lost", l.count(), lost)
	return l.count(), lost
}

func signIn(s *rig.Server) error {
	var got struct {
		Token string `json:"token"`
	}
	err := s.Do("POST", "/session", map[string]string{"username": "rig", "password": rig.Password}, &got)
	s.Token = got.Token
	return err
}

// mount mounts an image and has it unmounted at the test's end.
func mount(t *testing.T, image, at string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("the power cut rig mounts a disk image, which needs root: run it as root, or only the kill rig with -run TestKill")
	}
	if err := os.MkdirAll(at, 0o700); err != nil {
		t.Fatal(err)
	}
	sh(t, "mount", "-o", "loop", image, at)
	t.Cleanup(func() { sh(t, "umount", at) })
	return at
}

func sh(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}
