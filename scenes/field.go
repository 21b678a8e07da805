package scenes

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"latchkey/home"
)

// maxText is how many bytes a text in settings or arguments may have.
const maxText = 256 << 10

// fieldKinds are the kinds of fields that can be judged.
func fieldKinds() []string {
	return []string{"text", "number", "boolean", "value", "feature", "account", "url", "object", "list"}
}

// checkDescribed refuses a description that nothing could be judged by.
func checkDescribed(d home.Described) error {
	if d.Name == "" {
		return fmt.Errorf("a kind has no name")
	}
	for i, f := range d.Fields {
		if f.Name == "" || !slices.Contains(fieldKinds(), f.Kind) {
			return fmt.Errorf("%s: the field %q has the unknown kind %q", d.Name, f.Name, f.Kind)
		}
		if slices.ContainsFunc(d.Fields[:i], func(o home.Field) bool { return o.Name == f.Name }) {
			return fmt.Errorf("%s: the field %q is listed twice", d.Name, f.Name)
		}
	}
	return nil
}

// Decode judges an object strictly by fields and reads it into v. Missing or
// null is the empty object. It returns Unprocessable with one field error for
// each problem: unknown, double and missing names, wrong kinds, values out of
// range.
func Decode(fields []home.Field, raw json.RawMessage, v any) error {
	var p problems
	p.object("", fields, raw)
	if err := p.err("arguments_refused", "the arguments are not acceptable"); err != nil {
		return err
	}
	if blank(raw) {
		raw = json.RawMessage("{}")
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return home.Errorf(home.Unprocessable, "the arguments do not read: %v", err).Because("arguments_refused")
	}
	return nil
}

func blank(raw json.RawMessage) bool {
	t := bytes.TrimSpace(raw)
	return len(t) == 0 || bytes.Equal(t, []byte("null"))
}

// problems collects what is wrong with a document.
type problems struct {
	fields []home.FieldError
	plain  bool        // something is wrong with the document itself
	other  *home.Error // the document is well, but is not allowed: the first reason
}

func (p *problems) at(path, format string, args ...any) {
	p.plain = true
	p.fields = append(p.fields, home.FieldError{Path: path, Message: fmt.Sprintf(format, args...)})
}

// take adds what err says, its paths put under path.
func (p *problems) take(path string, err error) {
	if err == nil {
		return
	}
	e := home.AsError(err)
	if e.Code == home.Unprocessable || e.Code == home.Invalid {
		p.plain = true
	} else if p.other == nil {
		p.other = e
	}
	if len(e.Fields) == 0 {
		p.fields = append(p.fields, home.FieldError{Path: path, Message: e.Message})
	}
	for _, f := range e.Fields {
		f.Path = join(path, f.Path)
		p.fields = append(p.fields, f)
	}
}

// err returns all problems as one error with that reason. A document that is
// well but not allowed is refused as what forbids it says, such as Conflict.
func (p *problems) err(reason, what string) error {
	if len(p.fields) == 0 {
		return nil
	}
	first := p.fields[0]
	e := &home.Error{Code: home.Unprocessable, Reason: reason, Fields: p.fields,
		Message: fmt.Sprintf("%s: %s: %s", what, first.Path, first.Message)}
	if !p.plain {
		e.Code, e.Reason, e.Cause = p.other.Code, p.other.Reason, p.other.Cause
	}
	return e
}

func join(path, name string) string {
	if path == "" || name == "" || name[0] == '[' {
		return path + name
	}
	return path + "." + name
}

// object judges raw, an object, by fields.
func (p *problems) object(path string, fields []home.Field, raw json.RawMessage) {
	given := map[string]bool{}
	if !blank(raw) && !p.members(path, raw, func(name string, value json.RawMessage) {
		i := slices.IndexFunc(fields, func(f home.Field) bool { return f.Name == name })
		switch {
		case i < 0:
			p.at(join(path, shorten(name)), "there is no such setting; accepted: %s", names(fields))
		case given[name]:
			p.at(join(path, name), "is given twice")
		case !blank(value):
			given[name] = true
			p.value(join(path, name), fields[i], value)
		}
	}) {
		return
	}
	for _, f := range fields {
		if f.Required && !given[f.Name] {
			p.at(join(path, f.Name), "is missing; it is %s", wanted(f))
		}
	}
}

// members visits the members of an object in order; false when raw is none.
func (p *problems) members(path string, raw json.RawMessage, visit func(string, json.RawMessage)) bool {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') || !json.Valid(raw) {
		p.at(path, "is not an object")
		return false
	}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		var value json.RawMessage
		if err != nil || !ok || d.Decode(&value) != nil {
			p.at(path, "is not an object")
			return false
		}
		visit(name, value)
	}
	return true
}

func (p *problems) value(path string, f home.Field, raw json.RawMessage) {
	if problem := judge(f, raw); problem != "" {
		p.at(path, "%s; it is %s", problem, wanted(f))
	}
}

// judge returns what is wrong with a value, or "".
func judge(f home.Field, raw json.RawMessage) string {
	var text string
	isText := raw[0] == '"' && json.Unmarshal(raw, &text) == nil
	switch f.Kind {
	case "text", "feature", "account", "url":
		if !isText {
			return "this is not a text"
		}
		return judgeText(f, text)
	case "value":
		if isText {
			return judgeText(f, text)
		}
		if s := string(raw); s == "true" || s == "false" {
			return ""
		}
		return judgeNumber(f, raw)
	case "number":
		return judgeNumber(f, raw)
	case "boolean":
		if s := string(raw); s != "true" && s != "false" {
			return "this is neither true nor false"
		}
	case "object":
		if raw[0] != '{' {
			return "this is not an object"
		}
	case "list":
		if raw[0] != '[' {
			return "this is not a list"
		}
	}
	return ""
}

func judgeText(f home.Field, s string) string {
	switch {
	case len(f.Enum) > 0 && !slices.Contains(f.Enum, s):
		return fmt.Sprintf("%q is not accepted", shorten(s))
	case f.Required && s == "" && f.Kind != "value":
		return "this is empty"
	case len(s) > maxText:
		return fmt.Sprintf("this has %d bytes, more than %d", len(s), maxText)
	case f.Kind == "text" && f.Max != nil && float64(utf8.RuneCountInString(s)) > *f.Max:
		return fmt.Sprintf("this has %d characters", utf8.RuneCountInString(s))
	case f.Kind == "url" && !address(s):
		return "this is not a full address"
	}
	return ""
}

func judgeNumber(f home.Field, raw json.RawMessage) string {
	var n float64
	if err := json.Unmarshal(raw, &n); err != nil || math.IsInf(n, 0) {
		return "this is not a number"
	}
	if f.Min != nil && n < *f.Min || f.Max != nil && n > *f.Max {
		return fmt.Sprintf("%v is out of range", n)
	}
	return ""
}

func address(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// wanted says what a field takes.
func wanted(f home.Field) string {
	switch {
	case len(f.Enum) > 0:
		return "one of " + strings.Join(f.Enum, " ")
	case f.Kind == "value":
		return "a number or a text"
	case f.Kind == "boolean":
		return "true or false"
	case f.Kind == "object":
		return "an object"
	case f.Kind == "feature":
		return "a feature's external id"
	case f.Kind == "account":
		return "an account: its id, a username, or me"
	case f.Kind == "url":
		return "an address that begins with http:// or https://"
	case f.Min != nil && f.Max != nil:
		return fmt.Sprintf("a %s from %v to %v", f.Kind, *f.Min, *f.Max)
	case f.Kind == "text" && f.Max != nil:
		return fmt.Sprintf("a text of at most %v characters", *f.Max)
	}
	return "a " + f.Kind
}

func names(fields []home.Field) string {
	if len(fields) == 0 {
		return "none"
	}
	var list []string
	for _, f := range fields {
		list = append(list, f.Name)
	}
	return strings.Join(list, ", ")
}

// shorten cuts a text from outside down to what an error shows of it.
func shorten(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "..."
	}
	return s
}
