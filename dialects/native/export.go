package native

import (
	"net/http"

	"latchkey/dialects/native/rest"
	"latchkey/dialects/native/table"
	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/wire"
)

const (
	// exportPage is how many values are read from the store at a time: what an
	// export holds in memory, however long it is.
	exportPage = 1000
	// exportFeatures is how many features one export has at most.
	exportFeatures = 200
)

type exportQuery struct {
	Features []string  `query:"feature" required:"true" doc:"external id; may stand several times"`
	From     home.Time `query:"from"`
	To       home.Time `query:"to"`
	Format   string    `query:"format" enum:"csv,ndjson" default:"csv"`
}

const exportDoc = "Feature by feature, oldest first. In CSV, a text that a spreadsheet could take for a formula has an apostrophe before it; " +
	"the import takes it away again. An answer that is cut off before its end is not whole: the connection is then closed without the last chunk."

func (a *api) exports() []rest.Operation {
	return []rest.Operation{
		rest.Raw(rest.Spec{Method: http.MethodGet, Path: "/states/export", Name: "export_states", Tag: "states", Right: home.ReadState, Class: wire.Export,
			Title: home.Label{EN: "Export features' history as CSV or NDJSON", FR: "Exporter l'historique de fonctions en CSV ou NDJSON"},
			Gives: []string{table.CSV, table.NDJSON}, Doc: exportDoc}, a.exportStates),
		rest.Op(rest.Spec{Method: http.MethodPost, Path: "/states/import", Name: "import_states", Tag: "states", Right: home.WriteState, Class: wire.Ingest,
			Body: wire.UploadBody, Title: home.Label{EN: "Import history from CSV or NDJSON", FR: "Importer un historique depuis CSV ou NDJSON"},
			Takes: []string{table.CSV, table.NDJSON}, Doc: importDoc}, a.importStates),
	}
}

func (a *api) exportStates(c *rest.Call, in *exportQuery) error {
	if len(in.Features) > exportFeatures {
		return home.Errorf(home.Invalid, "an export has at most %d features, this one has %d", exportFeatures, len(in.Features)).Because("parameter_invalid")
	}
	for _, f := range in.Features {
		if _, _, _, err := a.hub.FeatureOf(c, c.ID, f); err != nil {
			return err
		}
	}
	media := table.CSV
	if in.Format == "ndjson" {
		media = table.NDJSON
	}
	h := c.Writer.Header()
	h.Set("Content-Type", media+"; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="states.`+in.Format+`"`)
	out := table.NewWriter(c.Writer, media)
	for _, f := range in.Features {
		if err := a.exportOne(c, in, f, out); err != nil {
			return err
		}
	}
	return out.Flush()
}

// exportOne goes through one feature's history page by page, so that no page
// of the store is held while the caller reads slowly.
func (a *api) exportOne(c *rest.Call, in *exportQuery, feature string, out *table.Writer) error {
	page := make([]home.Sample, 0, exportPage)
	q := hub.HistoryQuery{Feature: feature, From: in.From, To: in.To, Limit: exportPage}
	for {
		page = page[:0]
		err := a.hub.History(c, c.ID, q, func(s home.Sample) error { page = append(page, s); return nil })
		if err != nil {
			return err
		}
		for _, s := range page {
			if err := out.Write(feature, s); err != nil {
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
