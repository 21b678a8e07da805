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
	"latchkey/home"
	"latchkey/hub"
)

// demoFile marks a folder as the demo's and keeps what its curl lines need. It
// opens an invented home only.
const demoFile = "demo.json"

// demo is the invented home.
type demo struct {
	folder string
	kept   keptDemo
}

type keptDemo struct {
	User     string `json:"user"`
	Password string `json:"password"`
	Phone    string `json:"phone_key"`  // open API key that may write the phone's presence, and nothing else
	Reader   string `json:"reader_key"` // token that may see the two devices and command the lamp
}

// chooseDemo settles the demo's folder: never that of a real home.
func chooseDemo(c *latchkey.Config, chosen bool) (*demo, error) {
	s := &c.Settings
	if !chosen {
		s.Data += "-demo"
	}
	d := &demo{folder: s.Data}
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

// prepare furnishes the home the first time.
func (d *demo) prepare(ctx context.Context, h *hub.Hub) error {
	if !h.NeedsSetup() {
		if d.kept.Phone == "" {
			return fmt.Errorf("the demo in %s was left half made; delete the folder to have a new one", d.folder)
		}
		return nil
	}
	d.kept = keptDemo{User: "demo", Password: strings.ToLower(rand.Text()[:16])}
	made, err := h.Setup(ctx, hub.SetupRequest{Username: d.kept.User, Password: d.kept.Password, Name: "Demo", Loopback: true,
		House: &hub.NewHouse{Name: "Demo house", TimeZone: "Europe/Paris", Language: "en"}})
	if err != nil {
		return err
	}
	id, err := h.Identify(ctx, hub.Credential{Secret: made.Token, House: made.House.ID})
	if err != nil {
		return err
	}
	if err := d.furnish(ctx, h, id); err != nil {
		return err
	}
	if err := h.SignOut(ctx, id); err != nil {
		return err
	}
	return d.keep()
}

// furnish makes the phone and the two scenes of the Open API's tutorial, a lamp
// and the keys of the curl lines.
func (d *demo) furnish(ctx context.Context, h *hub.Hub, id *home.Identity) error {
	zero, one, hundred := 0.0, 1.0, 100.0
	room, err := h.CreateRoom(ctx, id, "Living room")
	if err != nil {
		return err
	}
	phone, err := h.CreateDevice(ctx, id, hub.NewDevice{Name: "My phone", ExternalID: "mqtt:my-phone", Driver: "virtual", Features: []hub.NewFeature{
		{ExternalID: phoneFeature, Name: "At home", Category: "motion-sensor", Type: "binary", Min: &zero, Max: &one, ReadOnly: true}}})
	if err != nil {
		return err
	}
	lamp, err := h.CreateDevice(ctx, id, hub.NewDevice{Name: "Lamp", ExternalID: "lamp", Driver: "virtual", Room: room.ID, Features: []hub.NewFeature{
		{ExternalID: "lamp:on", Name: "On", Category: "light", Type: "binary", Min: &zero, Max: &one},
		{ExternalID: "lamp:brightness", Name: "Brightness", Category: "light", Type: "brightness", Unit: "percent", Min: &zero, Max: &hundred}}})
	if err != nil {
		return err
	}
	for _, s := range demoScenes() {
		if _, err := h.CreateScene(ctx, id, s); err != nil {
			return fmt.Errorf("scene %s: %w", s.Name, err)
		}
	}
	year := home.TimeOf(h.Now().Std().Add(365 * 24 * time.Hour))
	_, d.kept.Phone, err = h.CreateKey(ctx, id, hub.NewKey{Kind: home.OpenKey, Name: "demo phone", Expires: year,
		Grants: []home.Grant{{Verbs: []home.Verb{home.WriteState}, Features: []string{phoneFeature}}}})
	if err != nil {
		return err
	}
	_, d.kept.Reader, err = h.CreateKey(ctx, id, hub.NewKey{Kind: home.TokenKey, Name: "demo screen", Expires: year, Grants: []home.Grant{
		{Verbs: []home.Verb{home.ReadDevice, home.ReadState}, Devices: []home.ID{lamp.ID, phone.ID}},
		{Verbs: []home.Verb{home.Control}, Devices: []home.ID{lamp.ID}}}})
	return err
}

// phoneFeature is the external id that the tutorial of the Open API gives.
const phoneFeature = "mqtt:my-phone-presence"

func demoScenes() []home.Scene {
	raw := func(s string) json.RawMessage { return json.RawMessage(s) }
	scene := func(name, value, atHome, lamp string) home.Scene {
		return home.Scene{Name: name, Enabled: true,
			Triggers:   []home.Trigger{{Type: "state", Settings: raw(`{"type":"state","feature":"` + phoneFeature + `","operator":"=","value":` + value + `}`)}},
			Conditions: []home.Trigger{},
			Steps: []home.Step{
				{Name: "Presence", Action: "presence.set", Args: raw(`{"account":"me","at_home":` + atHome + `}`)},
				{Name: "Lamp", Action: "device.command", Args: raw(`{"feature":"lamp:on","value":` + lamp + `}`)},
			}}
	}
	return []home.Scene{scene("Back home", "1", "true", "1"), scene("Left home", "0", "false", "0")}
}

// keep writes the demo's file, which only the owner may read.
func (d *demo) keep() error {
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
func (d *demo) curls(url string) []string {
	return []string{
		"curl -X POST " + url + "/v1/api/device/state/" + d.kept.Phone + ` -H 'Content-Type: application/json' -d '{"device_feature_external_id": "` + phoneFeature + `", "state": 1}'`,
		"curl " + url + apiPrefix + "/devices -H 'Authorization: Bearer " + d.kept.Reader + "'",
		"curl -X POST " + url + apiPrefix + "/commands -H 'Authorization: Bearer " + d.kept.Reader + `' -H 'Content-Type: application/json' -d '{"feature": "lamp:on", "value": false}'`,
	}
}
