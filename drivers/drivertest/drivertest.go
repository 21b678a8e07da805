// Package drivertest says what a driver is. Every driver's tests call Run.
package drivertest

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"testing"
	"time"

	"latchkey/home"
)

// Now is the moment that a driver's clock shows while it is tested.
const Now = home.Time(1_780_000_000_000)

// Suite is a driver to be tested.
type Suite struct {
	// New returns the driver with its hardware behind it, real or played. clock
	// always shows Now. The hardware is taken away with t.Cleanup.
	New func(t *testing.T, clock home.Clock) home.Driver
	// Dir is the driver's folder; "" is the one that the test runs in. It holds a
	// README.md and testdata/*.json: commands with what the driver must report.
	Dir string
}

// golden is one file of testdata: a command, and the reports it leads to.
type golden struct {
	About   string       `json:"about"`
	Device  *home.Device `json:"device"`
	Feature string       `json:"feature"`
	Value   home.Value   `json:"value"`
	Reports []reported   `json:"reports"`
}

type reported struct {
	Feature string     `json:"feature"`
	Value   home.Value `json:"value"`
}

// Run tests everything that is promised of a home.Driver.
func Run(t *testing.T, s Suite) {
	t.Run("name", s.name)
	t.Run("folder", s.folder)
	for _, g := range s.goldens(t) {
		t.Run("command "+g.About, func(t *testing.T) { s.command(t, g) })
		t.Run("expired "+g.About, func(t *testing.T) { s.expired(t, g) })
		t.Run("not reported "+g.About, func(t *testing.T) { s.refused(t, g) })
	}
	t.Run("starts and stops", s.starter)
}

func (s Suite) make(t *testing.T) home.Driver {
	return s.New(t, func() time.Time { return Now.Std() })
}

func (s Suite) name(t *testing.T) {
	if name := s.make(t).Name(); !regexp.MustCompile(`^[a-z][a-z0-9]{1,30}$`).MatchString(name) {
		t.Errorf("the driver is named %q; a name is lower-case letters and digits", name)
	}
}

func (s Suite) folder(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(s.Dir, "README.md"))
	if err != nil || len(readme) < 200 {
		t.Errorf("the driver has no README.md that says what it is: %v", err)
	}
}

func (s Suite) goldens(t *testing.T) []golden {
	files, err := filepath.Glob(filepath.Join(s.Dir, "testdata", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("the driver has no testdata/*.json: %v", err)
	}
	var all []golden
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var g golden
		if err := json.Unmarshal(b, &g); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if g.About == "" || g.Device == nil || g.Device.Feature(g.Feature) == nil {
			t.Fatalf("%s: about, device and one of its features are needed", name)
		}
		all = append(all, g)
	}
	return all
}

// carry returns g's command.
func (g golden) carry(expires home.Time) home.Command {
	return home.Command{ID: "c1", House: "h1", Device: g.Device, Feature: g.Device.Feature(g.Feature), Value: g.Value,
		Cause: home.Cause{{Kind: "key", ID: "k1"}, {Kind: "command", ID: "c1", Seq: 7}}, Expires: expires}
}

func (s Suite) command(t *testing.T, g golden) {
	c := g.carry(Now.Add(time.Minute))
	var got []reported
	err := s.make(t).Command(t.Context(), c, func(_ context.Context, house home.ID, cause home.Cause, reports ...home.Report) error {
		if house != c.House {
			t.Errorf("reported for the house %q, want %q", house, c.House)
		}
		if len(cause) < len(c.Cause) || !reflect.DeepEqual(cause[:len(c.Cause)], c.Cause) {
			t.Errorf("the report's cause %v does not begin with the command's %v", cause, c.Cause)
		}
		for _, r := range reports {
			got = append(got, reported{r.Feature, r.Value})
			if r.Explicit {
				t.Errorf("what %s becomes through a command was reported as history", r.Feature)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("the command failed: %v", err)
	}
	if !reflect.DeepEqual(got, g.Reports) {
		t.Errorf("reported %v, want %v", got, g.Reports)
	}
}

func (s Suite) expired(t *testing.T, g golden) {
	err := s.make(t).Command(t.Context(), g.carry(Now.Add(-time.Millisecond)), func(context.Context, home.ID, home.Cause, ...home.Report) error {
		t.Error("an expired command was carried out")
		return nil
	})
	if home.CodeOf(err) != home.Unavailable {
		t.Errorf("an expired command ended with %v, want code unavailable", err)
	}
}

func (s Suite) refused(t *testing.T, g golden) {
	full := home.Errorf(home.Unavailable, "the disk is full").Because("storage_full")
	err := s.make(t).Command(t.Context(), g.carry(Now.Add(time.Minute)), func(context.Context, home.ID, home.Cause, ...home.Report) error {
		return full
	})
	if !errors.Is(err, full) {
		t.Errorf("the command ended with %v though its report was not kept, want that error", err)
	}
}

// starter looks at a driver that runs for as long as the program does.
func (s Suite) starter(t *testing.T) {
	d, ok := s.make(t).(home.Starter)
	if !ok {
		return
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- d.Start(ctx, func(context.Context, home.ID, home.Cause, ...home.Report) error { return nil })
	}()
	cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("it ended with %v when it was told to stop, want nil", err)
		}
	case <-time.After(5 * time.Second):
		t.Error("it did not stop within 5 s of being told to")
	}
}
