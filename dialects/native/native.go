// Package native is the house's own API under /api/latchkey/v1: every word of
// the product, the event stream, and a description of itself.
package native

import (
	"slices"

	"latchkey/dialects/native/phones"
	"latchkey/dialects/native/places"
	"latchkey/dialects/native/rest"
	"latchkey/dialects/native/stream"
	"latchkey/hub"
	"latchkey/internal/wire"
)

// Prefix is where the API lives.
const Prefix = "/api/latchkey/v1"

// Options are the choices of New. The zero value works.
type Options struct {
	Version string   // of the program, for the document
	Origins []string // web origins, besides the server's own, whose pages may open the event socket
}

// api is what the operations share.
type api struct {
	hub     *hub.Hub
	origins []string
	stream  *stream.Server
}

// New returns the native API over h. It fails when the operations contradict
// each other.
func New(h *hub.Hub, o Options) (wire.Dialect, error) {
	a := &api{hub: h, origins: o.Origins, stream: stream.New()}
	service := &rest.Service{Hub: h, Prefix: Prefix}
	operations := a.operations()
	d := wire.Dialect{Name: "native", Prefixes: []string{Prefix, "/docs"}}
	for _, op := range operations {
		d.Routes = append(d.Routes, service.Route(op))
	}
	d.Routes = append(d.Routes, describe(service, o.Version, operations)...)
	return d, wire.Check([]wire.Dialect{d})
}

// operations lists every operation in the order of the documentation.
func (a *api) operations() []rest.Operation {
	return slices.Concat(
		a.setups(), a.sessions(), a.accounts(),
		a.houses(), a.rooms(), a.members(), a.presences(), places.Operations(a.hub), a.keys(), phones.Operations(a.hub),
		a.devices(), a.states(), a.exports(), a.commands(),
		a.scenes(), a.runs(), a.actions(),
		a.events(), a.streams(), a.messages(), a.requests(), a.audits(),
	)
}
