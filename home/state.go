package home

import "encoding/json"

// Value is what a feature says: a finite number, or a text.
type Value struct {
	Number float64
	Text   string
	IsText bool
}

// Num returns a numeric value.
func Num(n float64) Value { return Value{Number: n} }

// Txt returns a text value.
func Txt(s string) Value { return Value{Text: s, IsText: true} }

// Report is a value on its way in.
type Report struct {
	Feature string // external id
	Value   Value
	At      Time // when it was so; 0 = now
	// Loose: the sender did not say whether the value is a number or a text. A
	// feature of texts then takes a number as the text that was written, or as it
	// is written when Written is empty.
	Loose    bool
	Written  string
	Explicit bool // history given at its own time (created_at, import, journal), not live
	Quiet    bool // how things are, told again, such as what a broker has kept: fires no trigger
}

// State is a feature's value at a moment, with its order number.
type State struct {
	Seq      uint64
	At       Time // when it was so
	Received Time // when it reached us
	Value    Value
	Cause    Cause
	Flagged  bool // its own time was not believable, so At is Received
}

// StateChange is what the bus tells of a stored state.
type StateChange struct {
	Device  *Device
	Feature *Feature
	Old     *State // the current state before; nil = none
	New     State
	Current bool // New became the feature's current value
	Changed bool // Current, and the value differs from Old's
	Live    bool // young enough to fire triggers
}

// MarshalJSON writes a number or a text.
func (v Value) MarshalJSON() ([]byte, error) {
	if v.IsText {
		return json.Marshal(v.Text)
	}
	return json.Marshal(v.Number)
}

// UnmarshalJSON reads a number, a text, or true and false as 1 and 0.
func (v *Value) UnmarshalJSON(b []byte) error {
	switch {
	case string(b) == "true":
		*v = Num(1)
	case string(b) == "false":
		*v = Num(0)
	case len(b) > 0 && b[0] == '"':
		*v = Value{IsText: true}
		return json.Unmarshal(b, &v.Text)
	default:
		*v = Value{}
		if err := json.Unmarshal(b, &v.Number); err != nil || string(b) == "null" {
			return Errorf(Invalid, "a value is a number, a text, true or false, not %.40s", b)
		}
	}
	return nil
}
