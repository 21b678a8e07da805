package table

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"

	"latchkey/home"
)

// Media types.
const (
	CSV    = "text/csv"
	NDJSON = "application/x-ndjson"
)

// Writer writes values one after the other.
type Writer struct {
	out   *bufio.Writer
	table *csv.Writer // nil = NDJSON
	row   [5]string
}

// Columns are the columns of a table, in order.
func Columns() []string { return []string{"feature", "seq", "at", "value", "text"} }

// NewWriter returns a writer of the media type, CSV or NDJSON.
func NewWriter(w io.Writer, media string) *Writer {
	t := &Writer{out: bufio.NewWriterSize(w, 16<<10)}
	if media == CSV {
		t.table = csv.NewWriter(t.out)
		_ = t.table.Write(Columns()) // into memory; Flush tells what becomes of it
	}
	return t
}

// Write writes one value of a feature.
func (t *Writer) Write(feature string, s home.Sample) error {
	if t.table == nil {
		return t.line(feature, s)
	}
	t.row = [5]string{harmless(feature), strconv.FormatUint(s.Seq, 10), s.At.String(), "", ""}
	if s.Value.IsText {
		t.row[4] = harmless(s.Value.Text)
	} else {
		t.row[3] = strconv.FormatFloat(s.Value.Number, 'f', -1, 64)
	}
	return t.table.Write(t.row[:])
}

// line writes a value as an object that could be reported again.
func (t *Writer) line(feature string, s home.Sample) error {
	out := line{Feature: feature, Seq: s.Seq, At: s.At}
	if s.Value.IsText {
		out.Text = &s.Value.Text
	} else {
		out.Value = &s.Value.Number
	}
	b, err := json.Marshal(out)
	if err != nil {
		return err
	}
	_, err = t.out.Write(append(b, '\n'))
	return err
}

// Flush writes out what is still held.
func (t *Writer) Flush() error {
	if t.table != nil {
		t.table.Flush()
		return errors.Join(t.table.Error(), t.out.Flush())
	}
	return t.out.Flush()
}

// harmless keeps a spreadsheet from taking a text for a formula. An apostrophe
// that was there gets one too, so that plain can take it away again.
func harmless(s string) string {
	if s != "" && strings.IndexByte("=+-@\t\r\n'", s[0]) >= 0 {
		return "'" + s
	}
	return s
}

// plain is the inverse of harmless.
func plain(s string) string { return strings.TrimPrefix(s, "'") }
