package table_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"latchkey/dialects/native/table"
	"latchkey/home"
)

// FuzzRead: whatever comes, reading ends, lines count up, and what is taken is
// a whole value that comes back the same from what is written of it.
func FuzzRead(f *testing.F) {
	f.Add(true, "feature,seq,at,value,text\na,1,2026-03-01T00:00:00Z,1.5,\nb,2,2026-03-01T00:00:00Z,,'=x\n")
	f.Add(true, "\xef\xbb\xbfat,feature,text\n2026-03-01T00:00:00+01:00,\"a\"\"b\",\"x\ny\"\n\"\n")
	f.Add(true, "feature,at,value\na,2026-03-01T00:00:00Z,NaN\n,,\na\n'a,2026-03-01T00:00:00Z,1e309\n")
	f.Add(false, `{"feature":"a","at":"2026-03-01T00:00:00Z","value":1}`+"\n\n"+`{"feature":"a","at":"2026-03-01T00:00:00Z","text":"x","seq":7}`)
	f.Add(false, `{"feature":"a","feature":"b"}`+"\n[]\nnull\n"+`{"x":1}`)
	f.Add(false, strings.Repeat("x", 20000))
	f.Fuzz(func(t *testing.T, csv bool, body string) {
		media := table.NDJSON
		if csv {
			media = table.CSV
		}
		rows := read(t, media, body)
		for _, again := range []string{table.CSV, table.NDJSON} {
			var b bytes.Buffer
			w := table.NewWriter(&b, again)
			for _, r := range rows {
				if err := w.Write(r.Feature, home.Sample{Seq: 1, At: r.At, Value: r.Value}); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			back := read(t, again, b.String())
			if len(back) != len(rows) {
				t.Fatalf("%d rows came back as %d from\n%s", len(rows), len(back), b.String())
			}
			for i := range rows {
				if !same(rows[i], back[i]) {
					t.Fatalf("%+v came back as %+v", rows[i], back[i])
				}
			}
		}
	})
}

// same compares rows as CSV can keep them: a carriage return before a line
// feed is one line end.
func same(a, b table.Row) bool {
	plain := func(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }
	return plain(a.Feature) == plain(b.Feature) && a.At == b.At && a.Value.IsText == b.Value.IsText && a.Value.Number == b.Value.Number && plain(a.Value.Text) == plain(b.Value.Text)
}

func read(t *testing.T, media, body string) (rows []table.Row) {
	t.Helper()
	r, err := table.Open(media, strings.NewReader(body))
	if err != nil {
		return nil
	}
	last := 0
	for range len(body) + 2 {
		row, line, err := r.Next()
		if _, wrong := errors.AsType[*table.LineError](err); wrong {
			continue
		}
		if errors.Is(err, io.EOF) || err != nil && home.CodeOf(err) != "" {
			return rows
		}
		if line <= last {
			t.Fatalf("line %d after %d", line, last)
		}
		last = line
		if row.Feature == "" || row.At == 0 || math.IsNaN(row.Value.Number) || math.IsInf(row.Value.Number, 0) {
			t.Fatalf("taken: %+v", row)
		}
		rows = append(rows, row)
	}
	t.Fatal("it does not end")
	return nil
}
