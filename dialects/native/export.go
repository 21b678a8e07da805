package native

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"latchkey/dialects/native/rest"
	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/wire"
)

// exportPage is how many values are read from the store at a time: what an
// export holds in memory, however long it is.
const exportPage = 1000

type exportQuery struct {
	Features []string  `query:"feature" required:"true" doc:"external id; may stand several times"`
	From     home.Time `query:"from"`
	To       home.Time `query:"to"`
	Format   string    `query:"format" enum:"csv,ndjson" default:"csv"`
}

func (a *api) exports() []rest.Operation {
	return []rest.Operation{
		rest.Raw(rest.Spec{Method: http.MethodGet, Path: "/states/export", Name: "export_states", Tag: "states", Right: home.ReadState, Class: wire.Export,
			Title: home.Label{EN: "Export features' history as CSV or NDJSON", FR: "Exporter l'historique de fonctions en CSV ou NDJSON"},
			Gives: []string{"text/csv", "application/x-ndjson"},
			Doc:   "Feature by feature, oldest first. In CSV, a text that a spreadsheet could take for a formula has an apostrophe before it; the import takes it away again. A connection that is cut before the end of the answer means that the export is not whole."}, a.exportStates),
		rest.Op(rest.Spec{Method: http.MethodPost, Path: "/states/import", Name: "import_states", Tag: "states", Right: home.WriteState, Class: wire.Ingest,
			Body: wire.UploadBody, Title: home.Label{EN: "Import history from CSV or NDJSON", FR: "Importer un historique depuis CSV ou NDJSON"},
			Takes: []string{"text/csv", "application/x-ndjson"}, Doc: importDoc}, a.importStates),
	}
}

// exporter writes values in one of the forms.
type exporter interface {
	write(feature string, s home.Sample) error
	flush() error
}

func (a *api) exportStates(c *rest.Call, in *exportQuery) error {
	for _, f := range in.Features {
		if _, _, _, err := a.hub.FeatureOf(c, c.ID, f); err != nil {
			return err
		}
	}
	if len(in.Features) > 200 {
		return home.Errorf(home.Invalid, "an export has at most 200 features, this one has %d", len(in.Features)).Because("parameter_invalid")
	}
	h := c.Writer.Header()
	h.Set("Content-Disposition", `attachment; filename="states.`+in.Format+`"`)
	out := bufio.NewWriterSize(c.Writer, 16<<10)
	var x exporter = &lines{out: out}
	h.Set("Content-Type", "application/x-ndjson")
	if in.Format == "csv" {
		h.Set("Content-Type", "text/csv; charset=utf-8")
		x = newTable(out)
	}
	for _, f := range in.Features {
		if err := a.exportOne(c, in, f, x); err != nil {
			return err
		}
	}
	return errors.Join(x.flush(), out.Flush())
}

// exportOne goes through one feature's history page by page, so that no page
// of the store is held while the caller reads slowly.
func (a *api) exportOne(c *rest.Call, in *exportQuery, feature string, x exporter) error {
	page := make([]home.Sample, 0, exportPage)
	q := hub.HistoryQuery{Feature: feature, From: in.From, To: in.To, Limit: exportPage}
	for {
		page = page[:0]
		err := a.hub.History(c, c.ID, q, func(s home.Sample) error { page = append(page, s); return nil })
		if err != nil {
			return err
		}
		for _, s := range page {
			if err := x.write(feature, s); err != nil {
				return err
			}
		}
		if len(page) < exportPage {
			return nil
		}
		last := page[len(page)-1]
		q.After = home.Cursor{At: last.At, Seq: last.Seq}
	}
}

// lines writes NDJSON: each line could be reported again as it is.
type lines struct{ out *bufio.Writer }

func (l *lines) write(feature string, s home.Sample) error {
	b, err := json.Marshal(shownState(feature, s))
	if err != nil {
		return err
	}
	_, err = l.out.Write(append(b, '\n'))
	return err
}

func (l *lines) flush() error { return nil }

// table writes CSV.
type table struct {
	w   *csv.Writer
	row [5]string
}

func csvHead() []string { return []string{"feature", "seq", "at", "value", "text"} }

func newTable(out *bufio.Writer) *table {
	t := &table{w: csv.NewWriter(out)}
	_ = t.w.Write(csvHead()) // into memory; flush tells what becomes of it
	return t
}

func (t *table) write(feature string, s home.Sample) error {
	t.row = [5]string{harmless(feature), strconv.FormatUint(s.Seq, 10), s.At.String(), "", ""}
	if s.Value.IsText {
		t.row[4] = harmless(s.Value.Text)
	} else {
		t.row[3] = strconv.FormatFloat(s.Value.Number, 'f', -1, 64)
	}
	return t.w.Write(t.row[:])
}

func (t *table) flush() error {
	t.w.Flush()
	return t.w.Error()
}

// harmless keeps a spreadsheet from taking a text for a formula. An apostrophe
// that was there gets one too, so that plain can take it away again.
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n'", rune(s[0])) {
		return "'" + s
	}
	return s
}

// plain is the inverse of harmless.
func plain(s string) string { return strings.TrimPrefix(s, "'") }
