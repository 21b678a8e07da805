package decode

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// names is the set of an object's member names, compared as encoding/json
// matches them to fields: whatever their case.
type names struct{ seen map[string]struct{} }

// add reports whether the raw name is new.
func (n *names) add(raw []byte) bool {
	if n.seen == nil {
		n.seen = make(map[string]struct{}, 8)
	}
	name := strings.ToLower(unquote(raw))
	if _, ok := n.seen[name]; ok {
		return false
	}
	n.seen[name] = struct{}{}
	return true
}

// unquote resolves the escapes of a raw text.
func unquote(raw []byte) string {
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw)
	}
	var s string
	if json.Unmarshal(slices.Concat([]byte{'"'}, raw, []byte{'"'}), &s) != nil {
		return string(raw)
	}
	return s
}

// path returns where the scanner is: features[0].min; "" = the top.
func (s *scanner) path() string {
	var b strings.Builder
	for i := 1; i <= s.depth; i++ {
		f := s.stack[i]
		switch {
		case f.key == nil:
			b.WriteString("[" + strconv.Itoa(f.index) + "]")
		case b.Len() > 0:
			b.WriteString("." + clip(unquote(f.key), 60))
		default:
			b.WriteString(clip(unquote(f.key), 60))
		}
	}
	return clip(b.String(), 300)
}

// place returns the line and the column, in characters, of an offset; both
// count from 1.
func place(data []byte, offset int) (line, column int) {
	offset = min(max(offset, 0), len(data))
	before := data[:offset]
	start := bytes.LastIndexByte(before, '\n') + 1
	return bytes.Count(before, []byte{'\n'}) + 1, len([]rune(string(before[start:]))) + 1
}

// valueBefore returns start and path of the last value that begins before
// offset.
func valueBefore(data []byte, offset int) (int, string) {
	at := 0
	first := scanner{data: data, onValue: func(start int) bool {
		if start >= offset {
			return true
		}
		at = start
		return false
	}}
	first.scan()
	second := scanner{data: data, onValue: func(start int) bool { return start == at }}
	second.scan()
	return at, second.path()
}

// unknownMember finds the first member called name that t, the type decoded
// into, does not know there. It returns its offset, its path and the names that
// are accepted in its place.
func unknownMember(data []byte, name string, t reflect.Type) (offset int, path string, accepted []string) {
	var s scanner
	s = scanner{data: data, onKey: func(key []byte) bool {
		if unquote(key) != name {
			return false
		}
		parent := typeAt(t, s.stack[1:s.depth])
		if parent == nil || parent.Kind() != reflect.Struct {
			return false
		}
		accepted = fieldNames(parent)
		return !slices.ContainsFunc(accepted, func(f string) bool { return strings.EqualFold(f, name) })
	}}
	s.scan()
	return s.pos, s.path(), accepted
}

// typeAt follows a path through t; nil when it leads nowhere.
func typeAt(t reflect.Type, path []frame) reflect.Type {
	for _, f := range path {
		t = deref(t)
		switch {
		case t.Kind() == reflect.Slice || t.Kind() == reflect.Array || t.Kind() == reflect.Map:
			t = t.Elem()
		case t.Kind() == reflect.Struct:
			if t = memberType(t, unquote(f.key)); t == nil {
				return nil
			}
		default:
			return nil
		}
	}
	return deref(t)
}

func deref(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

func memberType(t reflect.Type, name string) reflect.Type {
	for _, f := range reflect.VisibleFields(t) {
		if n := jsonName(f); n != "" && strings.EqualFold(n, name) {
			return f.Type
		}
	}
	return nil
}

// fieldNames returns the names under which t's fields stand in JSON.
func fieldNames(t reflect.Type) []string {
	var all []string
	for _, f := range reflect.VisibleFields(t) {
		if n := jsonName(f); n != "" && !slices.Contains(all, n) {
			all = append(all, n)
		}
	}
	return all
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if !f.IsExported() || name == "-" || f.Anonymous && name == "" {
		return ""
	}
	if name == "" {
		return f.Name
	}
	return name
}

// kindWord says in plain words what JSON a Go type takes.
func kindWord(t reflect.Type) string {
	switch deref(t).Kind() {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return fmt.Sprintf("a whole number of %d bits", deref(t).Bits())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return fmt.Sprintf("a whole number, not below 0, of %d bits", deref(t).Bits())
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Slice, reflect.Array:
		return "a list"
	}
	return "an object"
}
