package rest

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"latchkey/home"
)

// input is what an operation takes, read once from its input struct.
type input struct {
	of           reflect.Type
	fields       []param
	body         *reflect.StructField
	bodyOptional bool
}

// param is one path or query parameter.
type param struct {
	field    reflect.StructField
	name, in string
	required bool
	many     bool
	enum     []string
	min, max *float64
	fallback string
}

// inputOf reads an input struct. A struct that cannot be read is a mistake of
// the programmer, found at start.
func inputOf(t reflect.Type) *input {
	in := &input{of: t}
	for _, f := range reflect.VisibleFields(t) {
		if f.Anonymous {
			continue
		}
		if f.Name == "Body" {
			in.body, in.bodyOptional = &f, f.Tag.Get("optional") != ""
			continue
		}
		p := param{field: f, name: f.Tag.Get("query"), in: "query", required: f.Tag.Get("required") == "true",
			many: f.Type.Kind() == reflect.Slice, fallback: f.Tag.Get("default")}
		if path := f.Tag.Get("path"); path != "" {
			p.name, p.in, p.required = path, "path", true
		}
		if p.name == "" {
			panic(fmt.Sprintf("the field %s of %s is no parameter and no body", f.Name, t))
		}
		if enum := f.Tag.Get("enum"); enum != "" {
			p.enum = strings.Split(enum, ",")
		}
		p.min, p.max = bound(f.Tag.Get("minimum")), bound(f.Tag.Get("maximum"))
		in.fields = append(in.fields, p)
	}
	return in
}

func bound(s string) *float64 {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return nil
	}
	return &n
}

// params returns a new input struct with the parameters of r.
func (in *input) params(r *http.Request, house bool) (reflect.Value, error) {
	v := reflect.New(in.of)
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return v, home.Errorf(home.Invalid, "the query of the address is not well-formed").Because("query_malformed")
	}
	if err := in.known(query, house); err != nil {
		return v, err
	}
	for i := range in.fields {
		p := &in.fields[i]
		given := query[p.name]
		if p.in == "path" {
			given = []string{r.PathValue(p.name)}
		}
		if len(given) == 0 && p.fallback != "" {
			given = []string{p.fallback}
		}
		if err := p.take(v.Elem().FieldByIndex(p.field.Index), given); err != nil {
			return v, err
		}
	}
	return v, nil
}

// known refuses query parameters that the operation does not have.
func (in *input) known(query url.Values, house bool) error {
	for name := range query {
		if name == "house" && house || slices.ContainsFunc(in.fields, func(p param) bool { return p.in == "query" && p.name == name }) {
			continue
		}
		accepted := []string{}
		for _, p := range in.fields {
			if p.in == "query" {
				accepted = append(accepted, p.name)
			}
		}
		if house {
			accepted = append(accepted, "house")
		}
		return refuse("query", name, "%.60q is not a parameter here; accepted: %s", name, strings.Join(accepted, ", "))
	}
	return nil
}

func refuse(in, name, format string, args ...any) error {
	e := home.Errorf(home.Invalid, format, args...).Because("parameter_invalid")
	return e.At(in+"."+name, format, args...)
}

// take puts the given texts into the field.
func (p *param) take(field reflect.Value, given []string) error {
	switch {
	case len(given) == 0 && !p.required:
		return nil
	case len(given) == 0 || p.required && given[0] == "":
		return refuse(p.in, p.name, "the parameter %s is needed", p.name)
	case p.many:
		field.Set(reflect.ValueOf(given).Convert(field.Type()))
		return nil
	case len(given) > 1:
		return refuse(p.in, p.name, "the parameter %s stands twice; once is accepted", p.name)
	}
	if problem := p.judge(given[0]); problem != "" {
		e := home.Errorf(home.Invalid, "%s: %s", p.name, problem).Because("parameter_invalid").At(p.in+"."+p.name, "%s", problem)
		e.Fields[0].Value = fmt.Sprintf("%.80s", given[0])
		return e
	}
	p.put(field, given[0])
	return nil
}

// judge says what is wrong with the text, or "".
func (p *param) judge(s string) string {
	if len(p.enum) > 0 && !slices.Contains(p.enum, s) {
		return "accepted are " + strings.Join(p.enum, ", ")
	}
	t := p.field.Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var err error
	switch {
	case t == reflect.TypeFor[home.Time]():
		_, err = home.ParseTime(s)
	case t == reflect.TypeFor[home.Every]():
		_, err = home.ParseEvery(s)
	case t.Kind() == reflect.Bool:
		if s != "true" && s != "false" {
			return "true or false is accepted"
		}
	case t.Kind() == reflect.Int || t.Kind() == reflect.Int64 || t.Kind() == reflect.Uint64:
		return p.judgeNumber(s)
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func (p *param) judgeNumber(s string) string {
	low, high := 0.0, 9e15
	if p.min != nil {
		low = *p.min
	}
	if p.max != nil {
		high = *p.max
	}
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil || float64(n) < low || float64(n) > high {
		return fmt.Sprintf("a whole number from %.0f to %.0f is accepted", low, high)
	}
	return ""
}

// put sets the field; judge has found the text acceptable.
func (p *param) put(field reflect.Value, s string) {
	if field.Kind() == reflect.Pointer {
		field.Set(reflect.New(field.Type().Elem()))
		field = field.Elem()
	}
	switch field.Type() {
	case reflect.TypeFor[home.Time]():
		t, _ := home.ParseTime(s)
		field.SetInt(int64(t))
		return
	case reflect.TypeFor[home.Every]():
		e, _ := home.ParseEvery(s)
		field.Set(reflect.ValueOf(e))
		return
	}
	switch field.Kind() {
	case reflect.Bool:
		field.SetBool(s == "true")
	case reflect.Int, reflect.Int64:
		n, _ := strconv.ParseInt(s, 10, 64)
		field.SetInt(n)
	case reflect.Uint64:
		n, _ := strconv.ParseUint(s, 10, 64)
		field.SetUint(n)
	default:
		field.SetString(s)
	}
}
