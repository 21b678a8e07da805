package gladys_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/dialects/dialecttest"
	"latchkey/home"
)

// position is where Alice's record says that she is.
func position(t *testing.T, w *dialecttest.World) home.Position {
	t.Helper()
	members, err := w.Hub.Members(t.Context(), alice(t, w))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range members {
		if m.Account == home.ID(w.Vars["alice"]) && m.Position != nil {
			return *m.Position
		}
	}
	t.Fatal("Alice has no position")
	return home.Position{}
}

// TestOwnTracksIsKept: a location moves the member, makes the phone's device and
// fills its features; older ones do not move it back.
func TestOwnTracksIsKept(t *testing.T) {
	w := kit(t).World(t)
	send := func(body string) {
		t.Helper()
		if a := post(t, w.Handler, "/v1/api/owntracks/"+w.Vars["key"], "application/json", body); a.Code != http.StatusOK || a.Body.String() != "[]" {
			t.Fatalf("%s: %d %s", body, a.Code, a.Body)
		}
	}
	send(`{"_type":"location","lat":48.85833,"lon":2.29513,"tst":1774767595,"acc":12,"batt":71,"vel":4,"alt":154,"tid":"AL","topic":"owntracks/alice/pixel"}`)
	send(`{"_type":"location","lat":1,"lon":1,"tst":1774760000,"batt":72,"topic":"owntracks/alice/pixel"}`)
	p := position(t, w)
	if p.Latitude != 48.85833 || p.Longitude != 2.29513 || p.At != home.TimeOf(time.Unix(1774767595, 0)) || p.Tracker != "AL" || p.Accuracy == nil || *p.Accuracy != 12 || *p.Battery != 71 {
		t.Errorf("the member is at %+v", p)
	}
	d, err := w.Hub.Device(t.Context(), alice(t, w), home.ID(p.Phone))
	if err != nil || !strings.Contains(p.Phone, "pixel") {
		t.Fatalf("the phone %q: %v", p.Phone, err)
	}
	for i := range d.Features {
		if f := &d.Features[i]; f.Category == "battery" && (d.States[i] == nil || d.States[i].Value != home.Num(71)) {
			t.Errorf("the battery is %+v", d.States[i])
		}
	}
	before := p
	send(`{"_type":"transition","event":"leave","desc":"Home","lat":2,"lon":2,"tst":1774767700}`)
	if p = position(t, w); p.At != before.At {
		t.Errorf("a transition moved the member to %+v", p)
	}
}
