// Package decode reads JSON from outside: bounded, strict, and with errors that
// help whoever wrote it.
package decode

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"

	"latchkey/home"
)

// Options are the choices of JSON. The zero value takes
// application/json and +json types, or no type at all, and a value that must be
// there.
type Options struct {
	// Types are further media types that a request's body may say it is; "*" = any.
	Types   []string
	Known   bool // refuse members that the Go type does not have
	Unique  bool // refuse an object with a name twice, whatever its case
	Numbers bool // keep numbers as json.Number where the Go type is any
	Empty   bool // an empty body leaves the value as it is
}

// JSON decodes data into v, within limits that are stricter than encoding/json's,
// and keeps nothing of data. Errors are *home.Error with code Invalid and reason
// json_malformed, json_type or json_unknown_field; they say line, column, path and
// what is accepted there. What v's own UnmarshalJSON returns as *home.Error is
// passed on.
func JSON(data []byte, v any, o Options) error {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if len(bytes.TrimSpace(data)) == 0 {
		if o.Empty {
			return nil
		}
		return home.Errorf(home.Invalid, "the body is empty; a JSON value has to be there").Because("json_malformed")
	}
	s := scanner{data: data, unique: o.Unique}
	if !s.scan() {
		line, column := place(data, s.pos)
		path := s.path()
		return home.Errorf(home.Invalid, "the JSON is wrong in line %d, column %d%s: %s", line, column, in(path), s.wrong).
			Because("json_malformed").At(path, "%s", s.wrong)
	}
	if !o.Known && !o.Numbers {
		return jsonError(data, v, json.Unmarshal(data, v))
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if o.Known {
		d.DisallowUnknownFields()
	}
	if o.Numbers {
		d.UseNumber()
	}
	return jsonError(data, v, d.Decode(v))
}

// jsonError says in our words what encoding/json found.
func jsonError(data []byte, v any, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*home.Error](err); ok {
		return e
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		at, path := valueBefore(data, int(e.Offset))
		line, column := place(data, at)
		want := kindWord(e.Type)
		return home.Errorf(home.Invalid, "%s has to stand in line %d, column %d%s, not %s", want, line, column, in(path), found(e.Value)).
			Because("json_type").At(path, "%s is accepted here, not %s", want, found(e.Value))
	}
	if quoted, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return unknownField(data, strings.Trim(quoted, `"`), v)
	}
	e := home.Errorf(home.Invalid, "the JSON does not have the form that is accepted here").Because("json_type")
	e.Cause = err
	return e
}

func unknownField(data []byte, name string, v any) error {
	at, path, accepted := unknownMember(data, name, reflect.TypeOf(v))
	line, column := place(data, at)
	e := home.Errorf(home.Invalid, "%.60q in line %d, column %d is not a name that is known there; accepted: %s", name, line, column, strings.Join(accepted, ", "))
	if len(accepted) == 0 {
		e = home.Errorf(home.Invalid, "%.60q is not a name that is known there", name)
	}
	return e.Because("json_unknown_field").At(path, "unknown name; accepted: %s", strings.Join(accepted, ", "))
}

// found says what was given, without its value: "number 1e999" becomes a number.
func found(value string) string {
	switch word, _, _ := strings.Cut(value, " "); word {
	case "string":
		return "a text"
	case "number":
		return "this number"
	case "bool":
		return "true or false"
	case "array":
		return "a list"
	case "object":
		return "an object"
	}
	return "this"
}

func in(path string) string {
	if path == "" {
		return ""
	}
	return " (" + path + ")"
}

// clip shortens s to n bytes, at a whole character.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "..."
}
