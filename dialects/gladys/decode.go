package gladys

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/wire"
)

// members are a JSON object's members as they came. Names count exactly, and a
// name that stands there twice counts as its last.
type members map[string]json.RawMessage

// decodeStates reads any JSON body: one state, or a list of up to hub.MaxReports.
func decodeStates(b []byte) (*states, error) {
	if first(b) != '[' {
		var m members
		if err := wire.DecodeJSON(b, &m, wire.JSONOptions{}); err != nil {
			return nil, err
		}
		return single(m)
	}
	var list []members
	if err := wire.DecodeJSON(b, &list, wire.JSONOptions{}); err != nil {
		return nil, err
	}
	s := &states{batch: true, reports: make([]home.Report, len(list))}
	if len(list) > hub.MaxReports {
		return s, nil // the hub says how many it takes
	}
	e := home.Errorf(home.Unprocessable, "the states are not acceptable").Because("value_refused")
	for i, m := range list {
		s.reports[i] = m.state(e, fmt.Sprintf("[%d].", i))
	}
	return s, e.OrNil()
}

// single reads one state.
func single(m members) (*states, error) {
	e := home.Errorf(home.Unprocessable, "the state is not acceptable").Because("value_refused")
	r := m.state(e, "")
	return &states{reports: []home.Report{r}}, e.OrNil()
}

// state reads one state and notes in e what is wrong with it.
func (m members) state(e *home.Error, at string) (r home.Report) {
	if m == nil {
		e.At(strings.TrimSuffix(at, "."), "a state is an object, such as {%q: \"mqtt:my-phone-presence\", %q: 1}", memberFeature, memberState)
		return r
	}
	feature, ok := m.text(memberFeature)
	if !ok || feature == "" {
		e.At(at+memberFeature, "the feature's external id is needed, as a text such as mqtt:my-phone-presence")
	}
	r.Feature = feature
	r.Value, r.Written = m.value(e, at)
	r.Loose = true
	if created, there := m[memberTime]; there && string(created) != "null" && string(created) != `""` {
		written, ok := m.text(memberTime)
		moment, err := parseMoment(written)
		switch {
		case ok && err != nil && home.AsError(err).Reason == "moment_range":
			e.At(at+memberTime, "%s", home.AsError(err).Message)
		case !ok || err != nil:
			e.At(at+memberTime, "a moment is a text with an offset, such as 2026-03-29T07:00:00Z or 2026-03-29T09:00:00+02:00")
		}
		r.At, r.Explicit = moment, true
	}
	return r
}

// value reads text, or state where there is none, and returns what was written
// where that may be a number and a text alike.
func (m members) value(e *home.Error, at string) (home.Value, string) {
	if raw, there := m[memberText]; there && string(raw) != "null" && (string(raw) != `""` || m[memberState] == nil) {
		text, ok := m.text(memberText)
		if !ok {
			e.At(at+memberText, "a text in double quotes is accepted here; send a number as %s", memberState)
		}
		return home.Txt(text), ""
	}
	raw := m[memberState]
	if len(raw) == 0 || string(raw) == "null" {
		e.At(at+memberState, "a value is needed: a number, true or false, or a text")
		return home.Value{}, ""
	}
	switch raw[0] {
	case '"':
		text, _ := m.text(memberState)
		if n, ok := numeric(text); ok {
			return home.Num(n), text
		}
		return home.Txt(text), ""
	case '{', '[':
		e.At(at+memberState, "one value is accepted here: a number, true or false, or a text")
		return home.Value{}, ""
	}
	n, ok := numeric(string(raw))
	if !ok {
		e.At(at+memberState, "the number is too large")
	}
	return home.Num(n), notPlain(string(raw))
}

// notPlain returns true and false as they are written, and "" for numbers.
func notPlain(raw string) string {
	if raw == "true" || raw == "false" {
		return raw
	}
	return ""
}

// text returns the text of that name, and whether it is one.
func (m members) text(name string) (string, bool) {
	raw := m[name]
	if len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return s, err == nil
}

// numeric reads a text as a number: decimal, with a point, perhaps with an
// exponent, perhaps between spaces; or true and false.
func numeric(s string) (float64, bool) {
	s = strings.TrimSpace(s)
	switch s {
	case "true":
		return 1, true
	case "false":
		return 0, true
	}
	if len(s) > 128 || strings.Trim(s, "0123456789+-.eE") != "" || strings.ContainsFunc(s, notOfNumbers) {
		return 0, false
	}
	n, err := strconv.ParseFloat(s, 64)
	if n == 0 {
		n = 0 // -0 and 0 are one value
	}
	return n, err == nil
}

func notOfNumbers(c rune) bool { return !strings.ContainsRune("0123456789+-.eE", c) }

// jsonText returns s as a JSON text.
func jsonText(s string) json.RawMessage {
	b, err := json.Marshal(s)
	if err != nil {
		return nil
	}
	return b
}
