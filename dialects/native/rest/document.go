package rest

import (
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"latchkey/home"
	"latchkey/internal/wire"
)

// About is what the document says of the whole API.
type About struct {
	Title, Version, Doc string
	Tags                []Tag
}

// Tag is a group of operations.
type Tag struct {
	Name, Doc string
	Title     home.Label
}

// Document describes the operations as OpenAPI 3.1.
func (s *Service) Document(a About, operations []Operation) *huma.OpenAPI {
	schemas := newSchemas()
	doc := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info:    &huma.Info{Title: a.Title, Version: a.Version, Description: a.Doc},
		Servers: []*huma.Server{{URL: s.Prefix}},
		Components: &huma.Components{Schemas: schemas, SecuritySchemes: map[string]*huma.SecurityScheme{
			"key": {Type: "http", Scheme: "bearer", Description: "A session token or a key: Authorization: Bearer lk_..."}}},
		Paths: map[string]*huma.PathItem{},
	}
	for _, t := range a.Tags {
		doc.Tags = append(doc.Tags, &huma.Tag{Name: t.Name, Description: t.Doc, Extensions: map[string]any{"x-title-fr": t.Title.FR, "x-title-en": t.Title.EN}})
	}
	inputs := map[string]bool{}
	for i := range operations {
		o := &operations[i]
		doc.AddOperation(o.describe(schemas))
		if o.in.body != nil && len(o.Takes) == 0 {
			noteInputs(schemas, schemas.Schema(o.in.body.Type, true, o.Name+"_body"), inputs)
		}
	}
	finishSchemas(schemas, inputs)
	return doc
}

// tail is a wildcard that takes the rest of a path.
var tail = regexp.MustCompile(`\{(\w+)\.\.\.\}`)

func (o *Operation) describe(schemas huma.Registry) *huma.Operation {
	op := &huma.Operation{
		Method: o.Method, Path: tail.ReplaceAllString(o.Path, "{$1}"), OperationID: o.Name, Tags: []string{o.Tag},
		Summary: o.Title.EN, Description: o.Doc, Responses: map[string]*huma.Response{},
		Extensions: map[string]any{"x-right": string(o.Right), "x-summary-fr": o.Title.FR},
	}
	if o.Right == home.Anyone {
		op.Security = []map[string][]string{}
		op.Extensions["security"] = []any{}
	} else {
		op.Security = []map[string][]string{{"key": {}}}
	}
	o.describeInput(op, schemas)
	o.describeAnswers(op, schemas)
	return op
}

func (o *Operation) describeInput(op *huma.Operation, schemas huma.Registry) {
	for i := range o.in.fields {
		p := &o.in.fields[i]
		f := p.field
		op.Parameters = append(op.Parameters, &huma.Param{Name: p.name, In: p.in, Required: p.required, Description: f.Tag.Get("doc"),
			Schema: p.schema(schemas)})
	}
	if o.Right != home.Anyone && o.HouseIn == "" && !o.Anonymous {
		op.Parameters = append(op.Parameters, &huma.Param{Name: "house", In: "query", Schema: &huma.Schema{Type: huma.TypeString},
			Description: "The id of the house asked for; without it, the key's own or the account's first."})
	}
	header := func(name, doc string) {
		op.Parameters = append(op.Parameters, &huma.Param{Name: name, In: "header", Description: doc, Schema: &huma.Schema{Type: huma.TypeString}})
	}
	if o.Acts {
		header("Idempotency-Key", "Any text of your own: the same request with the same key acts once; the answer is kept for 24 hours.")
	}
	if o.Versioned {
		header("If-Match", "The ETag that the change is made on; 412 when it is no longer the current one.")
	}
	if o.tagged && o.Method == http.MethodGet {
		header("If-None-Match", "An ETag that you have; 304 when it is still the current one.")
	}
	if o.in.body == nil {
		return
	}
	op.RequestBody = &huma.RequestBody{Required: !o.in.bodyOptional, Content: map[string]*huma.MediaType{}}
	for _, t := range o.Takes {
		op.RequestBody.Content[t] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	}
	if len(o.Takes) == 0 {
		op.RequestBody.Content["application/json"] = &huma.MediaType{Schema: schemas.Schema(o.in.body.Type, true, o.Name+"_body"), Example: example(o.in.body)}
	}
}

// example is the body's example as it stands in its tag.
func example(f *reflect.StructField) any {
	if s := f.Tag.Get("example"); s != "" {
		return rawExample(s)
	}
	return nil
}

func (o *Operation) describeAnswers(op *huma.Operation, schemas huma.Registry) {
	ok := &huma.Response{Description: http.StatusText(o.Status), Content: map[string]*huma.MediaType{}}
	for _, t := range o.Gives {
		ok.Content[t] = &huma.MediaType{Schema: &huma.Schema{}}
	}
	if o.out != nil {
		ok.Content["application/json"] = &huma.MediaType{Schema: schemas.Schema(o.out, true, o.Name+"_answer")}
	}
	if o.tagged {
		ok.Headers = map[string]*huma.Param{"ETag": {Description: "The version, quoted.", Schema: &huma.Schema{Type: huma.TypeString}}}
		if o.Method == http.MethodGet {
			op.Responses["304"] = &huma.Response{Description: "What you have is current."}
		}
	}
	if len(ok.Content) == 0 {
		ok.Content = nil
	}
	op.Responses[strconv.Itoa(o.Status)] = ok
	problem := map[string]*huma.MediaType{"application/problem+json": {Schema: schemas.Schema(reflect.TypeFor[wire.Problem](), true, "Problem")}}
	for _, status := range o.failures() {
		op.Responses[strconv.Itoa(status)] = &huma.Response{Description: http.StatusText(status), Content: problem}
	}
	op.Responses["default"] = &huma.Response{Description: "Any other failure", Content: problem}
}

// failures lists the statuses that a caller has to expect.
func (o *Operation) failures() []int {
	list := []int{}
	add := func(when bool, statuses ...int) {
		if when {
			list = append(list, statuses...)
		}
	}
	add(o.in.body != nil || len(o.in.fields) > 0, http.StatusBadRequest)
	add(o.Right != home.Anyone, http.StatusUnauthorized)
	add(o.Right != home.Anyone && o.Right != home.Signed, http.StatusForbidden)
	add(o.Right != home.Anyone, http.StatusNotFound)
	add(o.Versioned, http.StatusPreconditionFailed)
	add(o.in.body != nil, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity)
	return list
}

// String names the operation as messages call it.
func (o *Operation) String() string { return fmt.Sprintf("%s %s", o.Method, o.Path) }
