package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"latchkey"
	"latchkey/cmd/latchkey/demohouse"
	"latchkey/drivers/demo"
	"latchkey/home"
	"latchkey/hub"
)

// demoFile marks a folder as the demo's and keeps what its curl lines need. It
// opens an invented home only.
const demoFile = "demo.json"

// demoHome is the invented home.
type demoHome struct {
	*app
	folder string
	kept   keptDemo
	clock  *demohouse.Clock
	pace   int
	owner  *home.Identity // until the rehearsal of a new home is over
}

type keptDemo struct {
	User     string `json:"user"`
	Password string `json:"password"`
	Phone    string `json:"phone_key"`  // open API key that may write the phone's presence, and nothing else
	Reader   string `json:"reader_key"` // token that may see the two devices and command the lamp
	Seed     uint64 `json:"seed"`       // the house was drawn from it
}

// chooseDemo settles the demo's folder: never that of a real home.
func (a *app) chooseDemo(c *latchkey.Config, chosen bool) (*demoHome, error) {
	s := &c.Settings
	if !chosen {
		s.Data += "-demo"
	}
	d := &demoHome{app: a, folder: s.Data, clock: demohouse.NewClock(time.Now), kept: keptDemo{Seed: 1}}
	c.Demo, c.Clock, c.Wall = true, d.clock.Now, time.Now
	b, err := os.ReadFile(filepath.Join(d.folder, demoFile))
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
	if err := json.Unmarshal(b, &d.kept); err != nil {
		return nil, fmt.Errorf("read %s: %w; delete the folder %s to have a new demo", demoFile, err, d.folder)
	}
	return d, nil
}

// refuseDemoFolder keeps a real home from growing out of the demo.
func refuseDemoFolder(folder string) error {
	if _, err := os.Stat(filepath.Join(folder, demoFile)); err == nil {
		return fmt.Errorf("%s holds the demo; start it with --demo, or choose another folder with --data", folder)
	}
	return nil
}

// prepare furnishes the home the first time, and takes it up where it was left
// afterwards.
func (d *demoHome) prepare(ctx context.Context, h *hub.Hub, drivers []home.Driver) error {
	driver, err := demohouse.DriverOf(drivers)
	if err != nil {
		return err
	}
	if h.NeedsSetup() {
		return d.furnish(ctx, h, driver)
	}
	houses := h.EveryHouse()
	if d.kept.Phone == "" || len(houses) == 0 {
		return fmt.Errorf("the demo in %s was left half made; delete the folder to have a new one", d.folder)
	}
	m, err := demohouse.Return(ctx, h, demohouse.PlaceOf(houses[0], d.kept.Seed), demohouse.Lived{House: houses[0].ID, Clock: d.clock})
	if err != nil {
		return err
	}
	demohouse.Open(h, driver, houses[0].ID, m)
	return nil
}

// furnish makes the house with its history, and what the curl lines need.
func (d *demoHome) furnish(ctx context.Context, h *hub.Hub, driver *demo.Driver) error {
	d.kept.User, d.kept.Password = "demo", strings.ToLower(rand.Text()[:16])
	latitude, longitude := demohouse.Paris()
	made, err := h.Setup(ctx, hub.SetupRequest{Username: d.kept.User, Password: d.kept.Password, Name: "Demo", Loopback: true,
		House: &hub.NewHouse{Name: d.say("Demo house", "Maison de démonstration"), TimeZone: "Europe/Paris", Language: d.language(), Latitude: &latitude, Longitude: &longitude}})
	if err != nil {
		return err
	}
	if d.owner, err = h.Identify(ctx, hub.Credential{Secret: made.Token, House: made.House.ID}); err != nil {
		return err
	}
	fmt.Fprintln(d.err, d.say("Drawing a house with seven days of history ...", "Je dessine une maison avec sept jours d'historique ..."))
	began := time.Now()
	m, values, err := demohouse.Furnish(ctx, h, d.owner, demohouse.PlaceOf(made.House, d.kept.Seed))
	if err != nil {
		return err
	}
	fmt.Fprintf(d.err, d.say("%d values in %.1f s.\n", "%d valeurs en %.1f s.\n"), values, time.Since(began).Seconds())
	demohouse.Open(h, driver, made.House.ID, m)
	if _, err := demohouse.MakeScenes(ctx, h, d.owner, d.language()); err != nil {
		return err
	}
	if err := d.makeKeys(ctx, h); err != nil {
		return err
	}
	return d.keep()
}

// makeKeys makes the keys of the curl lines, which may do just that. They do
// not expire: a fast house's year is over soon.
func (d *demoHome) makeKeys(ctx context.Context, h *hub.Hub) error {
	lamp, err := h.Device(ctx, d.owner, "lamp")
	if err != nil {
		return err
	}
	phone, err := h.Device(ctx, d.owner, "mqtt:my-phone")
	if err != nil {
		return err
	}
	_, d.kept.Phone, err = h.CreateKey(ctx, d.owner, hub.NewKey{Kind: home.OpenKey, Name: "demo phone", Expires: hub.Never,
		Grants: []home.Grant{{Verbs: []home.Verb{home.WriteState}, Features: []string{demo.YourPhone}}}})
	if err != nil {
		return err
	}
	_, d.kept.Reader, err = h.CreateKey(ctx, d.owner, hub.NewKey{Kind: home.TokenKey, Name: "demo screen", Expires: hub.Never, Grants: []home.Grant{
		{Verbs: []home.Verb{home.ReadDevice, home.ReadState}, Devices: []home.ID{lamp.ID, phone.ID}},
		{Verbs: []home.Verb{home.Control}, Devices: []home.ID{lamp.ID}}}})
	return err
}

// begin rehearses a new home's scenes and lets the clock run at the demo's
// speed.
func (d *demoHome) begin(ctx context.Context, h *hub.Hub) error {
	if d.owner != nil {
		phone, err := h.Identify(ctx, hub.Credential{Secret: d.kept.Phone})
		if err != nil {
			return err
		}
		if err := demohouse.Rehearse(ctx, h, d.owner, phone); err != nil {
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
func (d *demoHome) keep() error {
	b, err := json.MarshalIndent(d.kept, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(d.folder, demoFile), append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("keep the demo's keys: %w", err)
	}
	return nil
}

// curls are three lines that work when they are pasted.
func (d *demoHome) curls(url string) []string {
	return []string{
		"curl -X POST " + url + "/v1/api/device/state/" + d.kept.Phone + ` -H 'Content-Type: application/json' -d '{"device_feature_external_id": "` + demo.YourPhone + `", "state": 1}'`,
		"curl " + url + apiPrefix + "/devices -H 'Authorization: Bearer " + d.kept.Reader + "'",
		"curl -X POST " + url + apiPrefix + "/commands -H 'Authorization: Bearer " + d.kept.Reader + `' -H 'Content-Type: application/json' -d '{"feature": "` + demo.Lamp + `", "value": false}'`,
	}
}
