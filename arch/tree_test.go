package arch_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"testing"
)

const module = "latchkey"

// tree is the source as parsed, without types: fast, and it needs no build.
type tree struct {
	fset  *token.FileSet
	files []*file
	dirs  map[string]bool // folders with Go files
	docs  map[string]bool // README.md files
}

// file is one Go file.
type file struct {
	*ast.File
	path    string // relative to the module, with slashes
	dir     string // "." = the module's own package
	test    bool
	lines   int
	imports []string // relative to the module for ours ("" = the module's own package), otherwise as written
	ours    []bool
}

// finding is one rule that is not kept. Key names it in the list of exceptions.
type finding struct{ key, text string }

// load parses every Go file below root that belongs to the program.
func load(t testing.TB, root fs.FS) *tree {
	t.Helper()
	tr := &tree{fset: token.NewFileSet(), dirs: map[string]bool{}, docs: map[string]bool{}}
	err := fs.WalkDir(root, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if p != "." && (name[0] == '.' || name[0] == '_' || name == "testdata" || name == "node_modules" || name == "dist") {
				return fs.SkipDir
			}
			return nil
		}
		if name == "README.md" {
			tr.docs[path.Dir(p)] = true
		}
		if strings.HasSuffix(name, ".go") {
			return tr.add(root, p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func (tr *tree) add(root fs.FS, p string) error {
	source, err := fs.ReadFile(root, p)
	if err != nil {
		return err
	}
	parsed, err := parser.ParseFile(tr.fset, p, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("parse %s: %w", p, err)
	}
	f := &file{File: parsed, path: p, dir: path.Dir(p), test: strings.HasSuffix(p, "_test.go"), lines: strings.Count(string(source), "\n")}
	for _, spec := range parsed.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return fmt.Errorf("import in %s: %w", p, err)
		}
		own := name == module || strings.HasPrefix(name, module+"/")
		if own {
			name = strings.TrimPrefix(strings.TrimPrefix(name, module), "/")
		}
		f.imports, f.ours = append(f.imports, name), append(f.ours, own)
	}
	tr.files = append(tr.files, f)
	tr.dirs[f.dir] = true
	return nil
}

// line returns the line that pos stands in.
func (tr *tree) line(pos token.Pos) int { return tr.fset.Position(pos).Line }

// support reports whether a folder holds help for tests: storetest, scenetest,
// and everything below test.
func support(dir string) bool {
	return strings.HasSuffix(dir, "test") || dir == "test" || strings.HasPrefix(dir, "test/") || dir == "arch"
}
