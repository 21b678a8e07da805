package chunk

import (
	"encoding/binary"
	"math"
	"slices"

	"latchkey/home"
)

// Encoder makes chunks. Its zero value is ready; it keeps its buffers from one
// chunk to the next, and serves one goroutine at a time.
type Encoder struct {
	head, body []byte
	nums       []float64
	values     []uint64 // whole numbers, bit patterns or places in the dictionary
	places     map[home.Value]uint64
	words      []home.Value
}

// Encode packs points, which are in the order of At, then Seq. Head and body
// are good until the next call. It returns ErrCount for none or too many.
func (e *Encoder) Encode(points []home.Sample) (head, body []byte, err error) {
	if len(points) == 0 || len(points) > MaxPoints {
		return nil, nil, ErrCount
	}
	var h Head
	e.body = e.body[:0]
	e.choose(&h, points)
	h.summarise(points, e.nums)
	e.head = h.append(e.head[:0])
	e.blocks(&h, points)
	crc := checksum(checksum(0, e.head), e.body)
	e.body = binary.LittleEndian.AppendUint32(e.body, crc)
	return e.head, e.body, nil
}

// choose decides how values are kept, and fills e.values.
func (e *Encoder) choose(h *Head, points []home.Sample) {
	n := len(points)
	e.nums = slices.Grow(e.nums[:0], n)[:n]
	e.values = slices.Grow(e.values[:0], n)[:n]
	texts := false
	for i := range points {
		e.nums[i] = points[i].Value.Number
		texts = texts || points[i].Value.IsText
	}
	if texts {
		h.mode = dictionary
		e.look(points)
		return
	}
	if scale, ok := scaleUp(e.values, e.nums); ok {
		h.mode, h.scale = decimals, scale
		return
	}
	h.mode = floats
	for i, v := range e.nums {
		e.values[i] = math.Float64bits(v)
	}
}

// look builds the dictionary, in the order of first use, and writes it.
func (e *Encoder) look(points []home.Sample) {
	if e.places == nil {
		e.places = map[home.Value]uint64{}
	}
	clear(e.places)
	e.words = e.words[:0]
	for i := range points {
		v := points[i].Value
		key := v
		if !v.IsText { // a map would take -0 for 0, and never find NaN
			key = home.Value{Text: string(binary.LittleEndian.AppendUint64(nil, math.Float64bits(v.Number)))}
		}
		at, ok := e.places[key]
		if !ok {
			at = uint64(len(e.words))
			e.places[key] = at
			e.words = append(e.words, v)
		}
		e.values[i] = at
	}
	e.body = binary.AppendUvarint(e.body, uint64(len(e.words)))
	for _, v := range e.words {
		if v.IsText {
			e.body = binary.AppendUvarint(e.body, uint64(len(v.Text))+1)
			e.body = append(e.body, v.Text...)
			continue
		}
		e.body = append(e.body, 0)
		e.body = binary.LittleEndian.AppendUint64(e.body, math.Float64bits(v.Number))
	}
}

// blocks writes every point but the first, whose numbers are in the head.
func (e *Encoder) blocks(h *Head, points []home.Sample) {
	at := series{last: uint64(h.First.At), rising: true}
	seq := series{last: h.First.Seq, rising: true}
	value := series{last: e.values[0]}
	bits := xor{last: e.values[0]}
	var times, seqs [blockLen]uint64
	for from := 1; from < len(points); {
		to := min(from&^(blockLen-1)+blockLen, len(points))
		n := to - from
		for i := range points[from:to] {
			times[i], seqs[i] = uint64(points[from+i].At), points[from+i].Seq
		}
		e.body = at.append(e.body, times[:n])
		e.body = seq.append(e.body, seqs[:n])
		if h.mode == floats {
			e.body = bits.append(e.body, e.values[from:to])
		} else {
			e.body = value.append(e.body, e.values[from:to])
		}
		from = to
	}
}
