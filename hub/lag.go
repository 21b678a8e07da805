package hub

import "time"

// ewma is a moving average of what commits cost and how many shared them. Only
// the committer uses it.
type ewma struct {
	took   float64 // nanoseconds
	shared float64 // changes in a commit
}

const (
	ewmaWeight  = 0.1
	maxPatience = 4 * time.Millisecond
)

func (e *ewma) add(took time.Duration, changes int) {
	e.took += ewmaWeight * (float64(took) - e.took)
	e.shared += ewmaWeight * (float64(changes) - e.shared)
}

// worthWaiting reports whether a group of n is likely to grow: commits have
// lately held more than that.
func (e *ewma) worthWaiting(n int) bool { return e.shared > 1.5 && float64(n) < e.shared*1.1 }

// patience is how long to wait for one more: an eighth of a commit, at most 4 ms.
func (e *ewma) patience() time.Duration { return min(time.Duration(e.took/8), maxPatience) }
