package demohouse

import (
	"context"
	"encoding/json"
	"fmt"

	"latchkey/drivers/demo"
	"latchkey/home"
	"latchkey/hub"
)

// Made are the demo's scenes.
type Made struct{ Back, Left, Washed home.Scene }

// MakeScenes makes the demo's three scenes: the two of the Open API's tutorial,
// and one that calls a web address when the washing is done and somebody is at
// home to hear of it.
func MakeScenes(ctx context.Context, h *hub.Hub, id *home.Identity, language string) (Made, error) {
	var m Made
	for _, s := range []struct {
		made  *home.Scene
		scene home.Scene
	}{
		{&m.Back, presence(demo.In(language, home.Label{EN: "Back home", FR: "Retour \u00e0 la maison"}), "1", "true")},
		{&m.Left, presence(demo.In(language, home.Label{EN: "Left home", FR: "D\u00e9part de la maison"}), "0", "false")},
		{&m.Washed, washed(language)},
	} {
		made, err := h.CreateScene(ctx, id, s.scene)
		if err != nil {
			return m, fmt.Errorf("make the scene %s: %w", s.scene.Name, err)
		}
		*s.made = made
	}
	return m, nil
}

func raw(s string) json.RawMessage { return json.RawMessage(s) }

func presence(name, value, atHome string) home.Scene {
	return home.Scene{Name: name, Enabled: true,
		Triggers:   []home.Trigger{{Type: "state", Settings: raw(`{"type":"state","feature":"` + demo.YourPhone + `","operator":"=","value":` + value + `}`)}},
		Conditions: []home.Trigger{},
		Steps: []home.Step{
			{Name: "Presence", Action: "presence.set", Args: raw(`{"account":"me","at_home":` + atHome + `}`)},
			{Name: "Lamp", Action: "device.command", Args: raw(`{"feature":"` + demo.Lamp + `","value":` + value + `}`)},
		}}
}

func washed(language string) home.Scene {
	name := demo.In(language, home.Label{EN: "Washing done", FR: "Lessive termin\u00e9e"})
	text := demo.In(language, home.Label{EN: "The washing is done", FR: "La lessive est termin\u00e9e"})
	return home.Scene{Name: name, Enabled: true,
		Triggers:   []home.Trigger{{Type: "state", Settings: raw(`{"type":"state","feature":"` + demo.Washing + `","operator":"=","value":0}`)}},
		Conditions: []home.Trigger{{Type: "presence", Settings: raw(`{"type":"presence","house":"occupied"}`)}},
		Steps: []home.Step{
			{Name: "Tell", Action: "http.request", Args: raw(`{"method":"POST","url":"https://example.org/hooks/washing","body":"` + text + `"}`)},
		}}
}

// Rehearse runs the scenes for the first time, so that their runs can be looked
// at: your phone comes home and leaves again, and the washing is told twice,
// the second time to nobody, which is refused. The scenes must be running.
// phone is who reports the phone's presence.
func Rehearse(ctx context.Context, h *hub.Hub, id, phone *home.Identity) error {
	scenes, err := scenesOf(ctx, h, id)
	if err != nil {
		return err
	}
	s, err := h.Follow(ctx, id, nil)
	if err != nil {
		return fmt.Errorf("follow the demo: %w", err)
	}
	report := func(v float64) func() error {
		return func() error {
			_, err := h.Report(ctx, phone, home.Report{Feature: demo.YourPhone, Value: home.Num(v)})
			return err
		}
	}
	start := func() error { _, err := h.StartScene(ctx, id, scenes.Washed.ID); return err }
	for _, act := range []struct {
		do    func() error
		scene home.ID
	}{{report(1), scenes.Back.ID}, {start, scenes.Washed.ID}, {report(0), scenes.Left.ID}, {start, scenes.Washed.ID}} {
		if err := act.do(); err != nil {
			return fmt.Errorf("rehearse the demo: %w", err)
		}
		if err := awaitRun(ctx, s, act.scene); err != nil {
			return fmt.Errorf("rehearse the demo: %w", err)
		}
	}
	return nil
}

// scenesOf finds the demo's scenes by what fires them.
func scenesOf(ctx context.Context, h *hub.Hub, id *home.Identity) (Made, error) {
	var m Made
	all, err := h.Scenes(ctx, id)
	if err != nil {
		return m, fmt.Errorf("read the demo's scenes: %w", err)
	}
	for _, s := range all {
		var t struct {
			Feature string  `json:"feature"`
			Value   float64 `json:"value"`
		}
		if len(s.Triggers) != 1 || json.Unmarshal(s.Triggers[0].Settings, &t) != nil {
			continue
		}
		switch {
		case t.Feature == demo.Washing:
			m.Washed = s
		case t.Feature == demo.YourPhone && t.Value == 1:
			m.Back = s
		case t.Feature == demo.YourPhone:
			m.Left = s
		}
	}
	return m, nil
}

// awaitRun waits until a run of scene has ended.
func awaitRun(ctx context.Context, s *hub.Stream, scene home.ID) error {
	for {
		entries, err := s.Next(ctx, 100)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if e.Event != nil && e.Event.Type == home.EventRunFinished && e.Event.Subject == string(scene) {
				return nil
			}
		}
	}
}
