package dialects_test

import (
	"path/filepath"
	"testing"

	"latchkey/dialects"
	"latchkey/dialects/dialecttest"
	"latchkey/hub"
	"latchkey/internal/wire"
)

// TestAll: every dialect has a README, golden exchanges and a folder of its
// name, and all of them live on one server.
func TestAll(t *testing.T) {
	k := dialecttest.NewKit(t, nil)
	var open []dialecttest.Opener
	for _, d := range dialects.All() {
		open = append(open, func(h *hub.Hub) (wire.Dialect, error) { return d.Open(h, dialects.Options{Version: "1.4.0"}) })
		for _, pattern := range []string{"README.md", "testdata/*.http"} {
			if found, err := filepath.Glob(filepath.Join(d.Name, pattern)); err != nil || len(found) == 0 {
				t.Errorf("dialect %s has no %s", d.Name, pattern)
			}
		}
	}
	w := k.With(open...).World(t)
	if err := wire.Check(w.Dialects); err != nil {
		t.Error(err)
	}
	for i, d := range w.Dialects {
		if want := dialects.All()[i].Name; d.Name != want {
			t.Errorf("the dialect listed as %s calls itself %s", want, d.Name)
		}
	}
}

func TestOpenByName(t *testing.T) {
	w := dialecttest.NewKit(t, nil).World(t)
	one, err := dialects.Open(w.Hub, dialects.Options{}, "gladys")
	if err != nil || len(one) != 1 || one[0].Name != "gladys" {
		t.Errorf("gladys alone: %v, %v", one, err)
	}
	if _, err := dialects.Open(w.Hub, dialects.Options{}, "gladys", "esperanto"); err == nil {
		t.Error("a dialect that there is not was opened")
	}
}
