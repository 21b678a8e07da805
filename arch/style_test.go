package arch_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strings"
)

// style finds what the house rules forbid whatever the size.
func style(tr *tree) []finding {
	var all []finding
	for _, f := range tr.files {
		all = append(all, words(tr, f)...)
		if f.test {
			all = append(all, calls(tr, f, "t.Skip", "t.Skipf", "t.SkipNow")...)
			if !slices.Contains(f.imports, "testing/synctest") { // there, time is made up
				all = append(all, calls(tr, f, "time.Sleep")...)
			}
			continue
		}
		all = append(all, calls(tr, f, "http.DefaultClient", "http.DefaultTransport", "http.Get", "http.Post", "http.PostForm", "http.Head", "http.DefaultServeMux", "http.HandleFunc")...)
		all = append(all, declarations(tr, f)...)
		all = append(all, literals(tr, f)...)
		for i, name := range f.imports {
			if !f.ours[i] && (name == "math/rand" || name == "math/rand/v2") {
				all = append(all, finding{"rand " + f.dir, fmt.Sprintf("%s imports %s; secrets and ids come from crypto/rand", f.path, name)})
			}
		}
	}
	return append(all, folders(tr)...)
}

// words finds unfinished business in comments.
func words(tr *tree, f *file) []finding {
	if f.dir == "arch" {
		return nil
	}
	unfinished := regexp.MustCompile(`\b(TODO|FIXME|XXX|HACK)\b|(?i:not implemented)`)
	var all []finding
	for _, group := range f.Comments {
		if w := unfinished.FindString(group.Text()); w != "" {
			all = append(all, finding{"comment " + f.path, fmt.Sprintf("%s:%d: %q in a comment", f.path, tr.line(group.Pos()), w)})
		}
	}
	return all
}

// calls finds uses of the named things, such as time.Sleep.
func calls(tr *tree, f *file, names ...string) []finding {
	var all []finding
	ast.Inspect(f.File, func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := s.X.(*ast.Ident); ok && slices.Contains(names, x.Name+"."+s.Sel.Name) {
			name := x.Name + "." + s.Sel.Name
			all = append(all, finding{name + " " + f.path, fmt.Sprintf("%s:%d: %s", f.path, tr.line(n.Pos()), name)})
		}
		return true
	})
	return all
}

// declarations finds init functions and package variables that could change.
func declarations(tr *tree, f *file) []finding {
	var all []finding
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil && d.Name.Name == "init" {
				all = append(all, finding{"init " + f.path, f.path + " has an init function; wiring is a list of values"})
			}
		case *ast.GenDecl:
			if d.Tok != token.VAR || support(f.dir) {
				continue
			}
			for _, spec := range d.Specs {
				all = append(all, variables(tr, f, d, spec.(*ast.ValueSpec))...)
			}
		}
	}
	return all
}

func variables(tr *tree, f *file, d *ast.GenDecl, v *ast.ValueSpec) []finding {
	var all []finding
	for i, name := range v.Names {
		var value ast.Expr
		if i < len(v.Values) {
			value = v.Values[i]
		}
		if name.Name == "_" || name.Name == "All" || embedded(d, v) || constant(value) {
			continue
		}
		all = append(all, finding{"variable " + f.dir + " " + name.Name, fmt.Sprintf("%s:%d: package variable %s; state belongs into a value that somebody makes", f.path, tr.line(name.Pos()), name.Name)})
	}
	return all
}

func embedded(d *ast.GenDecl, v *ast.ValueSpec) bool {
	for _, doc := range []*ast.CommentGroup{d.Doc, v.Doc} {
		if doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed ") }) {
			return true
		}
	}
	return false
}

// constant reports whether a variable's value is one that nobody changes: an
// error or a compiled regular expression.
func constant(value ast.Expr) bool {
	call, ok := value.(*ast.CallExpr)
	if !ok {
		return false
	}
	s, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	x, ok := s.X.(*ast.Ident)
	return ok && slices.Contains([]string{"errors.New", "fmt.Errorf", "home.Errorf", "regexp.MustCompile"}, x.Name+"."+s.Sel.Name)
}

// french are the letters and marks that French needs beyond ASCII. What else
// lies there, such as a hyphen that is none, is a mistake in any language.
const french = "\u00e0\u00e2\u00e7\u00e9\u00e8\u00ea\u00eb\u00ee\u00ef\u00f4\u00f9\u00fb\u00fc\u0153\u00e6\u00c0\u00c2\u00c7\u00c9\u00c8\u00ca\u00ce\u00d4\u00d9\u00ab\u00bb"

// speaksFrench lists the folders whose texts for people are in both languages.
func speaksFrench(dir string) bool {
	return slices.Contains([]string{"cmd/latchkey", "actions", "scenes/triggers", "scenes/conditions", "dialects/native", "dialects/partners", "internal/settings", "web"}, dir)
}

// literals finds letters beyond ASCII in texts, and TLS without verification.
func literals(tr *tree, f *file) []finding {
	odd := func(r rune) bool { return r > 0x7e && !(speaksFrench(f.dir) && strings.ContainsRune(french, r)) }
	var all []finding
	ast.Inspect(f.File, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			if i := strings.IndexFunc(n.Value, odd); i >= 0 && (n.Kind == token.STRING || n.Kind == token.CHAR) {
				all = append(all, finding{"ascii " + f.path, fmt.Sprintf("%s:%d: a text with %+.3q", f.path, tr.line(n.Pos()), n.Value[i:])})
			}
		case *ast.Ident:
			if n.Name == "InsecureSkipVerify" {
				all = append(all, finding{"InsecureSkipVerify " + f.path, fmt.Sprintf("%s:%d: InsecureSkipVerify", f.path, tr.line(n.Pos()))})
			}
		}
		return true
	})
	return all
}

// folders finds packages without a sentence and extensions without a README.
func folders(tr *tree) []finding {
	var all []finding
	doc := map[string]bool{}
	program := map[string]bool{}
	for _, f := range tr.files {
		if f.test {
			continue
		}
		program[f.dir] = true
		if f.Doc != nil && (strings.HasPrefix(f.Doc.Text(), "Package "+f.Name.Name+" ") || f.Name.Name == "main" && f.Doc.Text() != "") {
			doc[f.dir] = true
		}
	}
	for dir := range program {
		if !doc[dir] {
			all = append(all, finding{"doc " + dir, fmt.Sprintf("package %s has no sentence that says what it is", dir)})
		}
		parent := path.Dir(dir)
		plural := slices.Contains([]string{"dialects", "drivers", "stores", "internal"}, parent) || slices.Contains([]string{"actions", "scenes/triggers", "scenes/conditions", "drivers", "dialects"}, dir)
		if plural && !tr.docs[dir] {
			all = append(all, finding{"readme " + dir, fmt.Sprintf("%s has no README.md", dir)})
		}
	}
	return all
}
