package journal

import (
	"cmp"
	"encoding/binary"
	"hash/crc32"
	"math"
	"slices"

	"latchkey/home"
)

// Encoder writes rows. It keeps its buffers, so that a row costs little; it is
// for one goroutine.
type Encoder struct {
	buf     []byte
	strings map[string]uint64
	causes  []home.Cause
	order   []ref
	last    state
	heads   map[home.ID]uint64
}

// state is what the entry before left behind.
type state struct {
	house        home.ID
	seq          uint64
	at, received home.Time
	cause        home.Cause
	feature      uint32
}

// ref names an entry of a group: a point, or an event when negative (-1 = the first).
type ref struct {
	seq uint64
	n   int
}

// NewEncoder returns an encoder.
func NewEncoder() *Encoder {
	return &Encoder{strings: map[string]uint64{}, heads: map[home.ID]uint64{}}
}

// Encode returns g as a row. The bytes are good until the next call.
func (e *Encoder) Encode(g *home.Group) []byte {
	e.reset()
	e.sort(g)
	e.buf = append(e.buf, Version)
	e.uint(uint64(len(g.Records) + len(g.Audits)))
	e.uint(uint64(len(e.order)))
	for _, r := range e.order {
		if r.n >= 0 {
			e.point(&g.Points[r.n])
		} else {
			e.event(&g.Events[-r.n-1])
		}
	}
	e.uint(uint64(len(g.Erasures)))
	for i := range g.Erasures {
		e.erasure(&g.Erasures[i])
	}
	e.buf = binary.LittleEndian.AppendUint32(e.buf, crc32.Checksum(e.buf, castagnoli()))
	return e.buf
}

func (e *Encoder) reset() {
	e.buf = e.buf[:0]
	clear(e.strings)
	clear(e.heads)
	clear(e.causes)
	e.causes, e.order, e.last = e.causes[:0], e.order[:0], state{}
	e.strings[""] = 0
}

// sort puts the group's entries in the order of their numbers.
func (e *Encoder) sort(g *home.Group) {
	for i := range g.Points {
		e.order = append(e.order, ref{g.Points[i].Seq, i})
	}
	for i := range g.Events {
		e.order = append(e.order, ref{g.Events[i].Seq, -i - 1})
	}
	less := func(a, b ref) int { return cmp.Compare(a.seq, b.seq) }
	if !slices.IsSortedFunc(e.order, less) {
		slices.SortStableFunc(e.order, less)
	}
}

func (e *Encoder) uint(n uint64) { e.buf = binary.AppendUvarint(e.buf, n) }
func (e *Encoder) int(n int64)   { e.buf = binary.AppendVarint(e.buf, n) }

func (e *Encoder) string(s string) {
	n, ok := e.strings[s]
	if ok {
		e.uint(n)
		return
	}
	n = uint64(len(e.strings))
	e.strings[s] = n
	e.uint(n)
	e.uint(uint64(len(s)))
	e.buf = append(e.buf, s...)
}

// near is how many of a row's last causes are searched for an equal one.
const near = 8

func (e *Encoder) cause(c home.Cause) {
	for i := len(e.causes) - 1; i >= max(0, len(e.causes)-near); i-- {
		if slices.Equal(e.causes[i], c) {
			e.uint(uint64(i))
			return
		}
	}
	e.uint(uint64(len(e.causes)))
	e.causes = append(e.causes, c)
	e.uint(uint64(len(c)))
	for i := range c {
		e.string(c[i].Kind)
		e.string(string(c[i].ID))
		e.string(c[i].Name)
		e.uint(c[i].Seq)
	}
}

// head writes an entry's head and the fields that every entry has.
func (e *Encoder) head(bits byte, now state) {
	l := &e.last
	before := e.heads[now.house]
	bits |= bit(now.house == l.house, sameHouse) | bit(now.seq == before+1, nextSeq) | bit(now.at == l.at, sameAt) |
		bit(now.received == l.received, sameReceived) | bit(slices.Equal(now.cause, l.cause), sameCause)
	e.buf = append(e.buf, bits)
	if bits&sameHouse == 0 {
		e.string(string(now.house))
	}
	if bits&nextSeq == 0 {
		e.int(int64(now.seq - before))
	}
	if bits&sameAt == 0 {
		e.int(int64(now.at - l.at))
	}
	if bits&sameReceived == 0 {
		e.int(int64(now.received - now.at))
	}
	if bits&sameCause == 0 {
		e.cause(now.cause)
	}
	e.heads[now.house] = now.seq
	e.last = now
}

func bit(yes bool, b byte) byte {
	if yes {
		return b
	}
	return 0
}

func (e *Encoder) point(p *home.Point) {
	next := p.Feature == e.last.feature+1
	e.head(bit(next, nextFeature), state{p.House, p.Seq, p.At, p.Received, p.Cause, p.Feature})
	if !next {
		e.uint(uint64(p.Feature))
	}
	bits := bit(p.Flagged, flagged) | bit(p.Live, live) | bit(p.Current, current) | bit(p.History, history) |
		bit(p.Replace, replace) | bit(p.Value.IsText, isText)
	if p.Old != nil {
		bits |= hasOld | bit(p.Old.IsText, oldIsText)
	}
	e.buf = append(e.buf, bits)
	e.value(p.Value)
	if p.Old != nil {
		e.value(*p.Old)
	}
}

func (e *Encoder) value(v home.Value) {
	if v.IsText {
		e.string(v.Text)
		return
	}
	e.number(v.Number)
}

// number writes n as a whole number of thousandths, hundredths, tenths or ones
// when it is exactly that, and as its 8 bytes otherwise.
func (e *Encoder) number(n float64) {
	scale := 1.0
	for k := range uint64(4) {
		m := n * scale
		if w := math.Trunc(m); w == m && math.Abs(w) < 1<<53 && w/scale == n && !(n == 0 && math.Signbit(n)) {
			i := int64(w)
			e.uint((uint64(i<<1)^uint64(i>>63))<<3 | k<<1)
			return
		}
		scale *= 10
	}
	e.uint(1)
	e.buf = binary.LittleEndian.AppendUint64(e.buf, math.Float64bits(n))
}

func (e *Encoder) event(v *home.Event) {
	e.head(isEvent, state{v.House, v.Seq, v.At, v.Received, v.Cause, e.last.feature})
	e.string(v.Type)
	e.string(v.Subject)
	e.string(string(v.Data))
	e.string(string(v.Verb))
}

func (e *Encoder) erasure(x *home.Erasure) {
	e.uint(uint64(x.Feature))
	e.int(int64(x.From))
	e.int(int64(x.To))
	e.buf = append(e.buf, bit(x.Forget, 1))
}
