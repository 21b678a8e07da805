package arch_test

import (
	"fmt"
	"strings"
)

// layers says what each folder's program code may import of ours, besides
// what lies below itself. A pattern ending in /* is every folder below. The first
// pattern that fits counts; a folder that fits none is refused.
func layers() [][2]string {
	return [][2]string{
		{"home", ""},
		{"bus", "home"},
		{"bus/*", "bus home"},
		{"internal/*", "home"},
		{"hub", "bus home internal/geo internal/presence"},
		{"scenes", "bus home"},
		{"scenes/*", "scenes hub bus home internal/*"},
		{"actions", "scenes hub bus home internal/*"},
		{"actions/*", "scenes hub bus home internal/*"},
		{"dialects", "hub bus home internal/*"},
		{"dialects/*", "hub bus home internal/*"},
		{"drivers", "home"},
		{"drivers/*", "home"},
		{"stores", "home"},
		{"stores/*", "home"},
		{"web", "hub home internal/*"},
		{"web/*", "hub home internal/*"},
		{".", "actions dialects/* drivers drivers/* stores stores/* web web/* scenes scenes/* hub bus home internal/* dialects actions/* bus/*"},
		{"cmd/*", ". actions dialects dialects/* drivers drivers/* stores stores/* web web/* scenes scenes/* hub bus home internal/* cmd/*"},
	}
}

// imports finds program code that imports upwards or sideways, and anybody who
// imports help for tests or the module's own package.
func imports(tr *tree) []finding {
	var all []finding
	for _, f := range tr.files {
		if f.test || support(f.dir) {
			continue
		}
		allowed, known := allowedFor(f.dir)
		if !known {
			all = append(all, finding{"layer " + f.dir, fmt.Sprintf("%s: folder %s stands in no layer", f.path, f.dir)})
			continue
		}
		for i, name := range f.imports {
			switch {
			case !f.ours[i]:
				if f.dir == "home" && strings.Contains(strings.Split(name, "/")[0], ".") {
					all = append(all, finding{"import " + f.dir + " " + name, fmt.Sprintf("%s imports %s; home imports the standard library only", f.path, name)})
				}
			case support(name):
				all = append(all, finding{"import " + f.dir + " " + name, fmt.Sprintf("%s imports %s, which is help for tests", f.path, name)})
			case !mayImport(f.dir, name, allowed):
				all = append(all, finding{"import " + f.dir + " " + name, fmt.Sprintf("%s imports %s/%s; %s may import: %s", f.path, module, name, f.dir, allowed)})
			}
		}
	}
	return all
}

func allowedFor(dir string) (string, bool) {
	for _, l := range layers() {
		if fits(l[0], dir) {
			return l[1], true
		}
	}
	return "", false
}

func mayImport(dir, name, allowed string) bool {
	if name == "" {
		name = "."
	}
	if dir != "." && strings.HasPrefix(name, dir+"/") {
		return true // its own parts
	}
	// A part may import its siblings of the same extension: stores/sql/history and stores/sql/journal.
	if parts := strings.Split(dir, "/"); len(parts) > 2 && strings.HasPrefix(name, strings.Join(parts[:2], "/")+"/") {
		return true
	}
	for pattern := range strings.FieldsSeq(allowed) {
		if fits(pattern, name) {
			return true
		}
	}
	return false
}

func fits(pattern, dir string) bool {
	below, all := strings.CutSuffix(pattern, "/*")
	if all {
		return strings.HasPrefix(dir, below+"/")
	}
	return pattern == dir
}
