package gladys_test

import (
	"context"
	"strings"
	"testing"

	"latchkey/bus"
	"latchkey/dialects/dialecttest"
	"latchkey/dialects/gladys"
	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/mqtt"
)

// taken publishes to the dialect and waits for what becomes of it.
func taken(t testing.TB, w *dialecttest.World, m mqtt.Message) error {
	t.Helper()
	table, err := mqtt.NewTable(gladys.Topics(w.Hub))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 2)
	table.Take(m, func(err error) { done <- err })
	err = <-done
	if len(done) > 0 {
		t.Errorf("%s was done with twice", m.Topic)
	}
	return err
}

// key returns a key of alice's with these rights.
func key(t testing.TB, w *dialecttest.World, verbs ...home.Verb) *home.Identity {
	t.Helper()
	_, secret, err := w.Hub.CreateKey(t.Context(), alice(t, w), hub.NewKey{Kind: home.TokenKey, Name: "mqtt", Grants: []home.Grant{{Verbs: verbs}}})
	if err != nil {
		t.Fatal(err)
	}
	id, err := w.Hub.Identify(t.Context(), hub.Credential{Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

const featureTopic = "gladys/master/device/any/feature/"

func TestTopicStates(t *testing.T) {
	w := kit(t).World(t)
	id := key(t, w, home.WriteState)
	for _, c := range []struct {
		topic, payload string
		want           home.Value
		code           home.Code
	}{
		{"demo:lamp:brightness/state", "12.5", home.Num(12.5), ""},
		{"demo:lamp:brightness/state", " 7 ", home.Num(7), ""},
		{"demo:lamp:on/state", "true", home.Num(1), ""},
		{"demo:lamp:on/state", "2", home.Num(1), home.Unprocessable},
		{"demo:lamp:on/state", "on", home.Num(1), home.Unprocessable},
		{"demo:lamp:on/state", "", home.Num(1), home.Unprocessable},
		{"demo:lamp:on/state", "NaN", home.Num(1), home.Unprocessable},
		{"demo:board:text/state", "007", home.Txt("007"), ""},
		{"demo:board:text/text", "caf\u00e9", home.Txt("caf\u00e9"), ""},
		{"demo:board:text/text", "a\x00b", home.Txt("caf\u00e9"), home.Unprocessable},
		{"demo:board:text/text", strings.Repeat("x", 5000), home.Txt("caf\u00e9"), home.Unprocessable},
		{"demo:lamp:brightness/historical", `{"state": 3, "created_at": "2026-03-01T12:00:00Z"}`, home.Num(7), ""},
		{"demo:lamp:brightness/historical", `{"state": 3}`, home.Num(7), home.Unprocessable},
		{"demo:lamp:brightness/historical", `3`, home.Num(7), home.Invalid},
		{"demo:nothing/state", "1", home.Value{}, home.NotFound},
	} {
		feature, _, _ := strings.Cut(c.topic, "/")
		if err := taken(t, w, mqtt.Message{Topic: featureTopic + c.topic, Payload: []byte(c.payload), Who: id}); home.CodeOf(err) != c.code {
			t.Errorf("%s %.20q: %v, want the code %q", c.topic, c.payload, err, c.code)
		}
		if feature == "demo:nothing" {
			continue
		}
		if got := current(t, w, feature).Value; got != c.want {
			t.Errorf("after %s %.20q it is %v, want %v", c.topic, c.payload, got, c.want)
		}
	}
}

// TestRetainedStates: what a broker has kept is how things are, and nothing
// that happens.
func TestRetainedStates(t *testing.T) {
	w := kit(t).World(t)
	id := key(t, w, home.WriteState, home.ReadState, home.RunScene)
	var lives []bool
	w.Hub.Bus().Listen(func(entries []*bus.Entry) {
		for _, e := range entries {
			if e.State != nil {
				lives = append(lives, e.State.Live)
			}
		}
	})
	for _, payload := range []string{"30", "30", "31"} {
		if err := taken(t, w, mqtt.Message{Topic: featureTopic + "demo:lamp:brightness/state", Payload: []byte(payload), Retained: true, Who: id}); err != nil {
			t.Fatal(err)
		}
	}
	if got := current(t, w, "demo:lamp:brightness").Value; got != home.Num(31) {
		t.Errorf("after retained messages it is %v", got)
	}
	if len(lives) != 2 || lives[0] || lives[1] {
		t.Errorf("live: %v; one of three was told again, and none is live", lives)
	}
	if err := taken(t, w, mqtt.Message{Topic: "gladys/master/scene/x/start", Retained: true, Who: id}); home.CodeOf(err) != home.Unprocessable {
		t.Errorf("a retained start ended with %v", err)
	}
}

func TestTopicDevice(t *testing.T) {
	w := kit(t).World(t)
	id := key(t, w, home.WriteDevice, home.WriteState)
	create := func(body string) error {
		return taken(t, w, mqtt.Message{Topic: "gladys/master/device/create", Payload: []byte(body), Who: id})
	}
	const one = `{"name":"Plug","external_id":"mqtt:plug","selector":"x","should_poll":false,"features":[
		{"name":"On","external_id":"mqtt:plug:on","category":"switch","type":"binary","min":0,"max":1,"read_only":false,"has_feedback":false,"keep_history":1}]}`
	for range 2 {
		if err := create(one); err != nil {
			t.Fatal(err)
		}
	}
	v, err := w.Hub.Device(t.Context(), alice(t, w), "mqtt:plug")
	if err != nil || v.Driver != gladys.Driver || v.Version != 1 || len(v.Features) != 1 || v.Features[0].ReadOnly || !v.Features[0].KeepHistory {
		t.Fatalf("the device is %+v, %v", v.Device, err)
	}
	if err := create(`{"name":"Plug 2","external_id":"mqtt:plug","features":[{"name":"Power","external_id":"mqtt:plug:power","category":"switch","type":"power","read_only":true}]}`); err != nil {
		t.Fatal(err)
	}
	if v, err = w.Hub.Device(t.Context(), alice(t, w), "mqtt:plug"); err != nil || v.Name != "Plug 2" || len(v.Features) != 2 || v.Features[0].Num == 0 {
		t.Errorf("after the change it is %+v, %v", v.Device, err)
	}
	for body, code := range map[string]home.Code{
		`{`: home.Invalid, `[]`: home.Invalid, `{"name":"","external_id":""}`: home.Unprocessable,
		`{"name":"x","external_id":"y","features":[{"name":"On","external_id":"mqtt:plug:on","category":"switch","type":"binary"}]}`: home.Conflict,
	} {
		if err := create(body); home.CodeOf(err) != code {
			t.Errorf("%s: %v, want the code %s", body, err, code)
		}
	}
	if err := taken(t, w, mqtt.Message{Topic: "gladys/master/device/create", Payload: []byte(one), Who: key(t, w, home.WriteState)}); home.CodeOf(err) != home.Forbidden {
		t.Errorf("without the right: %v", err)
	}
}

func TestSelector(t *testing.T) {
	for name, want := range map[string]string{"Retour \u00e0 la maison": "retour-a-la-maison", "  Back home! ": "back-home", "A1": "a1", "\u0152uf & \u00c7a": "oeuf-ca", "\u5bb6": "", "---": ""} {
		if got := gladys.Selector(name); got != want {
			t.Errorf("%q is selected by %q, want %q", name, got, want)
		}
	}
}

func TestTopicOwnTracks(t *testing.T) {
	w := kit(t).World(t)
	id := key(t, w, home.WriteLocation)
	const fix = `{"_type":"location","lat":48.85,"lon":2.35,"tst":1774771200,"acc":12,"batt":80,"tid":"al"}`
	if err := taken(t, w, mqtt.Message{Topic: "owntracks/alice/pixel", Payload: []byte(fix), Who: id}); err != nil {
		t.Fatal(err)
	}
	v, err := w.Hub.Device(t.Context(), alice(t, w), home.ID("owntracks:"+string(id.Account)+":pixel"))
	if err != nil || v.Name != "pixel" {
		t.Errorf("the phone is %v, %v", v.Device, err)
	}
	for body, code := range map[string]home.Code{`{"_type":"lwt","tst":1774771200}`: "", ``: "", `{"_type":"cmd"}`: "", `{"_type":"nope"}`: home.Unprocessable, `x`: home.Invalid} {
		if err := taken(t, w, mqtt.Message{Topic: "owntracks/alice/pixel", Payload: []byte(body), Who: id}); home.CodeOf(err) != code {
			t.Errorf("%s: %v, want the code %q", body, err, code)
		}
	}
	// A broker that is not ours: the user name in the topic says who it is.
	other := &home.Identity{Kind: home.InsideKey, House: id.House, Role: home.Adult, Grants: []home.Grant{{Verbs: []home.Verb{home.WriteLocation, home.ReadMember}}}}
	if err := taken(t, w, mqtt.Message{Topic: "owntracks/Alice/second", Payload: []byte(fix), Who: other}); err != nil {
		t.Errorf("by the user name: %v", err)
	}
	if err := taken(t, w, mqtt.Message{Topic: "owntracks/stranger/second", Payload: []byte(fix), Who: other}); home.CodeOf(err) != home.NotFound {
		t.Errorf("by a stranger's name: %v", err)
	}
}

// FuzzTopics: whatever is published is taken in or refused, once, and never
// our fault.
func FuzzTopics(f *testing.F) {
	for _, seed := range [][2]string{
		{featureTopic + "demo:lamp:on/state", "1"}, {featureTopic + "demo:board:text/text", "x"}, {featureTopic + "demo:lamp:brightness/historical", `{"state":1,"created_at":"2026-03-01T12:00:00Z"}`},
		{"gladys/master/device/create", `{"name":"a","external_id":"b","features":[{"external_id":"c","min":"1","read_only":1}]}`}, {"gladys/master/scene/x/start", ""},
		{"owntracks/a/b", `{"_type":"location","lat":1,"lon":2}`}, {"owntracks/a/b/event", `{"_type":"transition","event":"enter"}`},
	} {
		f.Add(seed[0], []byte(seed[1]))
	}
	w := kit(f).World(f)
	id := key(f, w, home.WriteState, home.WriteDevice, home.RunScene, home.WriteLocation)
	table, err := mqtt.NewTable(gladys.Topics(w.Hub))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, topic string, payload []byte) {
		done := make(chan error, 2)
		table.Take(mqtt.Message{Topic: topic, Payload: payload, Who: id}, func(err error) { done <- err })
		select {
		case err := <-done:
			if home.CodeOf(err) == home.Internal {
				t.Fatalf("%q %q: %v", topic, payload, err)
			}
		case <-context.Background().Done():
		}
	})
}
