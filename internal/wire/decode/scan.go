package decode

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxDepth is how deep JSON from outside may be nested.
const MaxDepth = 64

// maxNumber is the longest number literal in bytes.
const maxNumber = 128

// frame is one step of the path to a value: a member's name or an index.
type frame struct {
	key   []byte // raw, without quotes; nil = an element
	index int
}

// scanner checks that data is one JSON value within our limits, which are
// stricter than encoding/json's. It allocates nothing unless unique is set.
type scanner struct {
	data   []byte
	pos    int
	unique bool
	depth  int
	stack  [MaxDepth + 1]frame
	wrong  string // what is wrong at pos; "" = nothing
	// For finding places again, after an error; both may be nil. They return true
	// to end the scan.
	onValue func(start int) bool
	onKey   func(key []byte) bool
}

// scan reports whether the whole of s.data is acceptable.
func (s *scanner) scan() bool {
	if !utf8.Valid(s.data) {
		for s.pos < len(s.data) {
			r, n := utf8.DecodeRune(s.data[s.pos:])
			if r == utf8.RuneError && n == 1 {
				break
			}
			s.pos += n
		}
		return s.fail("a byte that is not UTF-8")
	}
	if !s.value() {
		return false
	}
	s.space()
	if s.pos < len(s.data) {
		return s.fail("something behind the end of the JSON value")
	}
	return true
}

func (s *scanner) fail(what string) bool {
	s.wrong = what
	return false
}

func (s *scanner) space() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\r', '\n':
			s.pos++
		default:
			return
		}
	}
}

func (s *scanner) value() bool {
	s.space()
	if s.pos >= len(s.data) {
		return s.fail("the JSON ends here, too early")
	}
	if s.onValue != nil && s.onValue(s.pos) {
		return false
	}
	switch c := s.data[s.pos]; {
	case c == '{':
		return s.nest(s.object)
	case c == '[':
		return s.nest(s.array)
	case c == '"':
		_, ok := s.text()
		return ok
	case c == '-' || '0' <= c && c <= '9':
		return s.number()
	case c == 't':
		return s.literal("true")
	case c == 'f':
		return s.literal("false")
	case c == 'n':
		return s.literal("null")
	case c == 'N' || c == 'I' || c == '+':
		return s.fail("not a JSON number; NaN and Infinity do not exist there")
	case c == '\'':
		return s.fail("JSON texts stand in double quotes")
	}
	return s.fail("not the beginning of a JSON value")
}

// nest enters an object or array.
func (s *scanner) nest(inside func() bool) bool {
	if s.depth == MaxDepth {
		return s.fail("nested deeper than " + strconv.Itoa(MaxDepth) + " levels")
	}
	s.depth++
	s.pos++
	if !inside() {
		return false
	}
	s.depth--
	return true
}

func (s *scanner) object() bool {
	var seen names
	for first := true; ; first = false {
		s.space()
		if s.peek() == '}' && first {
			s.pos++
			return true
		}
		if s.peek() != '"' {
			return s.fail("a member's name in double quotes has to stand here")
		}
		start := s.pos
		key, ok := s.text()
		if !ok {
			return false
		}
		s.stack[s.depth] = frame{key: key}
		if s.unique && !seen.add(key) {
			s.pos = start
			return s.fail("this name stands here twice")
		}
		if s.onKey != nil && s.onKey(key) {
			return false
		}
		if s.space(); s.peek() != ':' {
			return s.fail("a colon has to stand here")
		}
		s.pos++
		if !s.value() {
			return false
		}
		if more, ok := s.more('}', "a comma or } has to stand here"); !more {
			return ok
		}
	}
}

func (s *scanner) array() bool {
	for i := 0; ; i++ {
		s.space()
		if s.peek() == ']' && i == 0 {
			s.pos++
			return true
		}
		s.stack[s.depth] = frame{index: i}
		if !s.value() {
			return false
		}
		if more, ok := s.more(']', "a comma or ] has to stand here"); !more {
			return ok
		}
	}
}

// more reads what stands behind a member: a comma, or the end.
func (s *scanner) more(end byte, otherwise string) (more, ok bool) {
	s.space()
	switch s.peek() {
	case ',':
		s.pos++
		return true, true
	case end:
		s.pos++
		return false, true
	}
	return false, s.fail(otherwise)
}

func (s *scanner) peek() byte {
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}

func (s *scanner) literal(word string) bool {
	if !bytes.HasPrefix(s.data[s.pos:], []byte(word)) {
		return s.fail("not a JSON value; true, false and null are the only bare words")
	}
	s.pos += len(word)
	return true
}

// text reads a text and returns it raw, without its quotes.
func (s *scanner) text() ([]byte, bool) {
	start := s.pos + 1
	for i := start; i < len(s.data); i++ {
		switch c := s.data[i]; {
		case c == '"':
			s.pos = i + 1
			return s.data[start:i], true
		case c < ' ':
			s.pos = i
			return nil, s.fail("a control character; write it as an escape such as \\n")
		case c == '\\':
			n := escape(s.data[i:])
			if n == 0 {
				s.pos = i
				return nil, s.fail("not an escape that JSON knows, or a NUL")
			}
			i += n - 1
		}
	}
	s.pos = len(s.data)
	return nil, s.fail("a text without its closing quote")
}

// escape returns the length of the escape that b begins with; 0 = none, or \u0000.
func escape(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	if b[1] != 'u' {
		if strings.IndexByte(`"\/bfnrt`, b[1]) < 0 {
			return 0
		}
		return 2
	}
	if len(b) < 6 || !isHex(b[2]) || !isHex(b[3]) || !isHex(b[4]) || !isHex(b[5]) || string(b[2:6]) == "0000" {
		return 0
	}
	return 6
}

func (s *scanner) number() bool {
	start := s.pos
	if s.peek() == '-' {
		s.pos++
	}
	switch whole := s.digits(); {
	case whole == 0:
		return s.fail("a digit has to stand here")
	case whole > 1 && s.data[s.pos-whole] == '0':
		return s.fail("a JSON number does not begin with 0")
	}
	if s.peek() == '.' {
		s.pos++
		if s.digits() == 0 {
			return s.fail("a digit has to stand behind the point")
		}
	}
	exponent := s.peek()|0x20 == 'e'
	if exponent {
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		if s.digits() == 0 {
			return s.fail("a digit has to stand in the exponent")
		}
	}
	if s.pos-start > maxNumber {
		s.pos = start
		return s.fail("a number of more than " + strconv.Itoa(maxNumber) + " characters")
	}
	if exponent {
		if _, err := strconv.ParseFloat(string(s.data[start:s.pos]), 64); err != nil {
			s.pos = start
			return s.fail("a number that is too large")
		}
	}
	return true
}

func (s *scanner) digits() int {
	start := s.pos
	for s.pos < len(s.data) && '0' <= s.data[s.pos] && s.data[s.pos] <= '9' {
		s.pos++
	}
	return s.pos - start
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}
