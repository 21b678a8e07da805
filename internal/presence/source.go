package presence

import (
	"time"

	"latchkey/home"
)

// Sighting is when one of a member's sources last showed the member.
type Sighting struct {
	At    home.Time  `json:"at"`
	Cause home.Cause `json:"cause,omitempty"`
}

// Shows reports whether a value means that the member of s is seen.
func Shows(s *home.PresenceSource, v home.Value) bool {
	switch s.Operator {
	case "=":
		return v == s.Value
	case "!=":
		return v != s.Value
	}
	if v.IsText || s.Value.IsText {
		return false
	}
	a, b := v.Number, s.Value.Number
	switch s.Operator {
	case ">":
		return a > b
	case ">=":
		return a >= b
	case "<":
		return a < b
	case "<=":
		return a <= b
	}
	return false
}

// Member is what is known of a member with sources who is at home.
type Member struct {
	Since    home.Time // since when the member is at home
	Sources  []home.PresenceSource
	Sighting func(feature string) Sighting    // the zero Sighting when there was none
	Current  func(feature string) *home.State // nil = no value
}

// Gone reports whether no source shows the member any more, and what the last
// one that did was caused by. Somebody who came without being seen stays for
// as long as the source with the longest time-out waits.
func (m *Member) Gone(now home.Time) (bool, home.Cause) {
	if len(m.Sources) == 0 {
		return false, nil
	}
	var last Sighting
	for i := range m.Sources {
		s := &m.Sources[i]
		if c := m.Current(s.Feature); s.Holds && c != nil && Shows(s, c.Value) {
			return false, nil
		}
		seen := m.Sighting(s.Feature)
		if within(now, max(seen.At, m.Since), s.Timeout) {
			return false, nil
		}
		if seen.At > last.At {
			last = seen
		}
	}
	return true, last.Cause
}

// Seen reports whether any source shows the member now, time-outs included.
func (m *Member) Seen(now home.Time) bool {
	for i := range m.Sources {
		s := &m.Sources[i]
		if c := m.Current(s.Feature); s.Holds && c != nil && Shows(s, c.Value) {
			return true
		}
		if seen := m.Sighting(s.Feature); seen.At != 0 && within(now, seen.At, s.Timeout) {
			return true
		}
	}
	return false
}

func within(now, since home.Time, seconds int) bool {
	return now.Sub(since) < time.Duration(seconds)*time.Second
}
