package gladys

import "latchkey/home"

// Quick is the fast way of reading a body.
func Quick(b []byte) ([]home.Report, bool) {
	s, ok := quick(b)
	if !ok {
		return nil, false
	}
	return s.reports, true
}

// Decode is the general way of reading a body.
func Decode(b []byte) ([]home.Report, error) {
	s, err := decodeStates(b)
	if err != nil {
		return nil, err
	}
	return s.reports, nil
}

// Form reads a form.
func Form(b []byte) ([]home.Report, error) {
	s, err := formStates(b)
	if err != nil {
		return nil, err
	}
	return s.reports, nil
}

// ParseMoment is created_at.
func ParseMoment(s string) (home.Time, error) { return parseMoment(s) }
