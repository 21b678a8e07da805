package settings

import (
	"errors"
	"fmt"
	"os"
	"strings"

	yaml "github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds of a settings file.
const (
	MaxFile  = 256 << 10 // bytes
	maxDepth = 32
)

// document is a settings file being read.
type document struct {
	name   string
	src    []byte
	fields []Field
	into   *Settings
	seen   map[string]bool
}

// ReadFile reads the YAML file into s and returns the keys that it sets. A
// *Problem says what cannot be taken; s may then be partly changed.
func ReadFile(name string, s *Settings) ([]string, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("read the settings: %w", err)
	}
	if info.Size() > MaxFile {
		return nil, &Problem{Source: name, Message: fmt.Sprintf("the file is larger than %d KiB", MaxFile>>10)}
	}
	src, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read the settings: %w", err)
	}
	return Read(name, src, s)
}

// Read is ReadFile of a text in memory.
func Read(name string, src []byte, s *Settings) ([]string, error) {
	d := &document{name: name, src: src, fields: Fields(), into: s, seen: map[string]bool{}}
	if len(src) > MaxFile {
		return nil, &Problem{Source: name, Message: fmt.Sprintf("the file is larger than %d KiB", MaxFile>>10)}
	}
	tokens := lexer.Tokenize(string(src))
	if err := d.shallow(tokens); err != nil {
		return nil, err
	}
	file, err := parser.Parse(tokens, 0)
	if err != nil {
		return nil, d.syntax(err)
	}
	if len(file.Docs) > 1 {
		return nil, &Problem{Source: name, Message: "the file holds more than one document"}
	}
	for _, doc := range file.Docs {
		if err := d.section("", doc.Body); err != nil {
			return nil, err
		}
	}
	var keys []string
	for _, f := range d.fields {
		if d.seen[f.Key] {
			keys = append(keys, f.Key)
		}
	}
	return keys, nil
}

// shallow refuses what is nested too deeply before anything follows it down,
// and what settings have no use for: aliases and tags could make a small text
// large or mean another type.
func (d *document) shallow(tokens token.Tokens) error {
	flow, line, entries := 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			line, entries = t.Position.Line, 0
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.SequenceEntryType, token.MappingKeyType, token.MappingValueType:
			entries++
		case token.AnchorType, token.AliasType, token.MergeKeyType, token.TagType:
			return d.problem(t, "anchors, aliases and tags are not taken here; write the value out")
		case token.InvalidType:
			return d.problem(t, "this is not YAML")
		}
		if flow+entries > maxDepth || t.Position.IndentLevel > maxDepth {
			return d.problem(t, fmt.Sprintf("this is nested deeper than %d levels", maxDepth))
		}
	}
	return nil
}

// syntax turns the parser's error into one with our excerpt.
func (d *document) syntax(err error) error {
	if e, ok := errors.AsType[yaml.Error](err); ok && e.GetToken() != nil {
		return d.problem(e.GetToken(), "this is not YAML: "+e.GetMessage())
	}
	message, _, _ := strings.Cut(err.Error(), "\n")
	return &Problem{Source: d.name, Message: "this is not YAML: " + message}
}

func (d *document) problem(t *token.Token, message string, keys ...string) *Problem {
	p := &Problem{Source: d.name, Message: message, Keys: keys, Line: 1, Column: 1}
	if t != nil && t.Position != nil {
		p.Line, p.Column = max(1, t.Position.Line), max(1, t.Position.Column)
	}
	p.Excerpt = excerpt(d.src, p.Line, p.Column)
	return p
}

// section reads a mapping; prefix is its name with a dot, "" for the file.
func (d *document) section(prefix string, n ast.Node) error {
	switch n := n.(type) {
	case nil, *ast.NullNode, *ast.CommentGroupNode:
		return nil
	case *ast.MappingNode:
		for _, v := range n.Values {
			if err := d.entry(prefix, v); err != nil {
				return err
			}
		}
		return nil
	case *ast.MappingValueNode:
		return d.entry(prefix, n)
	}
	return d.problem(n.GetToken(), "here stands a "+kindOf(n)+", but settings are written as name: value", below(d.fields, prefix)...)
}

func (d *document) entry(prefix string, v *ast.MappingValueNode) error {
	name, ok := v.Key.(*ast.StringNode)
	if !ok {
		return d.problem(v.Key.GetToken(), "a setting's name is a word", below(d.fields, prefix)...)
	}
	key := prefix + name.Value
	accepted := below(d.fields, prefix)
	if d.seen[key] {
		return d.problem(name.GetToken(), fmt.Sprintf("%s is set twice", key))
	}
	if f := find(d.fields, key); f != nil {
		d.seen[key] = true
		return d.value(f, v.Value)
	}
	if len(below(d.fields, key+".")) > 0 && !strings.Contains(name.Value, ".") {
		d.seen[key] = true
		return d.section(key+".", v.Value)
	}
	message, keys := unknown(name.Value, accepted, d.fields)
	return d.problem(name.GetToken(), message, keys...)
}

// value sets f from a scalar or, for a list, from a sequence of scalars.
func (d *document) value(f *Field, n ast.Node) error {
	words, at := []string{}, n
	if seq, ok := n.(*ast.SequenceNode); ok && f.List {
		for _, one := range seq.Values {
			w, ok := scalar(one)
			if !ok {
				return d.problem(tokenOf(one), f.Key+" accepts "+f.Accepts+", not a "+kindOf(one))
			}
			if err := f.set(&Settings{}, []string{w}); err != nil {
				return d.problem(one.GetToken(), err.Error()+"; "+f.Key+" accepts "+f.Accepts)
			}
			words = append(words, w)
		}
	} else {
		w, ok := scalar(n)
		if !ok {
			return d.problem(tokenOf(n), f.Key+" accepts "+f.Accepts+", not a "+kindOf(n))
		}
		words = []string{w}
	}
	if err := f.put(d.into, words); err != nil {
		return d.problem(at.GetToken(), err.Error()+"; "+f.Key+" accepts "+f.Accepts)
	}
	return nil
}

// scalar returns a value as it was written.
func scalar(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.BoolNode:
		if n.Value {
			return "true", true
		}
		return "false", true
	case *ast.IntegerNode, *ast.FloatNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// tokenOf returns where a person would say that n begins.
func tokenOf(n ast.Node) *token.Token {
	switch n := n.(type) {
	case *ast.MappingValueNode:
		return n.Key.GetToken()
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return n.Values[0].Key.GetToken()
		}
	}
	return n.GetToken()
}

func kindOf(n ast.Node) string {
	switch n.(type) {
	case *ast.SequenceNode:
		return "list"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "section"
	case *ast.NullNode, nil:
		return "nothing"
	}
	return "value of another type"
}
