package wire

import (
	"net/http"
	"time"

	"latchkey/home"
)

// Handler answers a request, or returns why it could not. A returned error is
// written in the dialect's own shape; after a handler has begun to write, an
// error cuts the connection instead.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Body limits, in bytes.
const (
	StateBody  int64 = 16 << 10  // one report of a phone or a sensor
	HookBody   int64 = 256 << 10 // an incoming hook
	Body       int64 = 1 << 20   // everything else that is JSON or a form
	UploadBody int64 = 64 << 20  // a file; see Route.Body
)

// smallBody is what a route without a body still swallows: some clients send
// an empty object with every request.
const smallBody = StateBody

// Class is what a request is for. Each class has its own room, so that a rush
// of one cannot keep out another.
type Class uint8

// The classes.
const (
	Control Class = iota // commands, scenes, settings
	Ingest               // states, events, locations on their way in
	Read                 // reading one thing or a list
	Export               // whole histories, backups
	classes
)

// String returns the class as a metric calls it.
func (c Class) String() string {
	return [...]string{"control", "ingest", "read", "export", "unknown"}[min(c, classes)]
}

// Route is one method and path of a dialect, with everything that is decided
// about it before its handler runs.
type Route struct {
	Method string // GET answers HEAD too
	Path   string // a ServeMux pattern without method and host: /v1/devices/{id}
	Name   string // unique over all dialects, such as gladys.post_state
	Right  home.Verb
	// Kinds are the credentials that the route takes; nil = any.
	Kinds []home.KeyKind
	// Carry says where a credential may stand; 0 = Usual. See Credential.
	Carry Carrier
	// Body is the largest body in bytes; a larger one is answered with 413. With
	// 0 the handler sees no body: up to 16 KiB are thrown away, more is 413. A
	// route of more than Body (1 MiB) may take 5 minutes to arrive if it keeps
	// coming; any other body has 15 seconds.
	Body  int64
	Class Class
	// Stream says that the answer may go on for ever (WebSocket, server-sent
	// events): no deadlines, and the request's context ends when the server stops.
	Stream bool
	// Wait is how long the handler may take before its answer begins, when that
	// can be more than a few seconds; 0 = the 30 seconds of any answer.
	Wait time.Duration
	// URLSecret is the path wildcard that carries a key. It is redacted wherever
	// the path is shown.
	URLSecret string
	// Sample is a path with example values, for tests that walk all routes. It may
	// be left out when Path has no wildcard.
	Sample  string
	Handler Handler

	dialect *Dialect
	segment int // which path segment URLSecret is; -1 = none
}

// Pattern returns the route as ServeMux writes it: "GET /v1/devices/{id}".
func (rt *Route) Pattern() string { return rt.Method + " " + rt.Path }

// Example returns a path that the route answers.
func (rt *Route) Example() string {
	if rt.Sample == "" {
		return rt.Path
	}
	return rt.Sample
}

// Dialect is one API that the house answers to.
type Dialect struct {
	Name   string
	Routes []Route
	// Fail writes an error in the dialect's own shape; StatusOf gives the status.
	// Nil means WriteProblem.
	Fail func(w http.ResponseWriter, r *http.Request, e *home.Error)
	// Prefixes are the paths that the dialect owns, such as "/v1/api": what is not
	// found there is answered in its shape. The longest prefix wins, and
	// "/v1/api" owns "/v1/api/x" but not "/v1/apis".
	Prefixes []string
	// TrailingSlash says that every path is also answered with a slash behind it.
	TrailingSlash bool
}

func (d *Dialect) fail(w http.ResponseWriter, r *http.Request, e *home.Error) {
	if d == nil || d.Fail == nil {
		WriteProblem(w, r, e)
		return
	}
	d.Fail(w, r, e)
}
