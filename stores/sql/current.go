package sql

import (
	"maps"
	"slices"

	"latchkey/home"
	"latchkey/stores/sql/journal"
)

// blockSize is how many neighbouring features share a row of table current.
const blockSize = 64

// block holds the current values of blockSize features.
type block struct {
	points [blockSize]*home.Point
	dirty  bool // differs from the table
}

// values are the features' current values and the houses' highest numbers.
type values struct {
	blocks map[uint32]*block
	heads  map[home.ID]uint64
}

func newValues() values {
	return values{blocks: map[uint32]*block{}, heads: map[home.ID]uint64{}}
}

// put makes p the current value when it is one.
func (v *values) put(p *home.Point) {
	if !p.Current {
		return
	}
	b := v.blocks[p.Feature/blockSize]
	if b == nil {
		b = &block{}
		v.blocks[p.Feature/blockSize] = b
	}
	b.dirty = true
	at := &b.points[p.Feature%blockSize]
	if *at == nil {
		*at = new(home.Point)
	}
	**at = *p
	(*at).Old = nil
}

// catchUp is put for a row of the journal that is older, perhaps, than the
// value there: a salvaged journal may lack the row that set it.
func (v *values) catchUp(p *home.Point) {
	if b := v.blocks[p.Feature/blockSize]; b != nil {
		if now := b.points[p.Feature%blockSize]; now != nil && now.Seq > p.Seq {
			return
		}
	}
	v.put(p)
}

func (v *values) erase(list []home.Erasure) {
	for _, e := range list {
		if b := v.blocks[e.Feature/blockSize]; e.Forget && b != nil {
			b.points[e.Feature%blockSize], b.dirty = nil, true
		}
	}
}

func (v *values) raise(spans []journal.HouseSpan) {
	for _, s := range spans {
		if v.heads[s.House] < s.Span[1] {
			v.heads[s.House] = s.Span[1]
		}
	}
}

// all returns copies of the current values in the order of the features.
func (v *values) all() []home.Point {
	var out []home.Point
	for _, n := range slices.Sorted(maps.Keys(v.blocks)) {
		out = append(out, v.blocks[n].list()...)
	}
	return out
}

func (b *block) list() []home.Point {
	var out []home.Point
	for _, p := range b.points {
		if p != nil {
			out = append(out, *p)
		}
	}
	return out
}
