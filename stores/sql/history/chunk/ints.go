package chunk

import (
	"encoding/binary"
	"math/bits"
)

// The forecasts that a block's numbers are kept against.
const (
	byChange   = iota // the step before, again (delta of delta)
	byStep            // the smallest step of the block
	byLine            // a straight line through the block
	byBaseline        // the smallest number of the block
)

// lineShift is how many binary digits the slope of byLine has behind the point.
const lineShift = 6

// lineLimit keeps the arithmetic of byLine far from overflow.
const lineLimit = 1 << 48

// series is where a series of whole numbers stands between two blocks. All
// arithmetic wraps, so that any 64 bits can be kept.
type series struct {
	last, step uint64
	// rising says that the numbers follow a clock, so that the smallest of them
	// says little. It speeds the search up, nothing else.
	rising bool
}

func zigzag(v uint64) uint64   { return v<<1 ^ uint64(int64(v)>>63) }
func unzigzag(v uint64) uint64 { return v>>1 ^ -(v & 1) }

// spread is the smallest and largest of some signed numbers.
type spread struct{ low, high int64 }

func (s spread) width() uint { return uint(bits.Len64(uint64(s.high) - uint64(s.low))) }

// append packs x (at most 64 numbers) behind the ones before, in the way that
// takes the fewest bits.
func (s *series) append(dst []byte, x []uint64) []byte {
	var work [blockLen]uint64
	r := work[:len(x)]
	steps, change := s.survey(x)
	mode, w := byChange, uint(bits.Len64(change))
	best := len(x) * int(w)
	try := func(m int, width uint, extra int) {
		if size := len(x)*int(width) + 8*extra; size < best {
			mode, w, best = m, width, size
		}
	}
	var slope uint64
	var values, stray spread
	if best > 16 {
		try(byStep, steps.width(), varintLen(uint64(steps.low)))
		if !s.rising {
			values = bounds(x)
			try(byBaseline, values.width(), varintLen(uint64(values.low)-s.last))
		}
		if span := int64(x[len(x)-1] - s.last); best > 64 && span < lineLimit && span > -lineLimit {
			slope = uint64((span << lineShift) / int64(len(x)))
			stray = s.strays(x, slope)
			try(byLine, stray.width(), varintLen(uint64(stray.low))+varintLen(slope))
		}
	}
	if w == 63 {
		w = 64
	}
	dst = append(dst, byte(mode<<6)|byte(min(w, 63)))
	switch mode {
	case byChange:
		s.changes(r, x)
	case byStep:
		dst = binary.AppendUvarint(dst, zigzag(uint64(steps.low)))
		s.stepsOver(r, x, uint64(steps.low))
	case byBaseline:
		dst = binary.AppendUvarint(dst, zigzag(uint64(values.low)-s.last))
		for i, v := range x {
			r[i] = v - uint64(values.low)
		}
	case byLine:
		dst = binary.AppendUvarint(dst, zigzag(slope))
		dst = binary.AppendUvarint(dst, zigzag(uint64(stray.low)))
		for i, v := range x {
			r[i] = v - s.last - line(slope, i) - uint64(stray.low)
		}
	}
	s.advance(x)
	return pack(dst, r, w)
}

// survey returns the spread of x's steps, and all bits that the changes of its
// steps use.
func (s *series) survey(x []uint64) (steps spread, change uint64) {
	last, step := s.last, s.step
	low, high := int64(x[0]-last), int64(x[0]-last)
	for _, v := range x {
		d := v - last
		change |= zigzag(d - step)
		low, high = min(low, int64(d)), max(high, int64(d))
		last, step = v, d
	}
	return spread{low, high}, change
}

// bounds returns the spread of x.
func bounds(x []uint64) spread {
	low, high := int64(x[0]), int64(x[0])
	for _, v := range x {
		low, high = min(low, int64(v)), max(high, int64(v))
	}
	return spread{low, high}
}

// strays returns how far x lies below and above the line.
func (s *series) strays(x []uint64, slope uint64) spread {
	low := int64(x[0] - s.last - line(slope, 0))
	high := low
	for i, v := range x {
		e := int64(v - s.last - line(slope, i))
		low, high = min(low, e), max(high, e)
	}
	return spread{low, high}
}

func (s *series) changes(r, x []uint64) {
	last, step := s.last, s.step
	for i, v := range x {
		d := v - last
		r[i] = zigzag(d - step)
		last, step = v, d
	}
}

func (s *series) stepsOver(r, x []uint64, low uint64) {
	last := s.last
	for i, v := range x {
		r[i] = v - last - low
		last = v
	}
}

func (s *series) advance(x []uint64) {
	n := len(x)
	before := s.last
	if n > 1 {
		before = x[n-2]
	}
	s.last, s.step = x[n-1], x[n-1]-before
}

// line is how much a line of that slope has risen at the i-th number.
func line(slope uint64, i int) uint64 {
	return uint64(int64(slope*uint64(i+1)) >> lineShift)
}

// read fills x with a block's numbers and returns the bytes behind it.
func (s *series) read(x []uint64, b []byte) ([]byte, error) {
	if len(b) == 0 {
		return nil, ErrDamaged
	}
	mode, w := int(b[0]>>6), uint(b[0]&63)
	if w == 63 {
		w = 64
	}
	b = b[1:]
	var low, slope uint64
	var ok bool
	if mode == byLine {
		if slope, b, ok = uvarint(b); !ok {
			return nil, ErrDamaged
		}
	}
	if mode != byChange {
		if low, b, ok = uvarint(b); !ok {
			return nil, ErrDamaged
		}
	}
	b, err := unpack(x, b, w)
	if err != nil {
		return nil, err
	}
	s.restore(x, mode, unzigzag(low), unzigzag(slope))
	s.advance(x)
	return b, nil
}

// restore turns strays from the forecast back into numbers, in place.
func (s *series) restore(x []uint64, mode int, low, slope uint64) {
	last, step := s.last, s.step
	switch mode {
	case byChange:
		for i, v := range x {
			step += unzigzag(v)
			last += step
			x[i] = last
		}
	case byStep:
		for i, v := range x {
			last += v + low
			x[i] = last
		}
	case byBaseline:
		low += last
		for i := range x {
			x[i] += low
		}
	case byLine:
		low += last
		for i := range x {
			x[i] += low + line(slope, i)
		}
	}
}

func uvarint(b []byte) (uint64, []byte, bool) {
	v, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, nil, false
	}
	return v, b[n:], true
}

func varintLen(v uint64) int { return (bits.Len64(zigzag(v)|1) + 6) / 7 }
