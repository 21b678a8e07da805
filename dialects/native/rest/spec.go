package rest

import (
	"net/http"
	"reflect"

	"latchkey/home"
	"latchkey/internal/wire"
)

// Spec is what is said about an operation before its function runs.
type Spec struct {
	Method string
	Path   string // below the service's prefix: /rooms/{id}
	Name   string // operationId, unique: list_rooms
	Tag    string // the group in the documentation
	Title  home.Label
	Doc    string // what to know before calling it; may be empty
	Right  home.Verb
	Kinds  []home.KeyKind // credentials taken; nil = any
	Class  wire.Class
	Body   int64 // largest body; 0 = wire.Body when the input has one
	Status int   // of success; 0 = 200, or 204 for None
	Sample string
	// HouseIn is the path wildcard that names the house asked for; "" = ?house=
	// or the key's own.
	HouseIn string
	// Acts says that Idempotency-Key is honoured.
	Acts bool
	// Secret says that the answer holds a secret, which is not kept for a replay.
	Secret bool
	// Versioned says that If-Match is honoured.
	Versioned bool
	// Stream says that the answer may go on for ever.
	Stream bool
	// Takes are the media types of a body that the function reads by itself.
	Takes []string
	// Gives are the media types of an answer that the function writes by itself.
	Gives []string
	// Anonymous says that the function finds out by itself who asks.
	Anonymous bool
}

// None is the output of an operation that answers with nothing: 204.
type None struct{}

// Tagged is an output that is one version of one record. Tag returns its ETag
// without quotes: the version, and after a dot what else tells it apart.
type Tagged interface{ Tag() string }

// Paged is an output that may go on. Next returns the cursor of the next page,
// "" at the end.
type Paged interface{ Next() string }

// Operation is one documented call.
type Operation struct {
	Spec
	in     *input
	out    reflect.Type // nil for a raw operation and for None
	tagged bool
	run    func(*Call, reflect.Value) (any, error)
}

// Op makes an operation of f. In is a struct whose fields have a path or query
// tag, or are called Body.
func Op[In, Out any](s Spec, f func(*Call, *In) (Out, error)) Operation {
	o := Operation{Spec: s, in: inputOf(reflect.TypeFor[In]()), run: func(c *Call, in reflect.Value) (any, error) {
		return f(c, in.Interface().(*In))
	}}
	if t := reflect.TypeFor[Out](); t != reflect.TypeFor[None]() {
		o.out = t
		o.tagged = t.Implements(reflect.TypeFor[Tagged]())
	}
	o.settle()
	return o
}

// Raw makes an operation that writes its own answer.
func Raw[In any](s Spec, f func(*Call, *In) error) Operation {
	o := Operation{Spec: s, in: inputOf(reflect.TypeFor[In]()), run: func(c *Call, in reflect.Value) (any, error) {
		return nil, f(c, in.Interface().(*In))
	}}
	o.settle()
	return o
}

// settle fills in what follows from the rest.
func (o *Operation) settle() {
	if o.Body == 0 && o.in.body != nil {
		o.Body = wire.Body
	}
	switch {
	case o.Status != 0:
	case o.out == nil && len(o.Gives) == 0:
		o.Status = http.StatusNoContent
	default:
		o.Status = http.StatusOK
	}
}

// Route returns o as wire mounts it.
func (s *Service) Route(o Operation) wire.Route {
	sample := o.Sample
	if sample != "" {
		sample = s.Prefix + sample
	}
	rt := wire.Route{Method: o.Method, Path: s.Prefix + o.Path, Name: "native." + o.Name, Right: o.Right, Kinds: o.Kinds,
		Carry: wire.Bearer, Body: o.Body, Class: o.Class, Stream: o.Stream, Sample: sample}
	rt.Handler = func(w http.ResponseWriter, r *http.Request) error { return s.serve(&o, w, r) }
	return rt
}
