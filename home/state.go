package home

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
	Feature  string // external id
	Value    Value
	At       Time // when it was so; 0 = now
	Explicit bool // history given at its own time (created_at, import, journal), not live
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
