package scenes_test

import (
	"encoding/json"
	"strings"
	"testing"

	"latchkey/bus"
	"latchkey/home"
	"latchkey/scenes"
	"latchkey/scenes/conditions"
	"latchkey/scenes/triggers"
)

func engine(t testing.TB) *scenes.Engine {
	e, err := scenes.New(scenes.Config{House: &house{}, Triggers: triggers.All(), Conditions: conditions.All(), Actions: described})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// Whatever stands in a scene, it is taken or refused with a place and a reason;
// what is taken can be put and asked.
func FuzzCheck(f *testing.F) {
	for _, s := range []string{
		`{"type":"state","feature":"x","operator":"=","value":1}`,
		`{"type":"state","feature":"x","operator":"!=","value":"off","repeat":true}`,
		`{"type":"state","feature":"x","operator":"changed"}`,
		`{"type":"state","feature":"x","operator":"<","value":1e999}`,
		`{"type":"state","type":"event","feature":null}`,
		`{"type":"event","event":"custom.a","match":{"a":"b","c":1,"d":true}}`,
		`{"type":"event","event":"custom.a","match":{"a":{}}}`,
		`{"type":"presence","house":"empty"}`,
		`{"type":"presence","account":"me","at_home":false}`,
		`{"n":1,"headers":{},"password":"x"}`, `[]`, `null`, `{`, `{"type":"state","feature":"x"} x`, "\"\xff\"",
	} {
		f.Add(s, s, s)
	}
	e := engine(f)
	f.Fuzz(func(t *testing.T, settings, condition, args string) {
		s := home.Scene{ID: "s", House: "h1", Name: "s", Enabled: true, Steps: []home.Step{{Action: "do", Args: json.RawMessage(args)}}}
		var tr, co home.Trigger
		if tr.UnmarshalJSON([]byte(settings)) == nil {
			s.Triggers = []home.Trigger{tr}
		}
		if co.UnmarshalJSON([]byte(condition)) == nil {
			s.Conditions = []home.Trigger{co}
		}
		if err := e.Check(s); err != nil {
			refusal := home.AsError(err)
			if refusal.Code != home.Unprocessable || refusal.Reason != "scene_refused" || len(refusal.Fields) == 0 {
				t.Fatalf("refused as %+v", refusal)
			}
			for _, field := range refusal.Fields {
				if field.Message == "" || !strings.HasPrefix(field.Path, "triggers[0]") && !strings.HasPrefix(field.Path, "conditions[0]") && !strings.HasPrefix(field.Path, "steps[0]") {
					t.Errorf("the field error %+v does not say where and what", field)
				}
			}
			return
		}
		e.Put(s)
		e.Hear([]*bus.Entry{entry(1, "x", 1), {House: "h1", Event: &home.Event{Type: "custom.a", Data: json.RawMessage(settings)}}})
		e.Remove(s.ID)
	})
}

// What is redacted is JSON, whatever it was before. TestRedact says what is hidden.
func FuzzRedact(f *testing.F) {
	for _, s := range []string{
		`{"token":"s3cr3t-s3cr3t"}`, `{"headers":{"X-Api-Key":"s3cr3t-s3cr3t"}}`, `[{"key":"Authorization","value":"s3cr3t-s3cr3t"}]`,
		`{"body":"{\"password\":\"s3cr3t-s3cr3t\"}"}`, `{"body":"a=1&password=s3cr3t-s3cr3t"}`, `{"url":"https://u:s3cr3t-s3cr3t@x.example/?a=1"}`,
		`{"url":"https://x.example/with/key/s3cr3t-s3cr3t?access_token=s3cr3t-s3cr3t#s3cr3t-s3cr3t"}`, `not json s3cr3t-s3cr3t`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		out := scenes.Redact(json.RawMessage(raw))
		if !json.Valid(out) {
			t.Fatalf("%q becomes %q, which is not JSON", raw, out)
		}
		again := scenes.Redact(out)
		if !json.Valid(again) {
			t.Fatalf("%q becomes %q, which is not JSON", out, again)
		}
	})
}

func TestRedact(t *testing.T) {
	for _, c := range []struct{ in, out string }{
		{`{"token":"abc","n":1}`, `{"n":1,"token":"(hidden)"}`},
		{`{"a":[{"Client-Secret":"abc"},"x"]}`, `{"a":[{"Client-Secret":"(hidden)"},"x"]}`},
		{`[{"key":"Authorization","value":"abc"},{"key":"Accept","value":"*/*"}]`, `[{"key":"Authorization","value":"(hidden)"},{"key":"Accept","value":"*/*"}]`},
		{`{"body":"{\"password\":\"abc\",\"n\":1}"}`, `{"body":"{\"n\":1,\"password\":\"(hidden)\"}"}`},
		{`{"body":"n=1&pass=abc"}`, `{"body":"n=1\u0026pass=(hidden)"}`},
		{`{"url":"https://u:abc@x.example/a"}`, `{"url":"https://hidden@x.example/a"}`},
		{`{"url":"https://x.example/e/with/key/abc/json?q=1&api_key=abc#abc"}`, `{"url":"https://x.example/e/with/key/(hidden)/json?q=1\u0026api_key=(hidden)"}`},
		{`{"feature":"lamp.on","value":1.50}`, `{"feature":"lamp.on","value":1.50}`},
		{`{"password":null}`, `{"password":null}`},
		{`abc`, `"(hidden)"`},
	} {
		if got := string(scenes.Redact(json.RawMessage(c.in))); got != c.out {
			t.Errorf("Redact(%s) = %s, want %s", c.in, got, c.out)
		}
	}
}

func TestDecode(t *testing.T) {
	low, high := 0.0, 100.0
	fields := []home.Field{
		{Name: "name", Kind: "text", Required: true, Max: &high},
		{Name: "level", Kind: "number", Min: &low, Max: &high},
		{Name: "mode", Kind: "text", Enum: []string{"on", "off"}},
		{Name: "value", Kind: "value"}, {Name: "url", Kind: "url"}, {Name: "list", Kind: "list"}, {Name: "sure", Kind: "boolean"}, {Name: "more", Kind: "object"},
	}
	for in, want := range map[string]string{
		`{"name":"a","level":50,"mode":"on","value":true,"url":"https://x.example","list":[],"sure":false,"more":{}}`: "",
		`{"name":"a","level":null}`: "",
		``:                          "name: is missing; it is a text of at most 100 characters",
		`null`:                      "name: is missing",
		`[]`:                        "is not an object",
		`{"name":"a"`:               "is not an object",
		`{"name":""}`:               "name: this is empty",
		`{"name":1}`:                "name: this is not a text",
		`{"name":"` + strings.Repeat("a", 101) + `"}`: "name: this has 101 characters",
		`{"name":"a","name":"b"}`:                     "name: is given twice",
		`{"name":"a","level":101}`:                    "level: 101 is out of range; it is a number from 0 to 100",
		`{"name":"a","level":"5"}`:                    "level: this is not a number",
		`{"name":"a","mode":"dim"}`:                   `mode: "dim" is not accepted; it is one of on off`,
		`{"name":"a","value":[]}`:                     "value: this is not a number",
		`{"name":"a","url":"ftp://x"}`:                "url: this is not a full address",
		`{"name":"a","list":{}}`:                      "list: this is not a list",
		`{"name":"a","sure":1}`:                       "sure: this is neither true nor false",
		`{"name":"a","more":[]}`:                      "more: this is not an object",
		`{"name":"a","nmae":1}`:                       "nmae: there is no such setting; accepted: name, level",
	} {
		var v map[string]any
		err := scenes.Decode(fields, json.RawMessage(in), &v)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want) || home.CodeOf(err) != home.Unprocessable) {
			t.Errorf("Decode(%.60s) = %v, want %q", in, err, want)
		}
	}
}

func TestComparison(t *testing.T) {
	for _, c := range []struct {
		v    home.Value
		op   string
		than home.Value
		want bool
	}{
		{home.Num(1), "=", home.Num(1), true}, {home.Num(1), "!=", home.Num(1), false}, {home.Num(2), ">", home.Num(1), true},
		{home.Num(1), ">", home.Num(1), false}, {home.Num(1), ">=", home.Num(1), true}, {home.Num(0), "<", home.Num(1), true},
		{home.Num(1), "<=", home.Num(1), true}, {home.Txt("1"), "=", home.Num(1), false}, {home.Txt("a"), "!=", home.Num(1), true},
		{home.Txt("5"), ">", home.Num(1), false}, {home.Txt("a"), "=", home.Txt("a"), true},
	} {
		cmp, err := scenes.NewComparison(c.op, c.than)
		if err != nil || cmp.Holds(c.v) != c.want {
			t.Errorf("%v %s %v = %v (%v), want %v", c.v, c.op, c.than, cmp.Holds(c.v), err, c.want)
		}
	}
	for _, op := range []string{"", "==", "changed"} {
		if _, err := scenes.NewComparison(op, home.Num(1)); home.CodeOf(err) != home.Unprocessable {
			t.Errorf("the operator %q is taken: %v", op, err)
		}
	}
}

func TestLimitsOfAScene(t *testing.T) {
	e := engine(t)
	many := on("s", "x")
	for range 51 {
		many.Triggers = append(many.Triggers, many.Triggers[0])
		many.Conditions = append(many.Conditions, trigger(`{"type":"presence","house":"empty"}`))
		many.Steps = append(many.Steps, home.Step{Action: "do"}, home.Step{Action: "do"})
	}
	many.Name = strings.Repeat("n", 101)
	err := home.AsError(e.Check(many))
	var paths []string
	for _, f := range err.Fields {
		paths = append(paths, f.Path)
	}
	if got := strings.Join(paths, " "); got != "name triggers conditions steps" {
		t.Errorf("what is refused is %q, want name, triggers, conditions and steps", got)
	}
}
