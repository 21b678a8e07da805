package table_test

import (
	"errors"
	"strings"
	"testing"

	"latchkey/dialects/native/table"
	"latchkey/home"
)

// A head that may mean two things is refused: a column twice, or a table whose
// lines end in carriage returns alone and which is all head therefore.
func TestHeads(t *testing.T) {
	for _, body := range []string{
		"", "a,b\n", "feature,value\n",
		"feature,feature,at,value\na,b,2026-03-01T00:00:00Z,1\n",
		"feature,at,value,value\na,2026-03-01T00:00:00Z,1,2\n",
		"feature,at,value,text\ra,2026-03-01T00:00:00Z,1,\r",
	} {
		if _, err := table.Open(table.CSV, strings.NewReader(body)); home.CodeOf(err) != home.Unprocessable {
			t.Errorf("%q is opened: %v", body, err)
		}
	}
	if rows := read(t, table.CSV, "feature,note,note,at,value\r\na,x,y,2026-03-01T00:00:00Z,1\r\n"); len(rows) != 1 {
		t.Errorf("of columns that say nothing there may be two: %v", rows)
	}
}

// A number is decimal, as in JSON: what else Go can read is not one.
func TestNumbers(t *testing.T) {
	for text, want := range map[string]float64{"1": 1, "-1.5": -1.5, "1e3": 1000, "+2": 2, ".5": 0.5} {
		if rows := read(t, table.CSV, "feature,at,value\na,2026-03-01T00:00:00Z,"+text+"\n"); len(rows) != 1 || rows[0].Value != home.Num(want) {
			t.Errorf("%s reads as %v", text, rows)
		}
	}
	for _, text := range []string{"0x1p0", "1_0", "NaN", "Inf", "infinity", "1e999", "1,5", "one"} {
		r, err := table.Open(table.CSV, strings.NewReader("feature,at,value\na,2026-03-01T00:00:00Z,\""+text+"\"\n"))
		if err != nil {
			t.Fatal(err)
		}
		row, _, err := r.Next()
		if _, wrong := errors.AsType[*table.LineError](err); !wrong {
			t.Errorf("%s reads as %v, %v", text, row.Value, err)
		}
	}
}
