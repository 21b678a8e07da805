package sql

import (
	"encoding/json"
	"fmt"

	"latchkey/home"
	"latchkey/stores/sql/journal"
)

// A stretch is closed when it has so many rows or bytes.
const (
	stretchRows  = 256
	stretchBytes = 512 << 10
)

// span is the lowest and the highest order number.
type span [2]uint64

// stretch is some neighbouring rows of the journal: which of the houses' order
// numbers they hold.
type stretch struct {
	first, last int64
	entries     int
	bytes       int64
	houses      map[home.ID]span
	stored      bool // is in table stretch
}

// rowSpan is what one row holds of one house.
type rowSpan struct {
	house home.ID
	span
}

// spansOf appends the spans of a group's entries to list.
func spansOf(list []rowSpan, g *home.Group) []rowSpan {
	for i := range g.Points {
		list = widen(list, g.Points[i].House, g.Points[i].Seq)
	}
	for i := range g.Events {
		list = widen(list, g.Events[i].House, g.Events[i].Seq)
	}
	return list
}

// spansOfRow does the same for a row that was read.
func spansOfRow(list []rowSpan, r *journal.Row) []rowSpan {
	for _, e := range r.Entries {
		if e.Point != nil {
			list = widen(list, e.Point.House, e.Point.Seq)
		} else {
			list = widen(list, e.Event.House, e.Event.Seq)
		}
	}
	return list
}

func widen(list []rowSpan, house home.ID, seq uint64) []rowSpan {
	for i := len(list) - 1; i >= 0; i-- {
		if s := &list[i]; s.house == house {
			s.span = span{min(s.span[0], seq), max(s.span[1], seq)}
			return list
		}
	}
	return append(list, rowSpan{house, span{seq, seq}})
}

// index is the list of stretches, oldest first. The last one is open: rows are
// added to it.
type index struct {
	list   []*stretch
	closed bool // the last one takes no more rows
}

// add takes a row in and reports whether a stretch was finished.
func (x *index) add(row int64, spans []rowSpan, entries, bytes int) bool {
	n := len(x.list)
	if n == 0 || x.closed || x.list[n-1].last+1 != row {
		x.list = append(x.list, &stretch{first: row, houses: map[home.ID]span{}})
		x.closed = false
		n++
	}
	s := x.list[n-1]
	s.last, s.entries, s.bytes = row, s.entries+entries, s.bytes+int64(bytes)
	for _, r := range spans {
		old, ok := s.houses[r.house]
		if !ok {
			old = r.span
		}
		s.houses[r.house] = span{min(old[0], r.span[0]), max(old[1], r.span[1])}
	}
	x.closed = s.last-s.first+1 >= stretchRows || s.bytes >= stretchBytes
	return x.closed
}

// The log keeps at least so many entries or bytes, whichever is less.
const (
	logEntries = 100_000
	logBytes   = 64 << 20
)

// spare returns the oldest stretch that the log need not keep and of which all
// rows lie below floor; nil when there is none.
func (x *index) spare(floor int64) *stretch {
	if len(x.list) < 2 || x.list[0].last >= floor || !x.list[0].stored {
		return nil
	}
	var entries int
	var bytes int64
	for _, s := range x.list[1:] {
		entries += s.entries
		bytes += s.bytes
		if entries >= logEntries || bytes >= logBytes {
			return x.list[0]
		}
	}
	return nil
}

// above returns copies of the stretches that hold numbers of house above after,
// and the lowest number of the house that there is.
func (x *index) above(house home.ID, after uint64) (list []stretch, lowest uint64) {
	for _, s := range x.list {
		h, ok := s.houses[house]
		if !ok {
			continue
		}
		if lowest == 0 {
			lowest = h[0]
		}
		if h[1] > after {
			list = append(list, stretch{first: s.first, last: s.last})
		}
	}
	return list, lowest
}

// encode returns the houses as the table keeps them.
func (s *stretch) encode() (string, error) {
	b, err := json.Marshal(s.houses)
	return string(b), err
}

func (s *stretch) decode(text string) error {
	if err := json.Unmarshal([]byte(text), &s.houses); err != nil {
		return fmt.Errorf("%w: stretch %d: %w", journal.ErrCorrupt, s.first, err)
	}
	return nil
}
