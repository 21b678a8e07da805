package chunk

import (
	"encoding/binary"
	"math/bits"
)

// xor is Gorilla's float coding: what two neighbours have in common costs
// nothing. State carries over from block to block.
type xor struct {
	last        uint64
	lead, width uint // the window of bits last written; width 0 = none yet
}

// append packs the bit patterns x.
func (s *xor) append(dst []byte, x []uint64) []byte {
	w := bitWriter{b: dst}
	for _, v := range x {
		d := v ^ s.last
		s.last = v
		if d == 0 {
			w.put(0, 1)
			continue
		}
		lead, trail := uint(min(bits.LeadingZeros64(d), 31)), uint(bits.TrailingZeros64(d))
		if s.width > 0 && lead >= s.lead && trail >= 64-s.lead-s.width {
			w.put(0b01, 2)
			w.put(d>>(64-s.lead-s.width), s.width)
			continue
		}
		s.lead, s.width = lead, 64-lead-trail
		w.put(0b11, 2)
		w.put(uint64(lead), 5)
		w.put(uint64(s.width-1), 6)
		w.put(d>>trail, s.width)
	}
	return w.flush()
}

// read fills x and returns the bytes behind the block.
func (s *xor) read(x []uint64, b []byte) ([]byte, error) {
	r := bitReader{b: b}
	for i := range x {
		if r.take(1) == 1 {
			if r.take(1) == 1 {
				s.lead = uint(r.take(5))
				s.width = uint(r.take(6)) + 1
			}
			if s.width == 0 || s.lead+s.width > 64 {
				return nil, ErrDamaged
			}
			s.last ^= r.take(s.width) << (64 - s.lead - s.width)
		}
		x[i] = s.last
	}
	used := (r.at + 7) / 8
	if used > uint(len(b)) {
		return nil, ErrDamaged
	}
	return b[used:], nil
}

// bitWriter appends bits, the lowest first.
type bitWriter struct {
	b    []byte
	acc  uint64
	used uint
}

func (w *bitWriter) put(v uint64, n uint) {
	w.acc |= v << w.used
	if w.used+n < 64 {
		w.used += n
		return
	}
	w.b = binary.LittleEndian.AppendUint64(w.b, w.acc)
	w.acc = v >> (64 - w.used)
	w.used += n - 64
}

func (w *bitWriter) flush() []byte {
	for ; w.used > 0; w.used -= min(w.used, 8) {
		w.b = append(w.b, byte(w.acc))
		w.acc >>= 8
	}
	return w.b
}

// bitReader takes bits off; behind the end there are zeros, and at tells.
type bitReader struct {
	b  []byte
	at uint // in bits
}

func (r *bitReader) take(n uint) uint64 {
	p, s := r.at>>3, r.at&7
	r.at += n
	var v uint64
	if p+9 <= uint(len(r.b)) {
		v = binary.LittleEndian.Uint64(r.b[p:]) >> s
		if s+n > 64 {
			v |= uint64(r.b[p+8]) << (64 - s)
		}
	} else {
		var tail [9]byte
		if p < uint(len(r.b)) {
			copy(tail[:], r.b[p:])
		}
		v = binary.LittleEndian.Uint64(tail[:]) >> s
		if s+n > 64 {
			v |= uint64(tail[8]) << (64 - s)
		}
	}
	return v & (^uint64(0) >> (64 - n))
}
