package docs

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
)

// document is what the page shows of an OpenAPI document.
type document struct {
	Info struct {
		Title, Version, Description string
	} `json:"info"`
	Tags []struct {
		Name, Description string
		EN                string `json:"x-title-en"`
		FR                string `json:"x-title-fr"`
	} `json:"tags"`
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		Schemas map[string]*schema `json:"schemas"`
	} `json:"components"`
}

type operation struct {
	ID          string              `json:"operationId"`
	Summary     string              `json:"summary"`
	SummaryFR   string              `json:"x-summary-fr"`
	Description string              `json:"description"`
	Right       string              `json:"x-right"`
	Tags        []string            `json:"tags"`
	Parameters  []parameter         `json:"parameters"`
	Body        *body               `json:"requestBody"`
	Responses   map[string]response `json:"responses"`
	method      string
	path        string
}

type parameter struct {
	Name, In, Description string
	Required              bool
	Schema                *schema
}

type body struct {
	Required bool             `json:"required"`
	Content  map[string]media `json:"content"`
}

type response struct {
	Description string           `json:"description"`
	Content     map[string]media `json:"content"`
}

type media struct {
	Schema  *schema         `json:"schema"`
	Example json.RawMessage `json:"example"`
}

type schema struct {
	Ref         string             `json:"$ref"`
	Type        any                `json:"type"`
	Format      string             `json:"format"`
	Description string             `json:"description"`
	Properties  map[string]*schema `json:"properties"`
	Required    []string           `json:"required"`
	Items       *schema            `json:"items"`
	OneOf       []*schema          `json:"oneOf"`
	Enum        []any              `json:"enum"`
	Examples    []any              `json:"examples"`
	Default     any                `json:"default"`
}

func read(openAPI []byte) (*document, error) {
	d := new(document)
	err := json.Unmarshal(openAPI, d)
	return d, err
}

// methods is the order of a path's operations.
func methods() []string { return []string{"get", "post", "put", "patch", "delete"} }

// group returns the operations of a tag, by path and method.
func (d *document) group(tag string) []operation {
	var out []operation
	for path, item := range d.Paths {
		for method, o := range item {
			if slices.Contains(o.Tags, tag) {
				o.method, o.path = method, path
				out = append(out, o)
			}
		}
	}
	slices.SortFunc(out, func(a, b operation) int {
		return cmp.Or(strings.Compare(a.path, b.path), cmp.Compare(slices.Index(methods(), a.method), slices.Index(methods(), b.method)))
	})
	return out
}

// resolve follows a reference.
func (d *document) resolve(s *schema) *schema {
	if s != nil && s.Ref != "" {
		return d.Components.Schemas[refName(s.Ref)]
	}
	return s
}

func refName(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }

// word names a schema's type in a word or two.
func (s *schema) word() string {
	switch {
	case s == nil:
		return "any"
	case s.Ref != "":
		return refName(s.Ref)
	case s.Items != nil:
		return s.Items.word() + "[]"
	case len(s.OneOf) > 0:
		words := []string{}
		for _, o := range s.OneOf {
			words = append(words, o.word())
		}
		return strings.Join(words, " | ")
	}
	t := typeWord(s.Type)
	if s.Format == "date-time" {
		t = strings.Replace(t, "string", "moment", 1)
	}
	return t
}

func typeWord(t any) string {
	switch v := t.(type) {
	case string:
		return v
	case []any:
		words := []string{}
		for _, w := range v {
			if s, ok := w.(string); ok {
				words = append(words, s)
			}
		}
		return strings.Join(words, " | ")
	}
	return "any"
}

// sample makes an example value of a schema: what is required, and no more.
func (d *document) sample(s *schema, depth int) any {
	if s = d.resolve(s); s == nil || depth > 4 {
		return nil
	}
	switch {
	case len(s.Examples) > 0:
		return s.Examples[0]
	case len(s.Enum) > 0:
		return s.Enum[0]
	case len(s.OneOf) > 0:
		return d.sample(s.OneOf[0], depth+1)
	case s.Items != nil:
		return []any{d.sample(s.Items, depth+1)}
	}
	switch word, _, _ := strings.Cut(typeWord(s.Type), " "); word {
	case "object":
		out := members{}
		for _, name := range sortedNames(s) {
			if slices.Contains(s.Required, name) {
				out = append(out, member{name, d.sample(s.Properties[name], depth+1)})
			}
		}
		return out
	case "number", "integer":
		return 1
	case "boolean":
		return true
	}
	return "..."
}

// sortedNames lists an object's members, the required ones first.
func sortedNames(s *schema) []string {
	names := make([]string, 0, len(s.Properties))
	for name := range s.Properties {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		ra, rb := slices.Contains(s.Required, a), slices.Contains(s.Required, b)
		if ra != rb {
			if ra {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	return names
}

// members is an object that keeps its order.
type members []member

type member struct {
	name  string
	value any
}

// MarshalJSON implements json.Marshaler.
func (m members) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, one := range m {
		if i > 0 {
			out = append(out, ", "...)
		}
		name, err := json.Marshal(one.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(one.value)
		if err != nil {
			return nil, err
		}
		out = append(append(append(out, name...), ": "...), value...)
	}
	return append(out, '}'), nil
}
