package demohouse

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"latchkey/home"
	"latchkey/hub"
)

// Kept is what Keep carried over.
type Kept struct {
	Scenes  []string
	Devices []string // names of the placeholders
	Rooms   int
}

// Side is a house in a hub, and who acts there.
type Side struct {
	Hub *hub.Hub
	ID  *home.Identity
}

// Keep makes the scenes of those names in another house. The devices that they
// speak of are made there too, with the same external ids, as virtual ones:
// they hold the place until real devices take it.
func Keep(ctx context.Context, from, to Side, names []string) (Kept, error) {
	var out Kept
	all, err := from.Hub.Scenes(ctx, from.ID)
	if err != nil {
		return out, fmt.Errorf("read the demo's scenes: %w", err)
	}
	scenes, err := chosen(all, names)
	if err != nil {
		return out, err
	}
	if err := placeholders(ctx, from, to, wordsOf(scenes), &out); err != nil {
		return out, err
	}
	for _, s := range scenes {
		if _, err := to.Hub.CreateScene(ctx, to.ID, s); err != nil {
			return out, fmt.Errorf("keep the scene %s: %w", s.Name, err)
		}
		out.Scenes = append(out.Scenes, s.Name)
	}
	return out, nil
}

func chosen(all []home.Scene, names []string) ([]home.Scene, error) {
	var out []home.Scene
	var have []string
	for _, s := range all {
		have = append(have, s.Name)
		if slices.Contains(names, s.Name) {
			out = append(out, s)
		}
	}
	for _, name := range names {
		if !slices.Contains(have, name) {
			return nil, fmt.Errorf("the demo has no scene named %q; it has %q", name, have)
		}
	}
	return out, nil
}

// wordsOf returns every text in the scenes' settings and arguments. A feature's
// external id is one of them, whatever the setting's name.
func wordsOf(scenes []home.Scene) map[string]bool {
	words := map[string]bool{}
	for _, s := range scenes {
		for _, t := range slices.Concat(s.Triggers, s.Conditions) {
			collect(t.Settings, words)
		}
		for _, step := range s.Steps {
			collect(step.Args, words)
		}
	}
	return words
}

func collect(raw json.RawMessage, words map[string]bool) {
	var object map[string]json.RawMessage
	var list []json.RawMessage
	var text string
	switch {
	case json.Unmarshal(raw, &object) == nil:
		for _, v := range object {
			collect(v, words)
		}
	case json.Unmarshal(raw, &list) == nil:
		for _, v := range list {
			collect(v, words)
		}
	case json.Unmarshal(raw, &text) == nil:
		words[text] = true
	}
}

// placeholders makes the devices that have one of words as an external id.
func placeholders(ctx context.Context, from, to Side, words map[string]bool, out *Kept) error {
	devices, err := from.Hub.Devices(ctx, from.ID)
	if err != nil {
		return fmt.Errorf("read the demo's devices: %w", err)
	}
	names, err := from.Hub.Rooms(ctx, from.ID)
	if err != nil {
		return fmt.Errorf("read the demo's rooms: %w", err)
	}
	rooms := map[home.ID]home.ID{}
	for _, d := range devices {
		if !words[d.ExternalID] && !slices.ContainsFunc(d.Features, func(f home.Feature) bool { return words[f.ExternalID] }) {
			continue
		}
		if i := slices.IndexFunc(names, func(r home.Room) bool { return r.ID == d.Room }); i >= 0 && rooms[d.Room] == "" {
			r, err := to.Hub.CreateRoom(ctx, to.ID, names[i].Name)
			if err != nil {
				return fmt.Errorf("make the room %s: %w", names[i].Name, err)
			}
			rooms[d.Room] = r.ID
			out.Rooms++
		}
		if _, err := to.Hub.CreateDevice(ctx, to.ID, placeholder(d.Device, rooms[d.Room])); err != nil {
			return fmt.Errorf("make the device %s: %w", d.Name, err)
		}
		out.Devices = append(out.Devices, d.Name)
	}
	return nil
}

func placeholder(d *home.Device, room home.ID) hub.NewDevice {
	n := hub.NewDevice{Name: d.Name, ExternalID: d.ExternalID, Driver: hub.VirtualDriver, Room: room}
	for _, f := range d.Features {
		keep := f.KeepHistory
		n.Features = append(n.Features, hub.NewFeature{ExternalID: f.ExternalID, Name: f.Name, Category: f.Category, Type: f.Type, Unit: f.Unit,
			Min: f.Min, Max: f.Max, ReadOnly: f.ReadOnly, KeepHistory: &keep, Retention: f.Retention, Critical: f.Critical})
	}
	return n
}
