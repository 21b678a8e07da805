package rest

import (
	"encoding/json"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"latchkey/home"
)

// The forms of words of home that do not follow from their Go types.
type (
	momentForm  struct{}
	idForm      struct{}
	everyForm   struct{}
	triggerForm struct{}
	dataForm    struct{}
	valueForm   struct{}
)

// Schema implements huma.SchemaProvider.
func (momentForm) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time", Nullable: true, Examples: []any{"2026-03-29T07:00:00.000Z"}}
}

// Schema implements huma.SchemaProvider.
func (idForm) Schema(huma.Registry) *huma.Schema { return &huma.Schema{Type: huma.TypeString} }

// Schema implements huma.SchemaProvider.
func (everyForm) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Pattern: `^[0-9]+(s|m|h|d|w|mo|y)$`, Examples: []any{"15m", "1h", "1d"}}
}

// Schema implements huma.SchemaProvider.
func (triggerForm) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, Required: []string{"type"}, AdditionalProperties: true,
		Properties: map[string]*huma.Schema{"type": {Type: huma.TypeString, Description: "see GET /kinds"}}}
}

// Schema implements huma.SchemaProvider.
func (dataForm) Schema(huma.Registry) *huma.Schema { return &huma.Schema{} }

// Schema implements huma.SchemaProvider.
func (valueForm) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{{Type: huma.TypeNumber}, {Type: huma.TypeString}, {Type: huma.TypeBoolean}}}
}

func newSchemas() huma.Registry {
	r := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	r.RegisterTypeAlias(reflect.TypeFor[home.Time](), reflect.TypeFor[momentForm]())
	r.RegisterTypeAlias(reflect.TypeFor[home.ID](), reflect.TypeFor[idForm]())
	r.RegisterTypeAlias(reflect.TypeFor[home.Every](), reflect.TypeFor[everyForm]())
	r.RegisterTypeAlias(reflect.TypeFor[home.Trigger](), reflect.TypeFor[triggerForm]())
	r.RegisterTypeAlias(reflect.TypeFor[home.Value](), reflect.TypeFor[valueForm]())
	r.RegisterTypeAlias(reflect.TypeFor[json.RawMessage](), reflect.TypeFor[dataForm]())
	return r
}

// noteInputs marks the schemas that request bodies reach.
func noteInputs(r huma.Registry, s *huma.Schema, seen map[string]bool) {
	if s == nil {
		return
	}
	if s.Ref != "" {
		name := strings.TrimPrefix(s.Ref, "#/components/schemas/")
		if seen[name] {
			return
		}
		seen[name] = true
		s = r.SchemaFromRef(s.Ref)
	}
	for _, p := range s.Properties {
		noteInputs(r, p, seen)
	}
	noteInputs(r, s.Items, seen)
}

// finishSchemas says what the generator cannot know: lists are never null, and
// an answer may hold more than is described, while a request may not.
func finishSchemas(r huma.Registry, inputs map[string]bool) {
	for name, s := range r.Map() {
		if !inputs[name] && s.AdditionalProperties == false {
			s.AdditionalProperties = nil
		}
		for _, p := range s.Properties {
			if p.Type == huma.TypeArray {
				p.Nullable = false
			}
		}
	}
}

// rawExample decodes an example that stands as JSON in a tag.
func rawExample(s string) any {
	var v any
	if json.Unmarshal([]byte(s), &v) != nil {
		return s
	}
	return v
}

// schema describes a parameter.
func (p *param) schema(r huma.Registry) *huma.Schema {
	s := *r.Schema(p.field.Type, false, p.name)
	s.Nullable, s.Minimum, s.Maximum = false, p.min, p.max
	for _, word := range p.enum {
		s.Enum = append(s.Enum, word)
	}
	if p.fallback != "" {
		s.Default = rawExample(p.fallback)
	}
	return &s
}
