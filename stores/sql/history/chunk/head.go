package chunk

import (
	"encoding/binary"
	"math"
	"slices"

	"latchkey/home"
)

// The ways that values are kept.
const (
	decimals   = iota // whole numbers over a power of ten
	floats            // bit patterns
	dictionary        // texts, or texts and numbers
)

// Head is what a chunk says of its points without their being decoded.
type Head struct {
	Count       int
	First, Last home.Sample // their values only where Summed
	// Summed says whether all values are numbers and the sums below are set. A
	// chunk with texts has none.
	Summed   bool
	Min, Max float64
	Sum      float64
	On       int64 // for how many ms between First and Last the value was not 0

	mode  int
	scale int
}

// summarise adds points up.
func (h *Head) summarise(points []home.Sample, nums []float64) {
	n := len(points)
	h.Count, h.First, h.Last = n, points[0], points[n-1]
	low, high, sum := nums[0], nums[0], 0.0
	for _, v := range nums {
		sum += v
		if v < low {
			low = v
		}
		if v > high {
			high = v
		}
	}
	if h.mode == floats { // NaN and -0 have an order of their own
		low, high = slices.Min(nums), slices.Max(nums)
	}
	h.Min, h.Max, h.Sum, h.On = low, high, sum, 0
	from, points := points[0].At, points[1:]
	for i := range points {
		to := points[i].At
		if nums[i] != 0 {
			h.On += int64(to - from)
		}
		from = to
	}
}

// append writes h and its checksum.
func (h *Head) append(b []byte) []byte {
	from := len(b)
	b = append(b, Version, byte(h.mode|h.scale<<2))
	b = binary.AppendUvarint(b, uint64(h.Count))
	b = binary.AppendVarint(b, int64(h.First.At))
	b = binary.AppendUvarint(b, uint64(h.Last.At-h.First.At))
	b = binary.AppendUvarint(b, h.First.Seq)
	b = binary.AppendVarint(b, int64(h.Last.Seq-h.First.Seq))
	if h.mode != dictionary {
		for _, v := range [...]float64{h.First.Value.Number, h.Last.Value.Number, h.Min, h.Max} {
			b = h.appendNumber(b, v)
		}
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(h.Sum))
		b = binary.AppendUvarint(b, uint64(h.On))
	}
	return binary.LittleEndian.AppendUint32(b, checksum(0, b[from:]))
}

func (h *Head) appendNumber(b []byte, v float64) []byte {
	if h.mode == decimals {
		if k, ok := whole(v, tens(h.scale)); ok {
			return binary.AppendVarint(b, int64(k))
		}
	}
	return binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
}

// ParseHead reads a head. It returns ErrDamaged, or ErrNewer.
func ParseHead(b []byte) (Head, error) {
	var h Head
	if len(b) < 2+crcLen {
		return h, ErrDamaged
	}
	if b[0] > Version {
		return h, ErrNewer
	}
	end := len(b) - crcLen
	if b[0] == 0 || checksum(0, b[:end]) != binary.LittleEndian.Uint32(b[end:]) {
		return h, ErrDamaged
	}
	h.mode, h.scale = int(b[1]&3), int(b[1]>>2)
	if h.mode > dictionary || h.scale > maxScale {
		return h, ErrDamaged
	}
	f := fields{b: b[2:end]}
	h.Count = int(min(f.uvarint(), MaxPoints+1))
	h.First.At = home.Time(f.varint())
	h.Last.At = h.First.At + home.Time(f.uvarint())
	h.First.Seq = f.uvarint()
	h.Last.Seq = h.First.Seq + uint64(f.varint())
	if h.Summed = h.mode != dictionary; h.Summed {
		for _, v := range [...]*float64{&h.First.Value.Number, &h.Last.Value.Number, &h.Min, &h.Max} {
			*v = h.number(&f)
		}
		h.Sum = f.float()
		h.On = int64(f.uvarint())
	}
	if f.bad || len(f.b) > 0 || h.Count == 0 || h.Count > MaxPoints {
		return h, ErrDamaged
	}
	return h, nil
}

func (h *Head) number(f *fields) float64 {
	if h.mode == decimals {
		return float64(f.varint()) / tens(h.scale)
	}
	return f.float()
}

// fields reads numbers off b; bad says that one was missing.
type fields struct {
	b   []byte
	bad bool
}

func (f *fields) uvarint() uint64 {
	v, rest, ok := uvarint(f.b)
	f.b, f.bad = rest, f.bad || !ok
	return v
}

func (f *fields) varint() int64 { return int64(unzigzag(f.uvarint())) }

func (f *fields) float() float64 {
	if len(f.b) < 8 {
		f.b, f.bad = nil, true
		return 0
	}
	v := math.Float64frombits(binary.LittleEndian.Uint64(f.b))
	f.b = f.b[8:]
	return v
}
