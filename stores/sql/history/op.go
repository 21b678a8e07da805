package history

import (
	"math"
	"sort"

	"latchkey/home"
)

// The kinds of op, and what may stand beside them.
const (
	add     = iota
	replace // add, in the place of what is at the same At
	erase   // take [at, seq) away

	kindBits = 3
	kindMask = 3
	textFlag = 4 // value is a place in texts
)

// op is one thing that the journal did to a feature's history. It is small and
// without pointers, because hundreds of thousands may wait.
type op struct {
	tag   int64 // the journal row, and the kind in the lowest bits
	seq   uint64
	at    home.Time
	value uint64 // the number's bits
}

func (o *op) row() int64 { return o.tag >> kindBits }
func (o *op) kind() int  { return int(o.tag & kindMask) }

// waiting is ops in the order of the journal. What is in its lists never
// changes, so that readers and the sealer keep working on the ones they took.
type waiting struct {
	ops   []op
	texts []string
}

// put appends a point.
func (w *waiting) put(row int64, p *home.Point) {
	o := op{tag: row << kindBits, seq: p.Seq, at: p.At, value: math.Float64bits(p.Value.Number)}
	if p.Replace {
		o.tag |= replace
	}
	if p.Value.IsText {
		o.tag |= textFlag
		o.value = uint64(len(w.texts))
		w.texts = append(w.texts, p.Value.Text)
	}
	w.push(o)
}

// push appends o.
func (w *waiting) push(o op) {
	if w.ops == nil {
		w.ops = make([]op, 0, 16)
	}
	w.ops = append(w.ops, o)
}

// drop takes the first n away.
func (w *waiting) drop(n int) {
	if w.ops = w.ops[n:]; len(w.ops) == 0 {
		w.ops, w.texts = nil, nil
	}
}

func (w *waiting) sample(i int) home.Sample {
	o := &w.ops[i]
	s := home.Sample{Seq: o.seq, At: o.at}
	if o.tag&textFlag != 0 {
		s.Value = home.Txt(w.texts[o.value])
	} else {
		s.Value.Number = math.Float64frombits(o.value)
	}
	return s
}

// plain reports whether there are only additions, in the order of At, then Seq.
func (w *waiting) plain() bool {
	for i := range w.ops {
		o := &w.ops[i]
		if o.kind() != add {
			return false
		}
		if i > 0 && !before(home.Cursor{At: w.ops[i-1].at, Seq: w.ops[i-1].seq}, home.Cursor{At: o.at, Seq: o.seq}) {
			return false
		}
	}
	return true
}

// mark is how far a feature is sealed.
type mark struct {
	row    int64 // the journal row and order number of the last point
	seq    uint64
	erased int64 // the journal row of the last erasure
}

// noMark is before every row.
func noMark() mark { return mark{row: math.MinInt64, erased: math.MinInt64} }

// has reports whether o is sealed already.
func (m *mark) has(o *op) bool {
	if o.kind() == erase {
		return o.row() <= m.erased
	}
	return !m.before(o.row(), o.seq)
}

// before reports whether a point is still to be sealed.
func (m *mark) before(row int64, seq uint64) bool { return row > m.row || row == m.row && seq > m.seq }

// after returns w without what m has.
func (w waiting) after(m mark) waiting {
	w.ops = w.ops[sort.Search(len(w.ops), func(i int) bool { return !m.has(&w.ops[i]) }):]
	return w
}

// advance returns m moved behind w.
func (w *waiting) advance(m mark) mark {
	for i := range w.ops {
		if o := &w.ops[i]; o.kind() == erase {
			m.erased = max(m.erased, o.row())
		} else {
			m.row, m.seq = o.row(), o.seq
		}
	}
	return m
}
