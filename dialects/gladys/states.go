package gladys

import (
	"net/http"

	"latchkey/home"
	"latchkey/internal/wire"
)

// states is one body of device/state: a single state, or a list that is taken
// whole or not at all.
type states struct {
	batch   bool
	reports []home.Report
	one     [1]home.Report // where reports of a single state are kept
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
