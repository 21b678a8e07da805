package gladys

import (
	"net/http"
	"strconv"

	"latchkey/home"
	"latchkey/internal/wire"
)

// states is one body of device/state: a single state, or a list that is taken
// whole or not at all.
type states struct {
	batch   bool
	reports []home.Report
	one     [1]home.Report // where reports of a single state are kept
	texts   []string       // nil, or what was written for each value; "" = a plain number
}

// asText turns the n-th value, and every other of the same feature, into the
// text that was written. It reports false when it is one already.
func (s *states) asText(n int) bool {
	if s.reports[n].Value.IsText {
		return false
	}
	feature := s.reports[n].Feature
	for i := range s.reports {
		r := &s.reports[i]
		if r.Feature != feature || r.Value.IsText {
			continue
		}
		text := strconv.FormatFloat(r.Value.Number, 'f', -1, 64)
		if s.texts != nil && s.texts[i] != "" {
			text = s.texts[i]
		}
		r.Value = home.Txt(text)
	}
	return true
}

// readStates reads the body of r.
func (a *api) readStates(r *http.Request) (s *states, err error) {
	if err := wantType(r); err != nil {
		return nil, err
	}
	err = a.withBody(r, func(b []byte) error {
		if len(b) > int(wire.StateBody) && first(b) != '[' {
			return home.Errorf(home.TooLarge, "one state has at most %d bytes; several of them, as a JSON list, have at most %d", wire.StateBody, wire.Body).Because("body_too_large")
		}
		if isForm(r, b) {
			s, err = formStates(b)
			return err
		}
		quickly, ok := quick(b)
		if s = quickly; !ok {
			s, err = decodeStates(b)
		}
		return err
	})
	return s, err
}

// formStates reads a form, which holds one state.
func formStates(b []byte) (*states, error) {
	m, err := parseForm(b)
	if err != nil {
		return nil, err
	}
	return single(m)
}
