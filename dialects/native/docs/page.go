package docs

import (
	"bytes"
	_ "embed" // the page's template, style and script
	"fmt"
	"html/template"
	"slices"
	"strings"
)

//go:embed page.html
var pageHTML string

//go:embed style.css
var styleCSS []byte

//go:embed page.js
var pageJS []byte

// Style returns the page's style sheet.
func Style() []byte { return styleCSS }

// Script returns the page's script, which filters the operations as one types.
// The page works without it.
func Script() []byte { return pageJS }

// Site is the page in its languages.
type Site struct{ pages map[string][]byte }

// New makes the page of an OpenAPI document; prefix is where the API lives.
func New(openAPI []byte, prefix string) (*Site, error) {
	d, err := read(openAPI)
	if err != nil {
		return nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}
	t, err := template.New("page").Parse(pageHTML)
	if err != nil {
		return nil, fmt.Errorf("read the page's template: %w", err)
	}
	s := &Site{pages: map[string][]byte{}}
	for _, lang := range []string{"en", "fr"} {
		var b bytes.Buffer
		if err := t.Execute(&b, d.view(lang, prefix)); err != nil {
			return nil, fmt.Errorf("make the page: %w", err)
		}
		s.pages[lang] = b.Bytes()
	}
	return s, nil
}

// Page returns the page in a language: the one asked for, else the first of
// the Accept-Language header that there is, else English.
func (s *Site) Page(lang, accepted string) []byte {
	if p, ok := s.pages[lang]; ok {
		return p
	}
	for part := range strings.SplitSeq(accepted, ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		tag, _, _ = strings.Cut(strings.ToLower(tag), "-")
		if p, ok := s.pages[tag]; ok {
			return p
		}
	}
	return s.pages["en"]
}

// view is what the template shows.
type view struct {
	Lang, Other         string
	Title, Version, Doc string
	Prefix              string
	L                   labels
	Groups              []groupView
	Schemas             []schemaView
}

type groupView struct {
	Name, Title, Doc string
	Operations       []operationView
}

type operationView struct {
	ID, Method, Path, Title, Doc, Right, Curl string
	Parameters                                []rowView
	Body                                      *schemaView
	BodyTypes                                 string
	Answers                                   []answerView
}

type answerView struct{ Status, Doc, Type, Link string }

type schemaView struct {
	Name, Type, Link string
	Rows             []rowView
}

type rowView struct {
	Name, In, Type, Link, Doc string
	Required                  bool
}

func (d *document) view(lang, prefix string) view {
	v := view{Lang: lang, Other: map[string]string{"en": "fr", "fr": "en"}[lang], Title: d.Info.Title, Version: d.Info.Version,
		Doc: d.Info.Description, Prefix: prefix, L: words(lang)}
	for _, t := range d.Tags {
		g := groupView{Name: t.Name, Title: t.EN, Doc: t.Description}
		if lang == "fr" {
			g.Title = t.FR
		}
		for _, o := range d.group(t.Name) {
			g.Operations = append(g.Operations, d.show(&o, lang, prefix))
		}
		v.Groups = append(v.Groups, g)
	}
	names := make([]string, 0, len(d.Components.Schemas))
	for name := range d.Components.Schemas {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		v.Schemas = append(v.Schemas, schemaView{Name: name, Rows: d.rows(d.Components.Schemas[name])})
	}
	return v
}

func (d *document) show(o *operation, lang, prefix string) operationView {
	v := operationView{ID: o.ID, Method: strings.ToUpper(o.method), Path: o.path, Title: o.Summary, Doc: o.Description, Right: o.Right}
	if lang == "fr" {
		v.Title = o.SummaryFR
	}
	for _, p := range o.Parameters {
		doc := p.Description
		if p.Schema != nil && len(p.Schema.Enum) > 0 {
			doc = strings.TrimSpace(doc + " " + join(p.Schema.Enum))
		}
		if p.Schema != nil && p.Schema.Default != nil {
			doc = strings.TrimSpace(fmt.Sprintf("%s (%v)", doc, p.Schema.Default))
		}
		v.Parameters = append(v.Parameters, rowView{Name: p.Name, In: p.In, Type: p.Schema.word(), Doc: doc, Required: p.Required})
	}
	if o.Body != nil {
		types := keys(o.Body.Content)
		v.BodyTypes = strings.Join(types, ", ")
		s := o.Body.Content[types[0]].Schema
		v.Body = &schemaView{Type: s.word(), Rows: d.rows(d.resolve(s))}
		v.Body.Link = link(s)
	}
	for _, status := range keys(o.Responses) {
		r := o.Responses[status]
		a := answerView{Status: status, Doc: r.Description}
		for _, t := range keys(r.Content) {
			if s := r.Content[t].Schema; s != nil && (s.Ref != "" || s.Items != nil || len(s.OneOf) > 0) {
				a.Type, a.Link = s.word(), link(s)
			} else {
				a.Type = t
			}
		}
		v.Answers = append(v.Answers, a)
	}
	v.Curl = d.curl(o, prefix)
	return v
}

func keys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func join(all []any) string {
	words := make([]string, len(all))
	for i, v := range all {
		words[i] = fmt.Sprint(v)
	}
	return strings.Join(words, " | ")
}

// link is the name of the schema that s speaks of, if it has one.
func link(s *schema) string {
	for s != nil && (s.Items != nil || len(s.OneOf) > 0) {
		if s.Items != nil {
			s = s.Items
		} else {
			s = s.OneOf[0]
		}
	}
	if s == nil || s.Ref == "" {
		return ""
	}
	return refName(s.Ref)
}

func (d *document) rows(s *schema) []rowView {
	if s != nil && len(s.OneOf) > 0 {
		s = d.resolve(s.OneOf[0])
	}
	if s == nil {
		return nil
	}
	out := []rowView{}
	for _, name := range sortedNames(s) {
		p := s.Properties[name]
		doc := p.Description
		if len(p.Enum) > 0 {
			doc = strings.TrimSpace(doc + " " + join(p.Enum))
		}
		out = append(out, rowView{Name: name, Type: p.word(), Link: link(p), Doc: doc, Required: slices.Contains(s.Required, name)})
	}
	return out
}
