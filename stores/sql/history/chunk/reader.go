package chunk

import (
	"encoding/binary"
	"math"
	"slices"

	"latchkey/home"
)

// Reader decodes a chunk block by block. Its zero value waits for Reset; it
// serves one goroutine at a time.
//
//	if err := r.Reset(head, body); err != nil { ... }
//	for r.Next() {
//		for i := range r.Len() { r.At(i) ... }
//	}
//	if err := r.Err(); err != nil { ... }
type Reader struct {
	Head Head // of the chunk last Reset to

	body   []byte
	done   int // points of the blocks before
	n      int // points of this block
	err    error
	at     series
	seq    series
	value  series
	bits   xor
	words  []home.Value
	times  [blockLen]uint64
	seqs   [blockLen]uint64
	values [blockLen]uint64
	nums   [blockLen]float64
}

// Reset begins a chunk. The bytes must stay as they are until the last Next.
// It returns ErrDamaged, also when a checksum does not hold, or ErrNewer.
func (r *Reader) Reset(head, body []byte) error {
	r.done, r.n, r.body = 0, 0, nil
	r.Head, r.err = ParseHead(head)
	if r.err != nil {
		return r.err
	}
	end := len(body) - crcLen
	if end < 0 || checksum(checksum(0, head), body[:end]) != binary.LittleEndian.Uint32(body[end:]) {
		r.err = ErrDamaged
		return r.err
	}
	r.body = body[:end]
	r.at, r.seq = series{last: uint64(r.Head.First.At)}, series{last: r.Head.First.Seq}
	r.value, r.bits = series{}, xor{}
	first := r.Head.First.Value.Number
	switch r.Head.mode {
	case decimals:
		k, _ := whole(first, tens(r.Head.scale))
		r.value.last = k
	case floats:
		r.bits.last = math.Float64bits(first)
	default:
		r.err = r.dictionary()
	}
	return r.err
}

// dictionary reads the values that texts are kept by.
func (r *Reader) dictionary() error {
	f := fields{b: r.body}
	count := f.uvarint()
	if f.bad || count == 0 || count > uint64(len(f.b)) || count > uint64(r.Head.Count) {
		return ErrDamaged
	}
	r.words = slices.Grow(r.words[:0], int(count))
	for range count {
		n := f.uvarint()
		if n == 0 {
			r.words = append(r.words, home.Num(f.float()))
			continue
		}
		if n--; n > uint64(len(f.b)) {
			return ErrDamaged
		}
		r.words = append(r.words, home.Txt(string(f.b[:n])))
		f.b = f.b[n:]
	}
	if f.bad {
		return ErrDamaged
	}
	r.body = f.b
	return nil
}

// Next decodes the next block. It returns false at the end, or when the bytes
// are damaged: see Err.
func (r *Reader) Next() bool {
	r.done += r.n
	r.n = 0
	left := r.Head.Count - r.done
	if r.err != nil || left <= 0 {
		return false
	}
	n, from := min(left, blockLen), 0
	if r.done == 0 {
		from = 1
		r.times[0], r.seqs[0] = r.at.last, r.seq.last
		r.values[0] = r.value.last
		if r.Head.mode == floats {
			r.values[0] = r.bits.last
		}
	}
	if from < n {
		if r.err = r.read(from, n); r.err != nil {
			return false
		}
	}
	if r.err = r.settle(n); r.err != nil {
		return false
	}
	r.n = n
	return true
}

func (r *Reader) read(from, to int) (err error) {
	if r.body, err = r.at.read(r.times[from:to], r.body); err != nil {
		return err
	}
	if r.body, err = r.seq.read(r.seqs[from:to], r.body); err != nil {
		return err
	}
	if r.Head.mode == floats {
		r.body, err = r.bits.read(r.values[from:to], r.body)
	} else {
		r.body, err = r.value.read(r.values[from:to], r.body)
	}
	return err
}

// settle turns the first n stored values into numbers.
func (r *Reader) settle(n int) error {
	values, nums := r.values[:n], r.nums[:n]
	switch r.Head.mode {
	case decimals:
		ten := tens(r.Head.scale)
		for i, k := range values {
			nums[i] = float64(int64(k)) / ten
		}
	case floats:
		for i, b := range values {
			nums[i] = math.Float64frombits(b)
		}
	default:
		for i, w := range values {
			if w >= uint64(len(r.words)) {
				return ErrDamaged
			}
			nums[i] = r.words[w].Number
		}
	}
	return nil
}

// Err returns what ended the reading early; nil at a chunk's proper end.
func (r *Reader) Err() error { return r.err }

// Len returns how many points the block holds.
func (r *Reader) Len() int { return r.n }

// At returns when the block's i-th point was.
func (r *Reader) At(i int) home.Time { return home.Time(r.times[i]) }

// Seq returns the order number of the block's i-th point.
func (r *Reader) Seq(i int) uint64 { return r.seqs[i] }

// Number returns the number of the block's i-th point; 0 for a text.
func (r *Reader) Number(i int) float64 { return r.nums[i] }

// Value returns the value of the block's i-th point.
func (r *Reader) Value(i int) home.Value {
	if r.Head.mode == dictionary {
		return r.words[r.values[i]]
	}
	return home.Value{Number: r.nums[i]}
}

// Sample returns the block's i-th point.
func (r *Reader) Sample(i int) home.Sample {
	return home.Sample{Seq: r.seqs[i], At: home.Time(r.times[i]), Value: r.Value(i)}
}

// Append appends all points that Next has not yet come to. It returns dst as
// far as it got with Err's error.
func (r *Reader) Append(dst []home.Sample) ([]home.Sample, error) {
	dst = slices.Grow(dst, max(0, r.Head.Count-r.done-r.n))
	for r.Next() {
		if r.Head.mode == dictionary {
			for i := range r.n {
				dst = append(dst, r.Sample(i))
			}
			continue
		}
		from := len(dst)
		dst = dst[:from+r.n]
		times, seqs, nums := r.times[:r.n], r.seqs[:r.n], r.nums[:r.n]
		for i := range dst[from:] {
			dst[from+i] = home.Sample{Seq: seqs[i], At: home.Time(times[i]), Value: home.Value{Number: nums[i]}}
		}
	}
	return dst, r.err
}
