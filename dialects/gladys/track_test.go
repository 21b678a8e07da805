package gladys_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/dialects/dialecttest"
	"latchkey/home"
	"latchkey/hub"
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

// TestOwnTracksZones: a phone's messages enter and leave zones, make them, and
// set presence.
func TestOwnTracksZones(t *testing.T) {
	w := kit(t).World(t)
	owner := alice(t, w)
	send := func(body string) {
		t.Helper()
		if a := post(t, w.Handler, "/v1/api/owntracks/"+w.Vars["key"], "application/json", body); a.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", body, a.Code, a.Body)
		}
	}
	inside := func(want bool) {
		t.Helper()
		members, err := w.Hub.Members(t.Context(), owner)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range members {
			if m.Account == owner.Account && (m.Presence.AtHome != want || (len(m.Zones) > 0) != want) {
				t.Errorf("at home %v in %v, want %v", m.Presence.AtHome, m.Zones, want)
			}
		}
	}
	send(`{"_type":"waypoint","desc":"Nest","lat":"48.85833","lon":2.29513,"rad":120,"tst":1385997757}`)
	send(`{"_type":"waypoints","waypoints":[{"_type":"waypoint","desc":"School","lat":48.9,"lon":2.3,"rad":80,"tst":1385997758},{"_type":"waypoint","desc":"Beacon","rad":0}]}`)
	zones, err := w.Hub.Zones(t.Context(), owner)
	if err != nil || len(zones) != 2 || zones[0].Name != "Nest" || zones[0].Area.Circle.Radius != 120 || zones[1].Name != "School" {
		t.Fatalf("the zones are %+v, %v", zones, err)
	}
	yes, none := true, 0
	if _, err := w.Hub.UpdateZone(t.Context(), owner, zones[0].ID, hub.ZoneChange{Home: &yes, Leave: &none}); err != nil {
		t.Fatal(err)
	}
	inside(false)
	send(`{"_type":"location","lat":48.8585,"lon":2.2951,"acc":12}`)
	inside(true)
	send(`{"_type":"location","lat":48.8592,"lon":2.2951,"acc":60}`)
	inside(true)
	send(`{"_type":"transition","event":"leave","desc":"nest","t":"c"}`)
	inside(false)
	send(`{"_type":"transition","event":"enter","desc":"Nest","t":"c"}`)
	inside(true)
	send(`{"_type":"location","lat":0,"lon":0,"acc":12}`)
	inside(false)
}
