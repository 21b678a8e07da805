package qr_test

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"testing"

	rscqr "rsc.io/qr"

	"latchkey/internal/qr"
)

// The picture is well-formed and paints just the black modules of the code.
func TestSVG(t *testing.T) {
	const text = "http://192.0.2.7:7311/pair/lk_rst_0123456789abcdefghijABCDEFGHIJ012345"
	svg, err := qr.SVG(text)
	if err != nil {
		t.Fatal(err)
	}
	d := xml.NewDecoder(strings.NewReader(svg))
	var path string
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "path" {
			path = e.Attr[1].Value
		}
	}
	painted := map[[2]int]bool{}
	for run := range strings.SplitSeq(strings.TrimSuffix(path, "z"), "z") {
		var x, y, n, back int
		if _, err := fmt.Sscanf(run, "M%d %dh%dv1h-%d", &x, &y, &n, &back); err != nil || back != n {
			t.Fatalf("%q: %v", run, err)
		}
		for i := range n {
			painted[[2]int{x + i - 4, y - 4}] = true
		}
	}
	code, err := rscqr.Encode(text, rscqr.M)
	if err != nil {
		t.Fatal(err)
	}
	for y := range code.Size {
		for x := range code.Size {
			if painted[[2]int{x, y}] != code.Black(x, y) {
				t.Fatalf("module %d,%d differs", x, y)
			}
		}
	}
	if _, err := qr.SVG(strings.Repeat("x", 5000)); err == nil {
		t.Error("a text that no code holds is drawn")
	}
}
