package scenetest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"latchkey/scenes/scenetest"
)

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("../testdata/*.scene")
	if err != nil || len(files) < 15 {
		f.Fatalf("%d scenarios to begin with: %v", len(files), err)
	}
	for _, name := range files {
		src, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(src))
	}
	f.Add("at 07:00 x = \"a\nexpect 1 runs because")
	f.Fuzz(func(t *testing.T, src string) {
		s, err := scenetest.Parse(src)
		if err != nil && !strings.HasPrefix(err.Error(), "line ") {
			t.Errorf("the error %q does not name the line", err)
		}
		if err == nil && s == nil {
			t.Error("neither a scenario nor an error")
		}
	})
}

func TestParseRefuses(t *testing.T) {
	for src, want := range map[string]string{
		"hello":                               "line 1: a line is member",
		"\n\nmember ann queen":                `line 3: "queen" is not a role`,
		"feature x colour":                    "line 1: a feature is binary",
		"at 7 x = 1":                          `"7" is not a time`,
		"at 07:00 x = ":                       "line 1",
		"at 07:00 x = one":                    "neither a number nor a text",
		"at 07:00 x = 1 said noon":            "is not a time",
		"at 07:00 x = \"a":                    "does not end",
		"at 07:00 start s by":                 "by whom",
		"at 07:00 delete a b":                 "at TIME comes",
		"scene s\n  {":                        "a scene is a name",
		"scene s\n{}":                         "a scene is a name",
		"expect run done of s because":        "is too much here",
		"expect 2 runs done of s because why": "is too much here",
		"expect x == 1":                       "expect FEATURE = VALUE",
	} {
		if _, err := scenetest.Parse(src); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q) = %v, want %q", src, err, want)
		}
	}
}

func TestPlayReadsItsClock(t *testing.T) {
	s, err := scenetest.Parse("feature x binary\nat 07:00 x = 1\nat 07:00:30 x = 0 said 07:00:10\nexpect x = 0\nexpect 0 runs\n")
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) { scenetest.Play(t, s) })
}
