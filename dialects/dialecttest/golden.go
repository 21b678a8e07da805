package dialecttest

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what the dialects answer into the golden files")

// Golden sends every exchange of dir/*.http and compares the answers. Each file
// has a fresh copy of the house; the exchanges of a file follow each other in
// it, a second apart. With -update the answers are written into the files.
func (k *Kit) Golden(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.http"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden exchanges in %s", dir)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".http"), func(t *testing.T) { k.goldenFile(t, file) })
	}
}

func (k *Kit) goldenFile(t *testing.T, file string) {
	exchanges, err := readExchanges(file)
	if err != nil {
		t.Fatal(err)
	}
	w := k.World(t)
	var written []string
	for i := range exchanges {
		x := &exchanges[i]
		got, err := w.exchange(x, nil)
		if err != nil {
			t.Fatalf("exchange %d (%s): %v", i+1, x.title, err)
		}
		shaped := w.shape(got)
		if diff := cmp.Diff(x.answer(), shaped.answer()); diff != "" && !*update {
			t.Errorf("exchange %d (%s): the answer differs (-golden +now):\n%s\nrun the test with -update if this is meant", i+1, x.title, diff)
		}
		x.status, x.headers, x.body = shaped.status, shaped.headers, shaped.body
		written = append(written, x.text())
	}
	if *update {
		if err := os.WriteFile(file, []byte(strings.Join(written, "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// exchange sends one exchange with the world's variables, or those of instead,
// and keeps what it captures. The clock has moved on by a second, or by what
// "# @clock 6m" says.
func (w *World) exchange(x *exchange, instead map[string]string) (Answer, error) {
	step := time.Second
	for _, args := range x.directives("clock") {
		d, err := time.ParseDuration(strings.Join(args, ""))
		if err != nil {
			return Answer{}, err
		}
		step = d
	}
	w.Advance(step)
	c, err := w.call(x, instead)
	if err != nil {
		return Answer{}, err
	}
	a, err := w.send(c)
	if err != nil {
		return a, err
	}
	for _, args := range x.directives("capture") {
		if len(args) != 2 {
			return a, fmt.Errorf("write # @capture name path, not %q", args)
		}
		if err := w.capture(args[0], args[1], a); err != nil {
			return a, err
		}
	}
	return a, nil
}

// call fills the variables of x in.
func (w *World) call(x *exchange, instead map[string]string) (call, error) {
	text, err := w.fill(x.request, instead)
	if err != nil {
		return call{}, err
	}
	return parseCall(text)
}
