package native

import (
	"errors"
	"fmt"
	"io"

	"latchkey/dialects/native/rest"
	"latchkey/dialects/native/table"
	"latchkey/home"
)

const (
	// importBatch is how many lines are taken together.
	importBatch = 500
	// importTold is how many refusals are told in full.
	importTold = 100
)

const importDoc = "A stream of up to 64 MiB. CSV has a head line with feature, at, and value or text (seq is ignored); NDJSON has one object a line, as POST /states takes. " +
	"Lines are taken 500 at a time, all or none of each batch: one wrong line refuses its batch, and the answer names it with the lines that were left out; " +
	"the other batches are kept. Values take the place of those that are there at the same time, so an import may be sent again. " +
	"When no line at all was taken the answer is 422."

// uploaded stands for a body that the operation reads by itself.
type uploaded struct{}

// imported is what became of an import.
type imported struct {
	Accepted int       `json:"accepted" doc:"values that are on disk"`
	Refused  int       `json:"refused" doc:"values that were not taken"`
	Problems []refusal `json:"problems" doc:"the first 100"`
}

type refusal struct {
	Line    int    `json:"line" doc:"the line at fault; 1 is the first line of the body"`
	From    int    `json:"from_line" doc:"the batch that was not taken: its first line"`
	To      int    `json:"to_line" doc:"and its last"`
	Message string `json:"message"`
}

// batch is the lines that are taken together.
type batch struct {
	reports []home.Report
	lines   []int // of the reports
	count   int   // lines, wrong ones included
	problem refusal
}

func (a *api) importStates(c *rest.Call, _ *struct{ Body uploaded }) (imported, error) {
	out := imported{Problems: []refusal{}}
	src, err := table.Open(c.Request.Header.Get("Content-Type"), c.Request.Body)
	if err != nil {
		return out, err
	}
	b := &batch{}
	for {
		row, line, err := src.Next()
		fault, wrong := errors.AsType[*table.LineError](err)
		if wrong || err == nil {
			b.add(row, line)
		}
		if wrong {
			b.blame(line, fault.Message)
		}
		end := err != nil && !wrong
		if b.count == importBatch || end && b.count > 0 {
			if err := a.settle(c, b, &out); err != nil {
				return out, partly(err, &out)
			}
		}
		if end && !errors.Is(err, io.EOF) {
			return out, partly(err, &out)
		}
		if end {
			return out, out.verdict()
		}
	}
}

func (b *batch) add(r table.Row, line int) {
	if b.count == 0 {
		b.problem.From = line
	}
	b.problem.To = line
	b.count++
	b.reports = append(b.reports, home.Report{Feature: r.Feature, Value: r.Value, At: r.At, Explicit: true})
	b.lines = append(b.lines, line)
}

// blame notes the first line that is wrong.
func (b *batch) blame(line int, message string) {
	if b.problem.Line == 0 {
		b.problem.Line, b.problem.Message = line, message
	}
}

// settle takes one batch, or notes why not. It returns an error only for what
// ends the whole import.
func (a *api) settle(c *rest.Call, b *batch, out *imported) error {
	if b.problem.Line == 0 {
		a.findUnknown(c, b)
	}
	if b.problem.Line == 0 {
		_, err := a.hub.Report(c, c.ID, b.reports...)
		switch e := home.AsError(err); {
		case e == nil:
			out.Accepted += b.count
		case e.Code == home.Unprocessable || e.Code == home.NotFound || e.Code == home.Forbidden || e.Code == home.Invalid:
			b.blame(b.lineOf(e), e.Message)
		default:
			return err
		}
	}
	if b.problem.Line != 0 {
		out.Refused += b.count
		if len(out.Problems) < importTold {
			out.Problems = append(out.Problems, b.problem)
		}
	}
	*b = batch{reports: b.reports[:0], lines: b.lines[:0]}
	return nil
}

// findUnknown blames the first line whose feature is not there, for those who
// may know.
func (a *api) findUnknown(c *rest.Call, b *batch) {
	seen := map[string]bool{}
	for i := range b.reports {
		name := b.reports[i].Feature
		if seen[name] {
			continue
		}
		seen[name] = true
		_, _, _, err := a.hub.FeatureOf(c, c.ID, name)
		if e := home.AsError(err); e != nil && e.Code == home.NotFound && c.ID.May(home.ReadState, nil, nil) {
			b.blame(b.lines[i], e.Message)
			return
		}
	}
}

// lineOf finds the line that an error's path, such as [7].state, speaks of.
func (b *batch) lineOf(e *home.Error) int {
	n := 0
	if len(e.Fields) > 0 {
		if _, err := fmt.Sscanf(e.Fields[0].Path, "[%d]", &n); err == nil && n < len(b.lines) {
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
	e := home.Errorf(home.Unprocessable, "none of the %d values was taken", m.Refused).Because("import_refused")
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
