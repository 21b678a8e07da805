package home_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"latchkey/home"
)

func TestMomentsReadAndWrite(t *testing.T) {
	for in, want := range map[string]string{
		"2026-03-29T07:00:00Z":           "2026-03-29T07:00:00.000Z",
		"2026-03-29T09:00:00.1239+02:00": "2026-03-29T07:00:00.123Z",
		"1970-01-01T00:00:00.001Z":       "1970-01-01T00:00:00.001Z",
		"1970-01-01T01:00:00+01:00":      "1970-01-01T00:00:00.001Z", // zero is "never"
		"9999-12-31T23:59:59.999Z":       "9999-12-31T23:59:59.999Z",
	} {
		got, err := home.ParseTime(in)
		if err != nil || got.String() != want {
			t.Errorf("%s reads as %s, %v; want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"", "2026-03-29", "2026-03-29T07:00:00", "1969-12-31T23:59:59Z", "0000-00-00T00:00:00Z", "9999-12-31T23:59:59-10:00", "tomorrow", "2026-02-30T00:00:00Z"} {
		if got, err := home.ParseTime(in); home.CodeOf(err) != home.Invalid {
			t.Errorf("%q reads as %s, %v; want it refused", in, got, err)
		}
	}
}

func FuzzParseTime(f *testing.F) {
	f.Add("2026-03-29T07:00:00Z")
	f.Add("2026-03-29T07:00:00.999999999-23:59")
	f.Add("1970-01-01T00:00:00.000999Z")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := home.ParseTime(s)
		if err != nil {
			return
		}
		again, err := home.ParseTime(got.String())
		if got == 0 || err != nil || again != got {
			t.Fatalf("%q reads as %s, which reads as %s, %v", s, got, again, err)
		}
	})
}

func TestValuesReadAndWrite(t *testing.T) {
	for in, want := range map[string]home.Value{`1`: home.Num(1), `-0.5`: home.Num(-0.5), `true`: home.Num(1), `false`: home.Num(0), `"on"`: home.Txt("on"), `""`: home.Txt("")} {
		var v home.Value
		if err := json.Unmarshal([]byte(in), &v); err != nil || v != want {
			t.Errorf("%s reads as %+v, %v; want %+v", in, v, err, want)
		}
	}
	for _, in := range []string{`null`, `{}`, `[1]`, `1e999`} {
		var v home.Value
		if err := json.Unmarshal([]byte(in), &v); err == nil {
			t.Errorf("%s reads as %+v; want it refused", in, v)
		}
	}
}

func TestGrantsCoverWhatTheyName(t *testing.T) {
	lamp := &home.Device{ID: "lamp", Room: "kitchen", Features: []home.Feature{{ExternalID: "lamp:on"}, {ExternalID: "lamp:level"}}}
	on, level := &lamp.Features[0], &lamp.Features[1]
	verbs := []home.Verb{home.Control}
	cases := []struct {
		name    string
		grant   home.Grant
		device  *home.Device
		feature *home.Feature
		want    bool
	}{
		{"everything", home.Grant{Verbs: verbs}, nil, nil, true},
		{"other verb", home.Grant{Verbs: []home.Verb{home.ReadState}}, lamp, on, false},
		{"its device", home.Grant{Verbs: verbs, Devices: []home.ID{"lamp"}}, lamp, on, true},
		{"other device", home.Grant{Verbs: verbs, Devices: []home.ID{"tv"}}, lamp, on, false},
		{"its room", home.Grant{Verbs: verbs, Rooms: []home.ID{"kitchen"}}, lamp, level, true},
		{"its feature", home.Grant{Verbs: verbs, Features: []string{"lamp:on"}}, lamp, on, true},
		{"other feature", home.Grant{Verbs: verbs, Features: []string{"lamp:on"}}, lamp, level, false},
		{"device by a feature", home.Grant{Verbs: verbs, Features: []string{"lamp:on"}}, lamp, nil, false},
		{"house by a device", home.Grant{Verbs: verbs, Devices: []home.ID{"lamp"}}, nil, nil, false},
	}
	for _, c := range cases {
		id := home.Identity{Grants: []home.Grant{c.grant}}
		if got := id.May(home.Control, c.device, c.feature); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	roomless := &home.Device{ID: "fan"}
	if (home.Grant{Verbs: verbs, Rooms: []home.ID{""}}).Covers(home.Control, roomless, nil) {
		t.Error("a grant on the room without a name covers devices without a room")
	}
}

func TestRolesNarrow(t *testing.T) {
	wider := map[home.Verb]bool{}
	for _, v := range home.RoleRights(home.Roles[0]) {
		wider[v] = true
	}
	for _, r := range home.Roles[1:] {
		now := map[home.Verb]bool{}
		for _, v := range home.RoleRights(r) {
			now[v] = true
			if !wider[v] {
				t.Errorf("%s holds %s, which a wider role does not", r, v)
			}
		}
		if len(now) >= len(wider) {
			t.Errorf("%s is not narrower than the role before", r)
		}
	}
	if home.RoleRights("king") != nil {
		t.Error("an unknown role has rights")
	}
}

func TestForeignErrorsGiveNothingAway(t *testing.T) {
	e := home.AsError(errors.New("SELECT secret FROM t"))
	if e.Code != home.Internal || strings.Contains(e.Message, "SELECT") {
		t.Errorf("a foreign error shows: %+v", e)
	}
	if home.CodeOf(nil) != "" || home.AsError(nil) != nil {
		t.Error("no error is an error")
	}
}

func TestCausesDoNotShareTails(t *testing.T) {
	c := home.Cause{}.And(home.Link{Kind: "key", ID: "k"})
	a, b := c.And(home.Link{Kind: "run", ID: "a"}), c.And(home.Link{Kind: "run", ID: "b"})
	if a[1].ID != "a" || b[1].ID != "b" || a.Depth() != 1 || c.Depth() != 0 {
		t.Errorf("%v and %v", a, b)
	}
}

func TestTheFirstFieldCompletesTheMessage(t *testing.T) {
	for path, want := range map[string]string{"a.b": "no good: a.b: is wrong", "": "no good: is wrong"} {
		err := home.Errorf(home.Unprocessable, "no good").At(path, "is wrong").At("c", "too").OrNil()
		if home.AsError(err).Message != want {
			t.Errorf("%q: %v, want %s", path, err, want)
		}
	}
}
