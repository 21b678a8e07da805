package arch_test

import (
	"fmt"
	"go/ast"
	"slices"
)

// The bounds. Medians are far below; these watch the tails.
const (
	maxFile      = 300
	maxTestFile  = 600
	maxFunction  = 60
	maxInterface = 6
	maxPackage   = 2500
	maxParams    = 4
)

// sizes finds files, functions, interfaces, packages and parameter lists over
// the bounds.
func sizes(tr *tree) []finding {
	var all []finding
	packages := map[string]int{}
	for _, f := range tr.files {
		limit := maxFile
		if f.test {
			limit = maxTestFile
		} else {
			packages[f.dir] += f.lines
		}
		if f.lines > limit {
			all = append(all, finding{"file " + f.path, fmt.Sprintf("%s has %d lines; %d are the most", f.path, f.lines, limit)})
		}
		if !f.test {
			all = append(all, shapes(tr, f)...)
		}
	}
	for dir, lines := range packages {
		if lines > maxPackage {
			all = append(all, finding{"package " + dir, fmt.Sprintf("package %s has %d lines; %d are the most", dir, lines, maxPackage)})
		}
	}
	return all
}

func shapes(tr *tree, f *file) []finding {
	var all []finding
	ast.Inspect(f.File, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			name := funcName(n)
			if n.Body != nil {
				if lines := tr.line(n.End()) - tr.line(n.Pos()) + 1; lines > maxFunction {
					all = append(all, finding{"function " + f.dir + " " + name, fmt.Sprintf("%s: %s has %d lines; %d are the most", f.path, name, lines, maxFunction)})
				}
			}
			params, bools := count(n.Type.Params)
			if params > maxParams {
				all = append(all, finding{"parameters " + f.dir + " " + name, fmt.Sprintf("%s: %s has %d parameters; %d are the most", f.path, name, params, maxParams)})
			}
			if bools > 1 {
				all = append(all, finding{"bools " + f.dir + " " + name, fmt.Sprintf("%s: %s has %d bools; a caller cannot tell them apart", f.path, name, bools)})
			}
		case *ast.TypeSpec:
			if i, ok := n.Type.(*ast.InterfaceType); ok {
				if m := methodsOf(i); m > maxInterface {
					all = append(all, finding{"interface " + f.dir + " " + n.Name.Name, fmt.Sprintf("%s: interface %s has %d methods; %d are the most", f.path, n.Name.Name, m, maxInterface)})
				}
			}
		}
		return true
	})
	return all
}

// funcName returns a function's name, with its receiver's type.
func funcName(d *ast.FuncDecl) string {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return d.Name.Name
	}
	t := d.Recv.List[0].Type
	for {
		switch inner := t.(type) {
		case *ast.StarExpr:
			t = inner.X
			continue
		case *ast.IndexExpr:
			t = inner.X
			continue
		case *ast.Ident:
			return inner.Name + "." + d.Name.Name
		}
		return d.Name.Name
	}
}

// count returns how many parameters there are, and how many of them are bools.
// A context is none: it is passed on, not chosen.
func count(list *ast.FieldList) (params, bools int) {
	for _, field := range list.List {
		n := max(len(field.Names), 1)
		if s, ok := field.Type.(*ast.SelectorExpr); ok && s.Sel.Name == "Context" {
			continue
		}
		params += n
		if id, ok := field.Type.(*ast.Ident); ok && id.Name == "bool" {
			bools += n
		}
	}
	return params, bools
}

// methodsOf counts an interface's own methods; embedded interfaces have their
// own bound, and type sets are none.
func methodsOf(i *ast.InterfaceType) int {
	n := 0
	for _, m := range i.Methods.List {
		n += len(m.Names)
	}
	return n
}

// sorted puts findings in a stable order for people to read.
func sorted(all []finding) []finding {
	slices.SortFunc(all, func(a, b finding) int {
		switch {
		case a.text < b.text:
			return -1
		case a.text > b.text:
			return 1
		}
		return 0
	})
	return all
}
