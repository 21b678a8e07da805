package journal

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"

	"latchkey/home"
)

// Decoder reads rows. It keeps the strings that return from row to row; it is
// for one goroutine.
type Decoder struct {
	rest    []byte
	failed  bool
	strings []string
	causes  []home.Cause
	last    state
	heads   map[home.ID]uint64
	intern  map[string]string
}

// interned is how many strings of up to internSize bytes a Decoder keeps.
const (
	interned   = 4096
	internSize = 64
)

// NewDecoder returns a decoder.
func NewDecoder() *Decoder {
	return &Decoder{heads: map[home.ID]uint64{}, intern: map[string]string{}}
}

// Verify checks a row's version and checksum without reading it.
func Verify(row []byte) error {
	if len(row) < 8 {
		return fmt.Errorf("%w: it has %d bytes", ErrCorrupt, len(row))
	}
	body, sum := row[:len(row)-4], binary.LittleEndian.Uint32(row[len(row)-4:])
	if crc32.Checksum(body, castagnoli()) != sum {
		return fmt.Errorf("%w: the checksum does not match", ErrCorrupt)
	}
	if row[0] != Version {
		return fmt.Errorf("%w: its form is %d, this program reads %d", ErrCorrupt, row[0], Version)
	}
	return nil
}

// Decode reads a row. What it returns does not share row's memory. It returns
// an error that wraps ErrCorrupt when row is not what Encode wrote.
func (d *Decoder) Decode(row []byte) (Row, error) {
	if err := Verify(row); err != nil {
		return Row{}, err
	}
	d.reset(row[1 : len(row)-4])
	var r Row
	r.Changes = int(d.uint() & math.MaxInt32)
	n := d.count(3)
	r.Entries = make([]home.Entry, 0, n)
	for range n {
		r.Entries = append(r.Entries, d.entry())
		if d.failed {
			break
		}
	}
	for range d.count(4) {
		r.Erasures = append(r.Erasures, d.erasure())
	}
	if d.failed || len(d.rest) > 0 {
		return Row{}, fmt.Errorf("%w: its fields do not fit its length", ErrCorrupt)
	}
	return r, nil
}

func (d *Decoder) reset(body []byte) {
	d.rest, d.failed, d.last = body, false, state{}
	d.strings, d.causes = append(d.strings[:0], ""), d.causes[:0]
	clear(d.heads)
	if len(d.intern) > interned {
		clear(d.intern)
	}
}

func (d *Decoder) fail() { d.failed, d.rest = true, nil }

func (d *Decoder) uint() uint64 {
	n, size := binary.Uvarint(d.rest)
	if size <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[size:]
	return n
}

func (d *Decoder) int() int64 {
	n, size := binary.Varint(d.rest)
	if size <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[size:]
	return n
}

func (d *Decoder) byte() byte {
	b := d.take(1)
	if b == nil {
		return 0
	}
	return b[0]
}

func (d *Decoder) take(n uint64) []byte {
	if n > uint64(len(d.rest)) {
		d.fail()
		return nil
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

// count reads how many things of at least size bytes follow.
func (d *Decoder) count(size int) int {
	n := d.uint()
	if n > uint64(len(d.rest)/size) {
		d.fail()
		return 0
	}
	return int(n)
}

func (d *Decoder) string() string {
	n := d.uint()
	if n < uint64(len(d.strings)) {
		return d.strings[n]
	}
	if n > uint64(len(d.strings)) {
		d.fail()
		return ""
	}
	b := d.take(d.uint())
	s, ok := d.intern[string(b)]
	if !ok {
		s = string(b)
		if len(s) <= internSize {
			d.intern[s] = s
		}
	}
	d.strings = append(d.strings, s)
	return s
}

func (d *Decoder) cause() home.Cause {
	n := d.uint()
	if n < uint64(len(d.causes)) {
		return d.causes[n]
	}
	if n > uint64(len(d.causes)) {
		d.fail()
		return nil
	}
	var c home.Cause
	for range d.count(4) {
		c = append(c, home.Link{Kind: d.string(), ID: home.ID(d.string()), Name: d.string(), Seq: d.uint()})
	}
	d.causes = append(d.causes, c)
	return c
}

func (d *Decoder) head() (bits byte, now state) {
	bits, now = d.byte(), d.last
	if bits&sameHouse == 0 {
		now.house = home.ID(d.string())
	}
	before := d.heads[now.house]
	now.seq = before + 1
	if bits&nextSeq == 0 {
		now.seq = before + uint64(d.int())
	}
	if bits&sameAt == 0 {
		now.at += home.Time(d.int())
	}
	if bits&sameReceived == 0 {
		now.received = now.at + home.Time(d.int())
	}
	if bits&sameCause == 0 {
		now.cause = d.cause()
	}
	d.heads[now.house] = now.seq
	return bits, now
}

func (d *Decoder) entry() home.Entry {
	bits, now := d.head()
	if bits&isEvent != 0 {
		d.last = now
		e := &home.Event{House: now.house, Seq: now.seq, At: now.at, Received: now.received, Cause: now.cause}
		e.Type, e.Subject = d.string(), d.string()
		if data := d.string(); data != "" {
			e.Data = []byte(data)
		}
		e.Verb = home.Verb(d.string())
		return home.Entry{Event: e}
	}
	now.feature++
	if bits&nextFeature == 0 {
		now.feature = uint32(d.uint())
	}
	d.last = now
	return home.Entry{Point: d.point(now)}
}

func (d *Decoder) point(now state) *home.Point {
	bits := d.byte()
	p := &home.Point{House: now.house, Feature: now.feature, Seq: now.seq, At: now.at, Received: now.received, Cause: now.cause,
		Flagged: bits&flagged != 0, Live: bits&live != 0, Current: bits&current != 0, History: bits&history != 0, Replace: bits&replace != 0}
	p.Value = d.value(bits&isText != 0)
	if bits&hasOld != 0 {
		old := d.value(bits&oldIsText != 0)
		p.Old = &old
	}
	return p
}

func (d *Decoder) value(text bool) home.Value {
	if text {
		return home.Txt(d.string())
	}
	u := d.uint()
	if u&1 == 1 {
		b := d.take(8)
		if b == nil {
			return home.Value{}
		}
		return home.Num(math.Float64frombits(binary.LittleEndian.Uint64(b)))
	}
	z := u >> 3
	scale := [...]float64{1, 10, 100, 1000}[u>>1&3]
	return home.Num(float64(int64(z>>1)^-int64(z&1)) / scale)
}

func (d *Decoder) erasure() home.Erasure {
	return home.Erasure{Feature: uint32(d.uint()), From: home.Time(d.int()), To: home.Time(d.int()), Forget: d.byte() != 0}
}
