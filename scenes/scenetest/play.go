package scenetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"latchkey/home"
	"latchkey/hub"
)

// Run plays every *.scene file of a folder, each as a test of its own.
func Run(t *testing.T, dir string) {
	files, err := filepath.Glob(filepath.Join(dir, "*.scene"))
	if err != nil || len(files) == 0 {
		t.Fatalf("there is no *.scene in %s: %v", dir, err)
	}
	for _, name := range files {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimSuffix(filepath.Base(name), ".scene"), func(t *testing.T) {
			s, err := Parse(string(src))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			synctest.Test(t, func(t *testing.T) { Play(t, s) })
		})
	}
}

// Play plays one scenario. It is called in a synctest bubble.
func Play(t *testing.T, s *Scenario) {
	w := open(t, s)
	for _, a := range s.Acts {
		if err := w.act(a); err != nil {
			t.Fatalf("line %d: %v", a.Line, err)
		}
		w.settle()
	}
}

func (w *world) act(a Act) error {
	if a.Verb == "scene" {
		return w.putScene(a)
	}
	if a.Verb == "expect" {
		return w.expect(a)
	}
	wait := a.At - time.Since(w.begun)
	if wait < 0 {
		return fmt.Errorf("time does not go back: it is %s already", time.Since(w.begun))
	}
	time.Sleep(wait)
	w.settle()
	id, err := w.who(a.By)
	if err != nil {
		return err
	}
	switch a.Verb {
	case "report":
		return w.report(id, a)
	case "event":
		_, err = w.hub.Tell(w.t.Context(), id, hub.NewEvent{Type: a.Name, Data: json.RawMessage(a.Doc)})
		return err
	case "position":
		return w.locate(id, a)
	case "restart":
		w.end()
		w.begin()
		return nil
	case "wait":
		return nil
	case "remove":
		gone, err := w.who(a.Name)
		if err != nil {
			return err
		}
		return w.hub.RemoveMember(w.t.Context(), w.owner, gone.Account)
	}
	return w.changeScene(id, a)
}

func (w *world) report(id *home.Identity, a Act) error {
	for _, v := range a.Values {
		r := home.Report{Feature: a.Name, Value: v}
		if a.Said >= 0 {
			r.At = home.TimeOf(day().Add(a.Said))
		}
		if _, err := w.hub.Report(w.t.Context(), id, r); err != nil {
			return err
		}
		w.settle()
	}
	return nil
}

// putScene makes a scene, or changes the one of that name.
func (w *world) putScene(a Act) error {
	id, err := w.who(a.By)
	if err != nil {
		return err
	}
	s := home.Scene{Enabled: true}
	if err := json.Unmarshal([]byte(a.Doc), &s); err != nil {
		return err
	}
	s.Name = a.Name
	if old, ok := w.scenes[a.Name]; ok {
		s.ID = old.ID
		s, err = w.hub.UpdateScene(w.t.Context(), id, s)
	} else {
		s, err = w.hub.CreateScene(w.t.Context(), id, s)
	}
	if a.Status == "refused" {
		return refusal(err, a.Reason)
	}
	if err == nil {
		w.scenes[a.Name] = s
	}
	return err
}

// refusal checks that err refuses a scene, and says so in the words of reason.
func refusal(err error, reason string) error {
	e, ok := errors.AsType[*home.Error](err)
	if !ok {
		return fmt.Errorf("the scene was taken (%v), it must be refused", err)
	}
	said := e.Message
	for _, f := range e.Fields {
		said += "\n" + f.Path + ": " + f.Message
	}
	if e.Code == home.Internal || !strings.Contains(said, reason) {
		return fmt.Errorf("the scene was refused as %s: %s; want %q in that", e.Code, said, reason)
	}
	return nil
}

func (w *world) changeScene(id *home.Identity, a Act) error {
	s, ok := w.scenes[a.Name]
	if !ok {
		return fmt.Errorf("there is no scene %q", a.Name)
	}
	var err error
	switch a.Verb {
	case "start":
		_, err = w.hub.StartScene(w.t.Context(), id, s.ID)
	case "delete":
		err = w.hub.DeleteScene(w.t.Context(), id, s.ID)
	case "enable", "disable":
		s.Enabled, s.Version = a.Verb == "enable", 0
		s, err = w.hub.UpdateScene(w.t.Context(), id, s)
		w.scenes[a.Name] = s
	}
	return err
}
