package chunk

import (
	"encoding/binary"
	"slices"
)

// pack appends the low w bits of each of r, without gaps, rounded up to a byte.
func pack(dst []byte, r []uint64, w uint) []byte {
	if w == 0 {
		return dst
	}
	n := len(dst)
	size := (len(r)*int(w) + 7) / 8
	dst = slices.Grow(dst, size+8)
	out := dst[n : n+size+8]
	var acc uint64
	var used uint
	at := 0
	for _, v := range r {
		acc |= v << used
		used += w
		if used >= 64 {
			binary.LittleEndian.PutUint64(out[at:], acc)
			at += 8
			used -= 64
			acc = v >> (w - used)
		}
	}
	if used > 0 {
		binary.LittleEndian.PutUint64(out[at:], acc)
	}
	return dst[:n+size]
}

// unpack fills out with what pack wrote and returns the bytes behind it.
func unpack(out []uint64, b []byte, w uint) ([]byte, error) {
	if w == 0 {
		clear(out)
		return b, nil
	}
	size := (len(out)*int(w) + 7) / 8
	if len(b) < size {
		return nil, ErrDamaged
	}
	rest := b[size:]
	if len(rest) < 8 { // the loops read whole words
		var tail [blockLen*8 + 8]byte
		copy(tail[:], b[:size])
		b = tail[:]
	}
	if w > 56 {
		unpackWide(out, b, w)
		return rest, nil
	}
	mask := uint64(1)<<w - 1
	bit := uint(0)
	for i := range out {
		out[i] = binary.LittleEndian.Uint64(b[bit>>3:]) >> (bit & 7) & mask
		bit += w
	}
	return rest, nil
}

// unpackWide is unpack for widths that may touch nine bytes.
func unpackWide(out []uint64, b []byte, w uint) {
	mask := ^uint64(0) >> (64 - w)
	bit := uint(0)
	for i := range out {
		p, s := bit>>3, bit&7
		v := binary.LittleEndian.Uint64(b[p:]) >> s
		if s+w > 64 {
			v |= uint64(b[p+8]) << (64 - s)
		}
		out[i] = v & mask
		bit += w
	}
}
