package decode_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"latchkey/home"
	"latchkey/internal/wire/decode"
)

type thing struct {
	Name     string          `json:"name"`
	Level    float64         `json:"level"`
	Count    int             `json:"count"`
	Features []feature       `json:"features"`
	At       home.Time       `json:"at"`
	Raw      json.RawMessage `json:"raw"`
	Any      any             `json:"any"`
}

type feature struct {
	Min *float64 `json:"min"`
	On  bool     `json:"on"`
}

func TestJSONErrorsSayWhereAndWhat(t *testing.T) {
	known := decode.Options{Known: true}
	cases := []struct {
		in   string
		o    decode.Options
		want string // "" = accepted
	}{
		{`{"name":"a","level":1.5,"features":[{"min":-1e3}]}`, known, ""},
		{"\xef\xbb\xbf{}", known, ""},
		{` {"at":"2026-03-29T07:00:00Z"} `, known, ""},
		{``, known, "empty"},
		{"{\n \"features\": [\n  {\"min\": \"x\"}]}", known, "a number has to stand in line 3, column 11 (features[0].min), not a text"},
		{`{"count":1.5}`, known, "a whole number of 64 bits has to stand in line 1, column 10 (count), not this number"},
		{`{"features":{}}`, known, "a list has to stand in line 1, column 13 (features), not an object"},
		{`{"name":["x"]}`, known, "a text has to stand in line 1, column 9 (name), not a list"},
		{`[1]`, known, "an object has to stand in line 1, column 1, not a list"},
		{`{"features":[{"mim":1}]}`, known, `"mim" in line 1, column 20 is not a name that is known there; accepted: min, on`},
		{`{"raw":{"mim":1},"features":[{"on":true},{"mim":1}]}`, known, "column 48"},
		{`{"mim":1}`, decode.Options{}, ""},
		{`{"name":"a"} {}`, known, "something behind the end"},
		{`{"name":"a",}`, known, "name in double quotes"},
		{`{"name":"a"`, known, "a comma or }"},
		{`[1,2`, known, "a comma or ]"},
		{`{"level":NaN}`, known, "NaN and Infinity"},
		{`{"level":1e999}`, known, "too large"},
		{`{"raw":1e999}`, known, "too large"},
		{`{"raw":` + strings.Repeat("9", 200) + `}`, known, "more than 128 characters"},
		{`{"raw":01}`, known, "does not begin with 0"},
		{`{"name":"a\u0000"}`, known, "NUL"},
		{"{\"name\":\"a\x00\"}", known, "control character"},
		{"{\"name\":\"\xff\"}", known, "not UTF-8"},
		{`{'name':1}`, known, "double quotes"},
		{`{"raw":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`, known, "deeper than 64"},
		{`{"raw":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}`, known, ""},
		{`{"name":"a","n\u0061me":"b"}`, decode.Options{Unique: true}, "twice"},
		{`{"name":"a","NAME":"b"}`, decode.Options{Unique: true}, "twice"},
		{`{"raw":[{"a":1},{"a":1}]}`, decode.Options{Unique: true}, ""},
		{`{"` + strings.Repeat("\u00e9", 200) + `":1}`, known, "is not a name"},
		{`{"at":"tomorrow"}`, known, "is not a moment"},
	}
	for _, c := range cases {
		err := decode.JSON([]byte(c.in), new(thing), c.o)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%.60s: %v", c.in, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%.60s: %v, want %q", c.in, err, c.want)
		case c.want != "" && home.CodeOf(err) != home.Invalid:
			t.Errorf("%.60s: code %s", c.in, home.CodeOf(err))
		}
	}
}

// FuzzJSON holds the scanner against encoding/json: what it passes is valid
// JSON that decodes, and every refusal has a place and a text.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		`{"device_feature_external_id":"mqtt:x","state":1.5}`, `[{"a":[1,-0.5e+3,true,null]}]`, `{"_type":"location","lat":48.85,"lon":2.35,"tst":1}`,
		`{"type":"request","action":"light.turn_on","args":{"a":"\u00e9\ud83d\ude00"}}`, `{"a":1,"A":2}`, `"\ud800"`, `1e308`, `-`, `{"a":`, "\xef\xbb\xbf1", "[[[[", `{"features":[{"min":"x"}]}`,
	} {
		f.Add([]byte(s), true)
	}
	f.Fuzz(func(t *testing.T, data []byte, strict bool) {
		var got thing
		o := decode.Options{Known: strict, Unique: strict}
		err := decode.JSON(data, &got, o)
		if err == nil {
			trimmed := strings.TrimPrefix(string(data), "\xef\xbb\xbf")
			if !json.Valid([]byte(trimmed)) || !utf8.Valid(data) || strings.Contains(trimmed, `\u0000`) && !strings.Contains(trimmed, `\\u0000`) {
				t.Fatalf("passed %q", data)
			}
			if math.IsNaN(got.Level) || math.IsInf(got.Level, 0) {
				t.Fatalf("level %v of %q", got.Level, data)
			}
			return
		}
		e := home.AsError(err)
		if e.Code == home.Internal || e.Message == "" || len(e.Message) > 2000 || !utf8.ValidString(e.Message) {
			t.Fatalf("%q: %+v", data, e)
		}
		var anything any
		if err := decode.JSON(data, &anything, decode.Options{}); err != nil && home.AsError(err).Reason != "json_malformed" {
			t.Fatalf("%q into any: %v", data, err)
		}
	})
}
