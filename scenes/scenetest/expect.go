package scenetest

import (
	"fmt"
	"strings"

	"latchkey/home"
)

// expect checks one thing that must be so, and says what is so instead.
func (w *world) expect(a Act) error {
	w.settle()
	switch a.What {
	case "value", "unknown":
		return w.expectValue(a)
	case "home", "away":
		return w.expectPresence(a)
	case "events":
		w.mu.Lock()
		defer w.mu.Unlock()
		if n := w.events[a.Name]; n != a.Count {
			return fmt.Errorf("%d events %s were told, want %d", n, a.Name, a.Count)
		}
		return nil
	}
	return w.expectRuns(a)
}

func (w *world) expectValue(a Act) error {
	_, _, s, err := w.hub.FeatureOf(w.t.Context(), w.owner, a.Name)
	switch {
	case err != nil:
		return err
	case a.What == "unknown" && s != nil:
		return fmt.Errorf("%s is %v, want it not to have a value yet", a.Name, s.Value)
	case a.What == "value" && s == nil:
		return fmt.Errorf("%s has no value yet, want %v", a.Name, a.Values[0])
	case a.What == "value" && s.Value != a.Values[0]:
		return fmt.Errorf("%s is %v, want %v", a.Name, s.Value, a.Values[0])
	}
	return nil
}

func (w *world) expectPresence(a Act) error {
	who, err := w.who(a.Name)
	if err != nil {
		return err
	}
	members, err := w.hub.Members(w.t.Context(), w.owner)
	if err != nil {
		return err
	}
	for _, m := range members {
		if m.Account != who.Account {
			continue
		}
		if m.Presence.AtHome != (a.What == "home") {
			return fmt.Errorf("%s is at home: %v, want %s", a.Name, m.Presence.AtHome, a.What)
		}
		return nil
	}
	return fmt.Errorf("%s is not a member", a.Name)
}

func (w *world) expectRuns(a Act) error {
	scene := home.ID("")
	if a.Name != "" {
		s, ok := w.scenes[a.Name]
		if !ok {
			return fmt.Errorf("there is no scene %q", a.Name)
		}
		scene = s.ID
	}
	runs, err := w.hub.Runs(w.t.Context(), w.owner, scene, 0)
	if err != nil {
		return err
	}
	if a.What == "run" {
		return lastRun(a, runs)
	}
	n := 0
	for _, r := range runs {
		if a.Status == "" || r.Status == a.Status {
			n++
		}
	}
	if n != a.Count {
		return fmt.Errorf("there are %d runs, want %d:%s", n, a.Count, describe(runs))
	}
	return nil
}

// lastRun checks how the newest run ended, or one of those that ended in the
// same millisecond.
func lastRun(a Act, runs []home.Run) error {
	for _, r := range runs {
		if r.Finished == runs[0].Finished && r.Status == a.Status && strings.Contains(r.Reason, a.Reason) {
			return nil
		}
	}
	return fmt.Errorf("the last run is not %s because %q; all:%s", a.Status, a.Reason, describe(runs))
}

func describe(runs []home.Run) string {
	var b strings.Builder
	for _, r := range runs {
		fmt.Fprintf(&b, "\n\t%s %s %s", r.Started, r.Status, r.Reason)
	}
	return b.String()
}
