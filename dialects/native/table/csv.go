package table

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"latchkey/home"
)

// sheet reads a table with a head line.
type sheet struct {
	r                        *csv.Reader
	feature, at, value, text int
}

func newTable(body io.Reader) (*sheet, error) {
	r := csv.NewReader(&bounded{in: body, left: MaxLine})
	r.ReuseRecord, r.FieldsPerRecord = true, -1
	head, err := r.Read()
	if _, malformed := errors.AsType[*csv.ParseError](err); err != nil && !malformed && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(head) > 0 {
		head = slices.Clone(head)
		head[0] = strings.TrimPrefix(head[0], "\xef\xbb\xbf")
	}
	s := &sheet{r: r, feature: slices.Index(head, "feature"), at: slices.Index(head, "at"), value: slices.Index(head, "value"), text: slices.Index(head, "text")}
	if s.feature < 0 || s.at < 0 || s.value < 0 && s.text < 0 || ambiguous(head) {
		return nil, home.Errorf(home.Unprocessable, "the first line of a table names its columns, each once: feature, at, and value or text, such as %s",
			strings.Join(Columns(), ",")).Because("import_head")
	}
	return s, nil
}

// ambiguous reports whether a head has one of our columns twice, or the whole
// table in it since its lines end in carriage returns alone.
func ambiguous(head []string) bool {
	for i, name := range head {
		if strings.IndexByte(name, '\r') >= 0 || slices.Contains(Columns(), name) && slices.Contains(head[:i], name) {
			return true
		}
	}
	return false
}

// Next implements Reader.
func (s *sheet) Next() (Row, int, error) {
	cells, err := s.r.Read()
	if e, ok := errors.AsType[*csv.ParseError](err); ok {
		return Row{}, e.StartLine, &LineError{"the line is not well-formed CSV: " + e.Err.Error()}
	}
	if err != nil {
		return Row{}, 0, err
	}
	line, _ := s.r.FieldPos(0)
	r, err := s.row(cells)
	return r, line, err
}

func (s *sheet) row(cells []string) (Row, error) {
	cell := func(n int) string {
		if n < 0 || n >= len(cells) {
			return ""
		}
		return cells[n]
	}
	r := Row{Feature: plain(cell(s.feature))}
	at, err := home.ParseTime(cell(s.at))
	if err != nil {
		return r, &LineError{err.Error()}
	}
	r.At = at
	value, text := cell(s.value), cell(s.text)
	switch {
	case value != "" && text != "":
		return r, &LineError{"a line has a value or a text, not both"}
	case value != "":
		n, err := strconv.ParseFloat(value, 64)
		if err != nil || strings.Trim(value, "0123456789+-.eE") != "" || strings.ContainsAny(value, "_xX") {
			return r, &LineError{fmt.Sprintf("%.40q is not a finite number", value)}
		}
		r.Value = home.Num(n)
	case s.text >= 0:
		r.Value = home.Txt(plain(text))
	default:
		return r, &LineError{"the value is empty"}
	}
	return r, r.judge()
}

// bounded refuses a line that is longer than MaxLine, so that a reader of
// lines holds no more. Lines inside quotes count as lines.
type bounded struct {
	in   io.Reader
	left int
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.in.Read(p)
	rest := p[:n]
	for {
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			i = len(rest)
		}
		if b.left -= i; b.left < 0 {
			return 0, home.Errorf(home.TooLarge, "a line is longer than %d bytes", MaxLine).Because("line_too_long")
		}
		if i == len(rest) {
			return n, err
		}
		b.left, rest = MaxLine, rest[i+1:]
	}
}
