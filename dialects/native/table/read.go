package table

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math"
	"mime"
	"strings"
	"unicode/utf8"

	"latchkey/home"
	"latchkey/internal/wire"
)

// MaxLine is the longest line in bytes.
const MaxLine = 16 << 10

// Row is one value with its feature and time.
type Row struct {
	Feature string
	At      home.Time
	Value   home.Value
}

// Reader gives a stream's values.
type Reader interface {
	// Next returns the next value with the number of its line, counted from 1. A
	// *LineError is that line's own fault, and Next may be called again; io.EOF is
	// the end; a *home.Error ends the stream.
	Next() (Row, int, error)
}

// LineError is what is wrong with one line, for a person to read.
type LineError struct{ Message string }

// Error implements error.
func (e *LineError) Error() string { return e.Message }

// Open returns a reader of a body of that content type. Errors are Invalid
// (415) for another type and Unprocessable for a table without a usable head.
func Open(contentType string, body io.Reader) (Reader, error) {
	t, _, _ := mime.ParseMediaType(contentType)
	switch t {
	case CSV:
		return newTable(body)
	case NDJSON, "application/ndjson", "application/jsonl":
		return &lines{in: bufio.NewReaderSize(body, MaxLine)}, nil
	}
	return nil, home.Errorf(home.Invalid, "values come as %s or %s, not as %.60q", CSV, NDJSON, contentType).Because(wire.ReasonMediaType)
}

// line is a value as NDJSON has it.
type line struct {
	Feature string    `json:"feature"`
	Seq     uint64    `json:"seq,omitempty"` // as the export writes it; without meaning in an import
	At      home.Time `json:"at"`
	Value   *float64  `json:"value,omitempty"`
	Text    *string   `json:"text,omitempty"`
	Boolean *bool     `json:"boolean,omitempty"`
	History *bool     `json:"history,omitempty"` // all of it is history
}

// lines reads NDJSON.
type lines struct {
	in   *bufio.Reader
	line int
}

// Next implements Reader.
func (l *lines) Next() (Row, int, error) {
	for {
		text, err := l.in.ReadSlice('\n')
		l.line++
		blank := len(bytes.TrimSpace(text)) == 0
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return Row{}, l.line, home.Errorf(home.TooLarge, "line %d is longer than %d bytes", l.line, MaxLine).Because("line_too_long")
		case err != nil && (!errors.Is(err, io.EOF) || blank):
			return Row{}, l.line, err
		case blank:
			continue
		}
		r, err := ParseLine(text)
		return r, l.line, err
	}
}

// ParseLine reads one line of NDJSON. Errors are *LineError.
func ParseLine(text []byte) (Row, error) {
	var in line
	if err := wire.DecodeJSON(text, &in, wire.JSONOptions{Known: true, Unique: true}); err != nil {
		return Row{}, &LineError{err.Error()}
	}
	r := Row{Feature: in.Feature, At: in.At}
	given := 0
	if in.Value != nil {
		given, r.Value = given+1, home.Num(*in.Value)
	}
	if in.Text != nil {
		given, r.Value = given+1, home.Txt(*in.Text)
	}
	if in.Boolean != nil {
		given, r.Value = given+1, home.Num(0)
		if *in.Boolean {
			r.Value = home.Num(1)
		}
	}
	if given != 1 {
		return r, &LineError{"a line has one of value, text and boolean"}
	}
	return r, r.judge()
}

// judge says what a line lacks.
func (r *Row) judge() error {
	switch {
	case r.Feature == "":
		return &LineError{"a line names its feature by external id"}
	case r.At == 0:
		return &LineError{"a line has a time: at"}
	case math.IsNaN(r.Value.Number) || math.IsInf(r.Value.Number, 0):
		return &LineError{"a value is a finite number"}
	case !clean(r.Feature) || !clean(r.Value.Text):
		return &LineError{"a text is UTF-8 without NUL"}
	}
	return nil
}

func clean(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }
