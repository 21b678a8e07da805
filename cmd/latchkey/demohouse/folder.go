package demohouse

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"latchkey"
	"latchkey/drivers/demo"
	"latchkey/home"
	"latchkey/hub"
)

// File marks a folder as the demo's and keeps what its curl lines need. It
// opens an invented home only.
const File = "demo.json"

// Demo is the invented home of a folder, from its choice to its beginning.
type Demo struct {
	Kept KeptKeys

	folder   string
	language string
	say      io.Writer
	clock    *Clock
	pace     int
	owner    *home.Identity // until the rehearsal of a new home is over
}

// KeptKeys is what the demo's folder keeps for the lines that serve prints.
type KeptKeys struct {
	User     string `json:"user"`
	Password string `json:"password"`
	Phone    string `json:"phone_key"`  // open API key that may write the phone's presence, and nothing else
	Reader   string `json:"reader_key"` // token that may see the two devices and command the lamp
	Seed     uint64 `json:"seed"`       // the house was drawn from it
}

// Wish is how a demo is asked for.
type Wish struct {
	Folder   string
	Pace     int       // see Clock
	Language string    // of a new house, and of what is said
	Say      io.Writer // where a new house's making is told
}

// Choose opens the folder of a demo, or makes it: never that of a real home. c
// is set to what a demo needs.
func Choose(c *latchkey.Config, w Wish) (*Demo, error) {
	d := &Demo{folder: w.Folder, language: w.Language, say: w.Say, pace: w.Pace, clock: NewClock(time.Now), Kept: KeptKeys{Seed: 1}}
	c.Settings.Data, c.Demo, c.Clock, c.Wall, c.Pace = w.Folder, true, d.clock.Now, time.Now, w.Pace
	b, err := os.ReadFile(filepath.Join(d.folder, File))
	if errors.Is(err, os.ErrNotExist) {
		if _, err := os.Stat(filepath.Join(d.folder, "core.db")); err == nil {
			return nil, fmt.Errorf("%s holds a real home; the demo does not touch it: choose another folder with --data", d.folder)
		}
		if err := os.MkdirAll(d.folder, 0o700); err != nil {
			return nil, fmt.Errorf("make the demo's folder: %w", err)
		}
		return d, d.keep() // marked before there is anything in it
	}
	if err != nil {
		return nil, fmt.Errorf("read the demo's folder: %w", err)
	}
	if err := json.Unmarshal(b, &d.Kept); err != nil {
		return nil, fmt.Errorf("read %s: %w; delete the folder %s to have a new demo", File, err, d.folder)
	}
	return d, nil
}

// RefuseFolder keeps a real home from growing out of the demo.
func RefuseFolder(folder string) error {
	if _, err := os.Stat(filepath.Join(folder, File)); err == nil {
		return fmt.Errorf("%s holds the demo; start it with --demo, or choose another folder with --data", folder)
	}
	return nil
}

// Prepare furnishes the home the first time, and takes it up where it was left
// afterwards.
func (d *Demo) Prepare(ctx context.Context, h *hub.Hub, drivers []home.Driver) error {
	driver, err := DriverOf(drivers)
	if err != nil {
		return err
	}
	if h.NeedsSetup() {
		return d.furnish(ctx, h, driver)
	}
	houses := h.EveryHouse()
	if d.Kept.Phone == "" || len(houses) == 0 {
		return fmt.Errorf("the demo in %s was left half made; delete the folder to have a new one", d.folder)
	}
	m, err := Return(ctx, h, PlaceOf(houses[0], d.Kept.Seed), Lived{House: houses[0].ID, Clock: d.clock})
	if err != nil {
		return err
	}
	Open(h, driver, houses[0].ID, m)
	return nil
}

// furnish makes the house with its history, and what the curl lines need.
func (d *Demo) furnish(ctx context.Context, h *hub.Hub, driver *demo.Driver) error {
	d.Kept.User, d.Kept.Password = "demo", strings.ToLower(rand.Text()[:16])
	latitude, longitude := Paris()
	made, err := h.Setup(ctx, hub.SetupRequest{Username: d.Kept.User, Password: d.Kept.Password, Name: "Demo", Loopback: true,
		House: &hub.NewHouse{Name: demo.In(d.language, home.Label{EN: "Demo house", FR: "Maison de d\u00e9monstration"}), TimeZone: "Europe/Paris", Language: d.language, Latitude: &latitude, Longitude: &longitude}})
	if err != nil {
		return err
	}
	if d.owner, err = h.Identify(ctx, hub.Credential{Secret: made.Token, House: made.House.ID}); err != nil {
		return err
	}
	fmt.Fprintln(d.say, demo.In(d.language, home.Label{EN: "Drawing a house with seven days of history ...", FR: "Je dessine une maison avec sept jours d'historique ..."}))
	began := time.Now()
	m, values, err := Furnish(ctx, h, d.owner, PlaceOf(made.House, d.Kept.Seed))
	if err != nil {
		return err
	}
	fmt.Fprintf(d.say, demo.In(d.language, home.Label{EN: "%d values in %.1f s.\n", FR: "%d valeurs en %.1f s.\n"}), values, time.Since(began).Seconds())
	Open(h, driver, made.House.ID, m)
	if _, err := MakeScenes(ctx, h, d.owner, d.language); err != nil {
		return err
	}
	if d.Kept.Phone, d.Kept.Reader, err = MakeKeys(ctx, h, d.owner); err != nil {
		return err
	}
	return d.keep()
}

// Begin rehearses a new home's scenes and lets the clock run at the demo's
// speed.
func (d *Demo) Begin(ctx context.Context, h *hub.Hub) error {
	if d.owner != nil {
		phone, err := h.Identify(ctx, hub.Credential{Secret: d.Kept.Phone})
		if err != nil {
			return err
		}
		if err := Rehearse(ctx, h, d.owner, phone); err != nil {
			return err
		}
		if err := h.SignOut(ctx, d.owner); err != nil {
			return err
		}
	}
	d.clock.Run(d.pace)
	return nil
}

// keep writes the demo's file, which only the owner may read.
func (d *Demo) keep() error {
	b, err := json.MarshalIndent(d.Kept, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(d.folder, File), append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("keep the demo's keys: %w", err)
	}
	return nil
}

// Curls are three lines that work when they are pasted; native is the path of
// the API of its own.
func (d *Demo) Curls(url, native string) []string {
	return []string{
		"curl -X POST " + url + "/v1/api/device/state/" + d.Kept.Phone + ` -H 'Content-Type: application/json' -d '{"device_feature_external_id": "` + demo.YourPhone + `", "state": 1}'`,
		"curl " + url + native + "/devices -H 'Authorization: Bearer " + d.Kept.Reader + "'",
		"curl -X POST " + url + native + "/commands -H 'Authorization: Bearer " + d.Kept.Reader + `' -H 'Content-Type: application/json' -d '{"feature": "` + demo.Lamp + `", "value": false}'`,
	}
}
