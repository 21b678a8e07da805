package gladys

import (
	"bytes"

	"latchkey/home"
)

// Names of a state's members.
const (
	memberFeature = "device_feature_external_id"
	memberState   = "state"
	memberText    = "text"
	memberTime    = "created_at"
)

// quick reads the body that nearly every caller sends, one state or a list of
// them, each with an external id in plain ASCII and a number:
//
//	{"device_feature_external_id":"mqtt:my-phone-presence","state":1}
//
// Members may stand in any order with any white space. It reports false for
// everything else, right or wrong: decodeStates then decides. What it accepts
// it reads as decodeStates does.
func quick(b []byte) (*states, bool) {
	q := quickReader{b: b}
	s := &states{}
	if q.next() != '[' {
		s.reports = s.one[:]
		return s, q.state(&s.one[0]) && q.next() == 0 && q.i == len(b)
	}
	q.i++
	s.batch = true
	q.whole = string(b) // once for all the ids, which are parts of it
	s.reports = make([]home.Report, 0, len(b)/64+1)
	for {
		var r home.Report
		if !q.state(&r) {
			return nil, false
		}
		s.reports = append(s.reports, r)
		switch q.next() {
		case ',':
			q.i++
		case ']':
			q.i++
			return s, q.next() == 0 && q.i == len(b)
		default:
			return nil, false
		}
	}
}

// quickReader stands at b[i].
type quickReader struct {
	b     []byte
	i     int
	whole string // b, in a list
}

// next skips white space and returns the byte behind it, or 0 at the end.
func (q *quickReader) next() byte {
	for ; q.i < len(q.b); q.i++ {
		if c := q.b[q.i]; c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			return c
		}
	}
	return 0
}

// take skips white space and c.
func (q *quickReader) take(c byte) bool {
	if q.next() != c {
		return false
	}
	q.i++
	return true
}

// state reads one object with exactly the two members.
func (q *quickReader) state(r *home.Report) bool {
	if !q.take('{') {
		return false
	}
	feature, number := false, false
	for n := range 2 {
		if n == 1 && !q.take(',') {
			return false
		}
		name, ok := q.text()
		if !ok || !q.take(':') {
			return false
		}
		switch {
		case !feature && string(name) == memberFeature:
			id, ok := q.text()
			if !ok || len(id) == 0 {
				return false
			}
			if end := q.i - 1; q.whole != "" {
				r.Feature = q.whole[end-len(id) : end]
			} else {
				r.Feature = string(id)
			}
			feature = true
		case !number && string(name) == memberState:
			if r.Value.Number, number = q.number(); !number {
				return false
			}
		default:
			return false
		}
	}
	r.Loose = true
	return q.take('}')
}

// text reads a text of plain ASCII without escapes.
func (q *quickReader) text() ([]byte, bool) {
	if !q.take('"') {
		return nil, false
	}
	n := bytes.IndexByte(q.b[q.i:], '"')
	if n < 0 {
		return nil, false
	}
	s := q.b[q.i : q.i+n]
	for _, c := range s {
		if c < ' ' || c > '~' || c == '\\' {
			return nil, false
		}
	}
	q.i += n + 1
	return s, true
}

// number reads a JSON number of at most 15 digits without exponent. Both its
// digits and its power of ten are exact in a float64, so that their quotient is
// the nearest one to what is written.
func (q *quickReader) number() (float64, bool) {
	negative := q.next() == '-'
	if negative {
		q.i++
	}
	start := q.i
	whole := q.digits(0)
	n := q.i - start
	if n == 0 || n > 1 && q.b[start] == '0' {
		return 0, false
	}
	power, digits := 1.0, n
	if q.i < len(q.b) && q.b[q.i] == '.' {
		q.i++
		start = q.i
		whole = q.digits(whole)
		if q.i == start {
			return 0, false
		}
		digits += q.i - start
		for range min(q.i-start, 15) {
			power *= 10
		}
	}
	if digits > 15 || q.i < len(q.b) && q.b[q.i]|0x20 == 'e' {
		return 0, false
	}
	if negative && whole != 0 {
		return -float64(whole) / power, true
	}
	return float64(whole) / power, true
}

// digits reads decimal digits on from n. Beyond 15 the result means nothing.
func (q *quickReader) digits(n uint64) uint64 {
	for ; q.i < len(q.b); q.i++ {
		c := q.b[q.i] - '0'
		if c > 9 {
			break
		}
		n = n*10 + uint64(c)
	}
	return n
}
