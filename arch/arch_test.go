package arch_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func everything(tr *tree) []finding {
	return sorted(slices.Concat(imports(tr), sizes(tr), style(tr)))
}

// TestTree holds the whole module to the rules.
func TestTree(t *testing.T) {
	allowed, used := exceptions(), map[string]bool{}
	tr := load(t, os.DirFS(".."))
	for _, f := range everything(tr) {
		if allowed[f.key] != "" {
			used[f.key] = true
			continue
		}
		t.Errorf("%s\n\t(exception key: %q)", f.text, f.key)
	}
	for key := range allowed {
		if !used[key] {
			t.Errorf("the exception %q is no longer needed", key)
		}
	}
}

// TestRulesBite shows each rule a tree that breaks it.
func TestRulesBite(t *testing.T) {
	long := strings.Repeat("\t_ = 1\n", 70)
	cases := map[string]struct{ path, source, key string }{
		"upward import":        {"home/a.go", `import _ "latchkey/hub"`, "import home hub"},
		"library in home":      {"home/a.go", `import _ "golang.org/x/time/rate"`, "import home golang.org/x/time/rate"},
		"dialect to dialect":   {"dialects/a/a.go", `import _ "latchkey/dialects/b"`, "import dialects/a dialects/b"},
		"driver to hub":        {"drivers/a/a.go", `import _ "latchkey/hub"`, "import drivers/a hub"},
		"internal to hub":      {"internal/wire/a.go", `import _ "latchkey/hub"`, "import internal/wire hub"},
		"internal to internal": {"internal/wire/a.go", `import _ "latchkey/internal/egress"`, "import internal/wire internal/egress"},
		"the module's package": {"hub/a.go", `import _ "latchkey"`, "import hub "},
		"help for tests":       {"hub/a.go", `import _ "latchkey/stores/storetest"`, "import hub stores/storetest"},
		"unknown folder":       {"utils/a.go", ``, "layer utils"},
		"long function":        {"hub/a.go", "func f() {\n" + long + "}", "function hub f"},
		"long file":            {"hub/a.go", strings.Repeat("//\n", 301), "file hub/a.go"},
		"long test file":       {"hub/a_test.go", strings.Repeat("//\n", 601), "file hub/a_test.go"},
		"parameters":           {"hub/a.go", "func (x *T) f(a, b, c int, d, e string) {}", "parameters hub T.f"},
		"two bools":            {"hub/a.go", "func f(a, b bool) {}", "bools hub f"},
		"wide interface":       {"hub/a.go", "type I interface { A(); B(); C(); D(); E(); F(); G() }", "interface hub I"},
		"init":                 {"hub/a.go", "func init() {}", "init hub/a.go"},
		"variable":             {"hub/a.go", "var cache = map[string]int{}", "variable hub cache"},
		"beyond ASCII":         {"hub/a.go", "const a = \"caf\u00e9\"", "ascii hub/a.go"},
		"hyphen that is none":  {"cmd/latchkey/a.go", "const a = \"a\u2010b\"", "ascii cmd/latchkey/a.go"},
		"unverified TLS":       {"hub/a.go", "func f(c *tls.Config) { c.InsecureSkipVerify = true }", "InsecureSkipVerify hub/a.go"},
		"default client":       {"hub/a.go", "func f() { _ = http.DefaultClient }", "http.DefaultClient hub/a.go"},
		"math/rand":            {"hub/a.go", `import _ "math/rand/v2"`, "rand hub"},
		"sleep in a test":      {"hub/a_test.go", "func f() { time.Sleep(1) }", "time.Sleep hub/a_test.go"},
		"skipped test":         {"hub/a_test.go", "func f(t T) { t.Skip() }", "t.Skip hub/a_test.go"},
		"unfinished":           {"hub/a.go", "// TODO: more", "comment hub/a.go"},
		"no README":            {"drivers/a/a.go", "", "readme drivers/a"},
		"no sentence":          {"hub/b/c.go", "", "doc hub/b"},
	}
	for name, c := range cases {
		root := fstest.MapFS{c.path: {Data: []byte("package a\n" + c.source + "\n")}}
		if !slices.ContainsFunc(everything(load(t, root)), func(f finding) bool { return f.key == c.key }) {
			t.Errorf("%s: not found; found: %v", name, everything(load(t, root)))
		}
	}
}

// TestRulesLetGo shows what the rules allow.
func TestRulesLetGo(t *testing.T) {
	sources := map[string]string{
		"home/doc.go":           "// Package home is words.\npackage home\nimport _ \"encoding/json\"\n",
		"hub/a.go":              "// Package hub is the path.\npackage hub\nimport (\n_ \"latchkey/bus\"\n_ \"latchkey/home\"\n)\nvar errA = errors.New(\"a\")\nvar re = regexp.MustCompile(`a`)\nvar _ I = T{}\nvar All = []int{1}\n//go:embed x\nvar page []byte\nfunc f(a, b, c, d int) {}\n",
		"dialects/a/a.go":       "// Package a is a dialect.\npackage a\nimport (\n_ \"latchkey/dialects/a/b\"\n_ \"latchkey/hub\"\n_ \"latchkey/internal/wire\"\n)\n",
		"dialects/a/b/b.go":     "// Package b is a part.\npackage b\n",
		"dialects/a/README.md":  "",
		"dialects/a/a_test.go":  "package a_test\nimport _ \"latchkey/stores/memory\"\nconst word = \"caf\u00e9\"\n",
		"cmd/latchkey/main.go":  "// Latchkey is the program.\npackage main\nimport _ \"latchkey\"\n",
		"stores/storetest/s.go": "// Package storetest is help.\npackage storetest\nimport _ \"latchkey/stores/memory\"\n", "stores/storetest/README.md": "",
		"hub/testdata/x.go":     "not Go at all",
		"cmd/latchkey/texts.go": "package main\nconst said = \"pr\u00eat\"\n",
	}
	root := fstest.MapFS{}
	for p, s := range sources {
		root[p] = &fstest.MapFile{Data: []byte(s)}
	}
	for _, f := range everything(load(t, root)) {
		t.Errorf("%s (%s)", f.text, f.key)
	}
	if found := everything(load(t, fstest.MapFS{})); len(found) > 0 {
		t.Errorf("an empty tree: %v", found)
	}
}
