package journal

import (
	"encoding/json"
	"fmt"
	"slices"

	"latchkey/home"
)

// A stretch is closed when it has so many rows or bytes.
const (
	stretchRows  = 256
	stretchBytes = 512 << 10
)

// Span is the lowest and the highest order number.
type Span [2]uint64

// Stretch is some neighbouring rows of the journal: which of the houses' order
// numbers they hold.
type Stretch struct {
	First, Last int64
	Entries     int
	Bytes       int64
	Houses      map[home.ID]Span
	Stored      bool // is in the database as it is here
}

// HouseSpan is what one row holds of one house.
type HouseSpan struct {
	House home.ID
	Span
}

// Spans appends the spans of a group's entries to list.
func Spans(list []HouseSpan, g *home.Group) []HouseSpan {
	for i := range g.Points {
		list = widen(list, g.Points[i].House, g.Points[i].Seq)
	}
	for i := range g.Events {
		list = widen(list, g.Events[i].House, g.Events[i].Seq)
	}
	return list
}

// SpansOfRow does the same for a row that was read.
func SpansOfRow(list []HouseSpan, r *Row) []HouseSpan {
	for _, e := range r.Entries {
		if e.Point != nil {
			list = widen(list, e.Point.House, e.Point.Seq)
		} else {
			list = widen(list, e.Event.House, e.Event.Seq)
		}
	}
	return list
}

func widen(list []HouseSpan, house home.ID, seq uint64) []HouseSpan {
	for i := len(list) - 1; i >= 0; i-- {
		if s := &list[i]; s.House == house {
			s.Span = Span{min(s.Span[0], seq), max(s.Span[1], seq)}
			return list
		}
	}
	return append(list, HouseSpan{house, Span{seq, seq}})
}

// Index is the list of stretches, oldest first. The last one is open: rows are
// added to it. The zero Index is empty. It is for one goroutine at a time.
type Index struct {
	list   []*Stretch
	closed bool // the last one takes no more rows
}

// Load appends a stretch that the database has.
func (x *Index) Load(s *Stretch) {
	s.Stored = true
	x.list, x.closed = append(x.list, s), true
}

// Stretches returns the list, which is the index's own.
func (x *Index) Stretches() []*Stretch { return x.list }

// Store says that the database has all stretches as they are.
func (x *Index) Store() {
	x.closed = true
	for _, s := range x.list {
		s.Stored = true
	}
}

// Drop takes the oldest stretch away.
func (x *Index) Drop() { x.list = slices.Delete(x.list, 0, 1) }

// Add takes a row in and reports whether a stretch was finished.
func (x *Index) Add(row int64, spans []HouseSpan, entries, bytes int) bool {
	n := len(x.list)
	if n == 0 || x.closed || x.list[n-1].Last+1 != row {
		x.list = append(x.list, &Stretch{First: row, Houses: map[home.ID]Span{}})
		x.closed = false
		n++
	}
	s := x.list[n-1]
	s.Last, s.Entries, s.Bytes = row, s.Entries+entries, s.Bytes+int64(bytes)
	for _, r := range spans {
		old, ok := s.Houses[r.House]
		if !ok {
			old = r.Span
		}
		s.Houses[r.House] = Span{min(old[0], r.Span[0]), max(old[1], r.Span[1])}
	}
	x.closed = s.Last-s.First+1 >= stretchRows || s.Bytes >= stretchBytes
	return x.closed
}

// The log keeps at least so many entries or bytes, whichever is less.
const (
	logEntries = 100_000
	logBytes   = 64 << 20
)

// Spare returns the oldest stretch that the log need not keep and of which all
// rows lie below floor; nil when there is none.
func (x *Index) Spare(floor int64) *Stretch {
	if len(x.list) < 2 || x.list[0].Last >= floor || !x.list[0].Stored {
		return nil
	}
	var entries int
	var bytes int64
	for _, s := range x.list[1:] {
		entries += s.Entries
		bytes += s.Bytes
		if entries >= logEntries || bytes >= logBytes {
			return x.list[0]
		}
	}
	return nil
}

// Above returns copies of the stretches that hold numbers of house above after,
// and the lowest number of the house that there is.
func (x *Index) Above(house home.ID, after uint64) (list []Stretch, lowest uint64) {
	for _, s := range x.list {
		h, ok := s.Houses[house]
		if !ok {
			continue
		}
		if lowest == 0 {
			lowest = h[0]
		}
		if h[1] > after {
			list = append(list, Stretch{First: s.First, Last: s.Last})
		}
	}
	return list, lowest
}

// Encode returns the houses as the table keeps them.
func (s *Stretch) Encode() (string, error) {
	b, err := json.Marshal(s.Houses)
	return string(b), err
}

// Decode reads what Encode wrote; it returns an error that wraps ErrCorrupt when
// text is something else.
func (s *Stretch) Decode(text string) error {
	if err := json.Unmarshal([]byte(text), &s.Houses); err != nil {
		return fmt.Errorf("%w: stretch %d: %w", ErrCorrupt, s.First, err)
	}
	return nil
}
