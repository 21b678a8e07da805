package native

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"slices"
	"strconv"
	"strings"

	"latchkey/dialects/native/rest"
	"latchkey/home"
	"latchkey/internal/wire"
)

const (
	// importBatch is how many lines are taken together.
	importBatch = 500
	// importLine is the longest line in bytes.
	importLine = 16 << 10
	// importTold is how many refusals are told in full.
	importTold = 100
)

const importDoc = "A stream of up to 64 MiB. CSV has a head line with feature, at, and value or text (seq is ignored); NDJSON has one object a line, as POST /states takes. " +
	"Lines are taken 500 at a time, all or none of each batch: one wrong line refuses its batch, and the answer names it with the lines that were left out; " +
	"the other batches are kept. Values take the place of those that are there at the same time, so an import may be sent again."

// imported is what became of an import.
type imported struct {
	Accepted int       `json:"accepted" doc:"values that are on disk"`
	Refused  int       `json:"refused" doc:"lines that were not taken"`
	Problems []problem `json:"problems" doc:"the first 100"`
}

type problem struct {
	Line    int    `json:"line" doc:"the line at fault; 1 is the first line of the body"`
	From    int    `json:"from_line" doc:"the batch that was not taken: its first line"`
	To      int    `json:"to_line" doc:"and its last"`
	Message string `json:"message"`
}

// source gives an import's lines.
type source interface {
	// next returns the next value with its line number. A *lineError is the
	// line's own fault; io.EOF is the end; anything else ends the import.
	next() (report, int, error)
}

// lineError is what is wrong with one line.
type lineError struct{ message string }

// Error implements error.
func (e *lineError) Error() string { return e.message }

// batch is the lines that are taken together.
type batch struct {
	list  []report
	lines []int
	first int
	last  int
	wrong *problem
}

func (a *api) importStates(c *rest.Call, in *struct{ Body uploaded }) (imported, error) {
	src, err := sourceOf(c.Request.Header.Get("Content-Type"), c.Request.Body)
	if err != nil {
		return imported{}, err
	}
	out := imported{Problems: []problem{}}
	b := &batch{}
	for {
		r, line, err := src.next()
		if fault, ok := errors.AsType[*lineError](err); ok {
			b.add(line)
			b.blame(line, fault.message)
		} else if err == nil {
			b.add(line)
			b.list, b.lines = append(b.list, r), append(b.lines, line)
		}
		full := b.last-b.first+1 >= importBatch
		end := err != nil && !isLineError(err)
		if (full || end) && b.first != 0 {
			if err := a.settle(c, b, &out); err != nil {
				return out, partly(err, &out)
			}
			b.reset()
		}
		if end {
			if !errors.Is(err, io.EOF) {
				return out, partly(err, &out)
			}
			return out, out.verdict()
		}
	}
}

func isLineError(err error) bool {
	_, ok := errors.AsType[*lineError](err)
	return ok
}

func (b *batch) add(line int) {
	if b.first == 0 {
		b.first = line
	}
	b.last = line
}

func (b *batch) blame(line int, message string) {
	if b.wrong == nil {
		b.wrong = &problem{Line: line, Message: message}
	}
}

func (b *batch) reset() { *b = batch{list: b.list[:0], lines: b.lines[:0]} }

// settle takes one batch or notes why not. It returns an error only for what
// ends the whole import.
func (a *api) settle(c *rest.Call, b *batch, out *imported) error {
	if b.wrong == nil {
		a.findUnknown(c, b)
	}
	if b.wrong == nil {
		for i := range b.list {
			b.list[i].History = true
		}
		_, err := a.take(c, b.list, true)
		if err == nil {
			out.Accepted += len(b.list)
			return nil
		}
		e := home.AsError(err)
		if e.Code != home.Unprocessable && e.Code != home.NotFound && e.Code != home.Forbidden && e.Code != home.Invalid {
			return err
		}
		b.blame(b.lineOf(e), e.Message)
	}
	b.wrong.From, b.wrong.To = b.first, b.last
	out.Refused += b.last - b.first + 1
	if len(out.Problems) < importTold {
		out.Problems = append(out.Problems, *b.wrong)
	}
	return nil
}

// findUnknown blames the first line whose feature is not there.
func (a *api) findUnknown(c *rest.Call, b *batch) {
	seen := map[string]bool{}
	for i := range b.list {
		name := b.list[i].Feature
		if seen[name] {
			continue
		}
		seen[name] = true
		_, _, _, err := a.hub.FeatureOf(c, c.ID, name)
		if e := home.AsError(err); e != nil && e.Code == home.NotFound && c.ID.MaySome(home.ReadState) {
			b.blame(b.lines[i], e.Message)
			return
		}
	}
}

// lineOf finds the line that an error's path states[n] speaks of.
func (b *batch) lineOf(e *home.Error) int {
	n := 0
	if len(e.Fields) > 0 {
		if _, err := fmt.Sscanf(e.Fields[0].Path, "states[%d]", &n); err == nil && n < len(b.lines) {
			return b.lines[n]
		}
	}
	return b.lines[0]
}

// verdict is nil when something was taken, or there was nothing to take.
func (m *imported) verdict() error {
	if m.Accepted > 0 || m.Refused == 0 {
		return nil
	}
	e := home.Errorf(home.Unprocessable, "none of the %d lines was taken", m.Refused).Because("import_refused")
	for _, p := range m.Problems {
		e.At(fmt.Sprintf("line %d", p.Line), "%s", p.Message)
	}
	return e
}

// partly adds to an error what had been taken before it.
func partly(err error, m *imported) error {
	e := *home.AsError(err)
	if m.Accepted > 0 {
		e.Message += fmt.Sprintf("; %d values had been taken before, and sending everything again does no harm", m.Accepted)
	}
	return &e
}

// sourceOf reads body as its content type says.
func sourceOf(contentType string, body io.Reader) (source, error) {
	t, _, _ := mime.ParseMediaType(contentType)
	switch t {
	case "text/csv":
		return newCSV(body)
	case "application/x-ndjson", "application/ndjson", "application/jsonl":
		return &ndjsonSource{in: bufio.NewReaderSize(body, importLine)}, nil
	}
	return nil, home.Errorf(home.Invalid, "an import is text/csv or application/x-ndjson, not %.60q", contentType).Because(wire.ReasonMediaType)
}

// ndjsonSource reads one object a line.
type ndjsonSource struct {
	in   *bufio.Reader
	line int
}

func (s *ndjsonSource) next() (report, int, error) {
	for {
		text, err := s.in.ReadSlice('\n')
		s.line++
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return report{}, s.line, home.Errorf(home.TooLarge, "line %d is longer than %d bytes", s.line, importLine).Because("line_too_long")
		case err != nil && (!errors.Is(err, io.EOF) || isBlank(text)):
			return report{}, s.line, err
		case isBlank(text):
			continue
		}
		r, err := decodeLine(text)
		return r, s.line, err
	}
}

// decodeLine reads one NDJSON line.
func decodeLine(text []byte) (report, error) {
	var line struct {
		report
		Seq json.RawMessage `json:"seq"` // as the export writes it; of no meaning here
	}
	if err := wire.DecodeJSON(text, &line, wire.JSONOptions{Known: true, Unique: true}); err != nil {
		return line.report, &lineError{err.Error()}
	}
	return line.report, judgeLine(&line.report)
}

func judgeLine(r *report) error {
	r.History = r.At != 0
	if _, problem := r.home(); problem != "" {
		return &lineError{problem}
	}
	if r.At == 0 {
		return &lineError{"an imported value has a time: at"}
	}
	return nil
}

// csvSource reads a table with a head line.
type csvSource struct {
	r                        *csv.Reader
	feature, at, value, text int
}

func newCSV(body io.Reader) (*csvSource, error) {
	r := csv.NewReader(&bounded{in: body, left: importLine})
	r.ReuseRecord, r.FieldsPerRecord = true, -1
	head, err := r.Read()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, csvError(err)
	}
	if len(head) > 0 {
		head = slices.Clone(head)
		head[0] = string(bytes.TrimPrefix([]byte(head[0]), []byte("\xef\xbb\xbf")))
	}
	s := &csvSource{r: r, feature: slices.Index(head, "feature"), at: slices.Index(head, "at"), value: slices.Index(head, "value"), text: slices.Index(head, "text")}
	if s.feature < 0 || s.at < 0 || s.value < 0 && s.text < 0 {
		return nil, home.Errorf(home.Unprocessable, "the first line of the table names its columns: feature, at, and value or text, such as %s", strings.Join(csvHead(), ",")).Because("import_head")
	}
	return s, nil
}

func (s *csvSource) next() (report, int, error) {
	s.r.FieldsPerRecord = -1
	row, err := s.r.Read()
	if errors.Is(err, io.EOF) {
		return report{}, 0, err
	}
	if e, ok := errors.AsType[*csv.ParseError](err); ok {
		return report{}, e.StartLine, &lineError{"the line is not well-formed CSV: " + e.Err.Error()}
	}
	if err != nil {
		return report{}, 0, csvError(err)
	}
	line, _ := s.r.FieldPos(0)
	r, err := s.row(row)
	return r, line, err
}

func csvError(err error) error {
	if e, ok := errors.AsType[*home.Error](err); ok {
		return e
	}
	return home.Errorf(home.Invalid, "the table is not well-formed CSV").Because("import_malformed")
}

func (s *csvSource) row(row []string) (report, error) {
	cell := func(n int) string {
		if n < 0 || n >= len(row) {
			return ""
		}
		return row[n]
	}
	r := report{Feature: plain(cell(s.feature))}
	at, err := home.ParseTime(cell(s.at))
	if err != nil {
		return r, &lineError{err.Error()}
	}
	r.At = at
	if v := cell(s.value); v != "" {
		n, err := strconv.ParseFloat(v, 64)
		if err != nil {
			return r, &lineError{fmt.Sprintf("%.40q is not a finite number", v)}
		}
		r.Value = &n
	}
	if t := cell(s.text); t != "" || r.Value == nil && s.text >= 0 {
		t = plain(t)
		r.Text = &t
	}
	return r, judgeLine(&r)
}
