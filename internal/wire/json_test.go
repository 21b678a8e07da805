package wire_test

import (
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"latchkey/home"
	"latchkey/internal/wire"
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
	known := wire.JSONOptions{Known: true}
	cases := []struct {
		in   string
		o    wire.JSONOptions
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
		{`{"mim":1}`, wire.JSONOptions{}, ""},
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
		{`{"name":"a","n\u0061me":"b"}`, wire.JSONOptions{Unique: true}, "twice"},
		{`{"name":"a","NAME":"b"}`, wire.JSONOptions{Unique: true}, "twice"},
		{`{"raw":[{"a":1},{"a":1}]}`, wire.JSONOptions{Unique: true}, ""},
		{`{"at":"tomorrow"}`, known, "is not a moment"},
	}
	for _, c := range cases {
		err := wire.DecodeJSON([]byte(c.in), new(thing), c.o)
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

func TestReadJSONTakesWhatItSays(t *testing.T) {
	read := func(body, contentType string, o wire.JSONOptions) error {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		if contentType != "" {
			r.Header.Set("Content-Type", contentType)
		}
		return wire.ReadJSON(r, 32, new(thing), o)
	}
	for contentType, o := range map[string]wire.JSONOptions{
		"": {}, "application/json": {}, "application/json; charset=utf-8": {}, "application/merge-patch+json": {}, "text/plain": {Types: []string{"text/plain"}}, wire.FormType: {Types: []string{"*"}},
	} {
		if err := read(`{}`, contentType, o); err != nil {
			t.Errorf("%q: %v", contentType, err)
		}
	}
	for _, contentType := range []string{"text/plain", wire.FormType, "nonsense;;", "application/xml"} {
		if err := read(`{}`, contentType, wire.JSONOptions{}); err == nil || wire.StatusOf(home.AsError(err)) != http.StatusUnsupportedMediaType {
			t.Errorf("%q: %v", contentType, err)
		}
	}
	if err := read(`{"name":"`+strings.Repeat("a", 40)+`"}`, "", wire.JSONOptions{}); home.CodeOf(err) != home.TooLarge {
		t.Errorf("over the limit: %v", err)
	}
	if err := read(``, "", wire.JSONOptions{Empty: true}); err != nil {
		t.Errorf("empty: %v", err)
	}
}

func TestWriteJSONRefusesBeforeItWrites(t *testing.T) {
	w := httptest.NewRecorder()
	if err := wire.WriteJSON(w, 200, math.NaN()); err == nil || w.Body.Len() > 0 {
		t.Errorf("%v %s", err, w.Body)
	}
	if err := wire.WriteJSON(w, 201, []string{"<&>"}); err != nil || w.Code != 201 || w.Body.String() != `["<&>"]` {
		t.Errorf("%v %d %s", err, w.Code, w.Body)
	}
}

func TestReadForm(t *testing.T) {
	form := func(body, contentType string) (int, error) {
		r := httptest.NewRequest("POST", "/?q=1", strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		v, err := wire.ReadForm(r, wire.Body)
		return len(v), err
	}
	if n, err := form("user%5Bemail%5D=a%40b&a[]=1&a[]=2", "applications/x-www-form-urlencoded; charset=utf-8"); n != 2 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	for _, bad := range []string{"a=%zz", "a;b=1", strings.Repeat("a=1&", 1000), strings.Repeat("k", 257) + "=1", "a=%00"} {
		if _, err := form(bad, wire.FormType); home.CodeOf(err) != home.Invalid {
			t.Errorf("%.40s: %v", bad, err)
		}
	}
	if _, err := form("a=1", "text/plain"); err == nil || wire.StatusOf(home.AsError(err)) != 415 {
		t.Errorf("text/plain: %v", err)
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
		o := wire.JSONOptions{Known: strict, Unique: strict}
		err := wire.DecodeJSON(data, &got, o)
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
		if err := wire.DecodeJSON(data, &anything, wire.JSONOptions{}); err != nil && home.AsError(err).Reason != "json_malformed" {
			t.Fatalf("%q into any: %v", data, err)
		}
	})
}
