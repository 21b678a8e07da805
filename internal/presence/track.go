// Package presence decides who is where: whether a position says anything
// about a zone, when a crossing counts, and whether what was seen still shows
// that somebody is at home. It keeps nothing; its caller keeps what it returns.
package presence

import (
	"time"

	"latchkey/home"
)

const (
	// WorstAccuracy is how many metres a position may be wrong and still count.
	WorstAccuracy = 500
	// Margin is how many metres beyond the edge a position must be, with all of
	// its accuracy, to be outside. Inside begins at the edge itself.
	Margin = 20
)

// Side is what a position says about a zone.
type Side int

// The sides.
const (
	Unsure Side = iota
	Inside
	Outside
)

// SideOf tells the side of a position that is edge metres from a zone's edge,
// negative inside, and accurate to accuracy metres. A circle of accuracy that
// straddles the edge, or is too large, says nothing. A position that does not
// say how accurate it is is taken at its word.
func SideOf(edge float64, accuracy *float64) Side {
	wrong := 0.0
	if accuracy != nil {
		wrong = *accuracy
	}
	switch {
	case !(wrong <= WorstAccuracy):
		return Unsure
	case edge+wrong <= 0:
		return Inside
	case edge-wrong >= Margin:
		return Outside
	}
	return Unsure
}

// Track is what is known of one member and one zone. The zero Track is that
// nothing is.
type Track struct {
	Inside  bool       `json:"inside"`
	Since   home.Time  `json:"since"`             // when the member came or left, or was first seen outside
	At      home.Time  `json:"at"`                // of the newest position that says something
	Turning home.Time  `json:"turning,omitempty"` // since when positions say the other side; 0 = they do not
	Cause   home.Cause `json:"cause,omitempty"`   // of the first of these
}

// Evidence is what says that a member is on one side.
type Evidence struct {
	Side  Side
	At    home.Time // when it was so
	Now   home.Time // when it reached us: dwell times count from here
	Cause home.Cause
}

// Next returns the track after e and whether the member has crossed the edge.
// Evidence that is older than what is known changes nothing.
func (t Track) Next(z *home.Zone, e Evidence) (Track, bool) {
	if e.Side == Unsure || e.At < t.At {
		return t, false
	}
	t.At = e.At
	if t.Since == 0 && e.Side == Outside {
		t.Since = e.Now // the first that is known tells nothing
	}
	if (e.Side == Inside) == t.Inside {
		t.Turning, t.Cause = 0, nil
		return t, false
	}
	if t.Turning == 0 {
		t.Turning, t.Cause = e.Now, e.Cause
	}
	return t.Settle(z, e.Now)
}

// Due reports whether a crossing has waited for as long as the zone wants. A
// clock that has gone back does not make it wait any longer.
func (t Track) Due(z *home.Zone, now home.Time) bool {
	wait := z.Enter
	if t.Inside {
		wait = z.Leave
	}
	return t.Turning != 0 && (now < t.Turning || now.Sub(t.Turning) >= time.Duration(wait)*time.Second)
}

// Settle returns the track with a crossing that is due made. Cause stays, for
// who tells of it; Told takes it away.
func (t Track) Settle(z *home.Zone, now home.Time) (Track, bool) {
	if !t.Due(z, now) {
		return t, false
	}
	t.Inside, t.Since, t.Turning = !t.Inside, now, 0
	return t, true
}

// Told returns t without what is only needed to tell of a crossing.
func (t Track) Told() Track {
	if t.Turning == 0 {
		t.Cause = nil
	}
	return t
}
