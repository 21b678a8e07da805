package home

import (
	"strconv"
	"strings"
	"time"
)

// everyWords are the units as they are told.
const everyWords = "s, m, h, d, w, mo, y"

// ParseEvery reads a width such as 30s, 15m, 1h, 1d, 1w, 1mo or 1y; the count
// is 1 to 10,000. Errors are Invalid.
func ParseEvery(s string) (Every, error) {
	unit := strings.TrimLeft(s, "0123456789")
	n, err := strconv.Atoi(strings.TrimSuffix(s, unit))
	if err != nil || n < 1 || n > 10000 {
		return Every{}, everyError(s)
	}
	switch unit {
	case "s", "m", "h", "d", "w", "mo", "y":
		return Every{Count: n, Unit: unit}, nil
	}
	return Every{}, everyError(s)
}

func everyError(s string) error {
	return Errorf(Invalid, "%.20q is not a width; write a count of 1 to 10000 and one of %s, such as 15m or 1d", s, everyWords)
}

// MaxEdges is how many edges Edges gives at most.
const MaxEdges = 10001

// Edges cuts [from, to) into spans of e as the clocks of zone show them: days,
// weeks (from Monday), months and years begin at local midnight, shorter spans
// count from the start of from's local day. The first edge is at or before
// from, the last at or after to. Errors are Invalid when there would be more
// than MaxEdges.
func (e Every) Edges(from, to Time, zone *time.Location) ([]Time, error) {
	at := e.start(from.Std().In(zone))
	edges := []Time{}
	for i := 0; ; i++ {
		t := TimeOf(e.step(at, i))
		if n := len(edges); n > 0 && t <= edges[n-1] {
			continue // a local midnight that the clocks skipped
		}
		if len(edges) >= 1 && t <= from {
			edges[len(edges)-1] = t
			if t < to {
				continue
			}
		}
		edges = append(edges, t)
		if t >= to && len(edges) > 1 {
			return edges, nil
		}
		if len(edges) >= MaxEdges {
			return nil, Errorf(Invalid, "%s between %s and %s is more than %d spans; ask for wider or fewer ones", e, from, to, MaxEdges-1)
		}
	}
}

// start is the first edge to try, in local time.
func (e Every) start(t time.Time) time.Time {
	y, m, d := t.Date()
	switch e.Unit {
	case "w":
		back := (int(t.Weekday()) + 6) % 7
		return time.Date(y, m, d-back, 0, 0, 0, 0, t.Location())
	case "mo":
		return time.Date(y, m, 1, 0, 0, 0, 0, t.Location())
	case "y":
		return time.Date(y, 1, 1, 0, 0, 0, 0, t.Location())
	}
	return time.Date(y, m, d, 0, 0, 0, 0, t.Location())
}

// step is the n-th edge from t on.
func (e Every) step(t time.Time, n int) time.Time {
	n *= e.Count
	switch e.Unit {
	case "s":
		return t.Add(time.Duration(n) * time.Second)
	case "m":
		return t.Add(time.Duration(n) * time.Minute)
	case "h":
		return t.Add(time.Duration(n) * time.Hour)
	case "d":
		return t.AddDate(0, 0, n)
	case "w":
		return t.AddDate(0, 0, 7*n)
	case "mo":
		return t.AddDate(0, n, 0)
	}
	return t.AddDate(n, 0, 0)
}
