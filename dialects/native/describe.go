package native

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"latchkey/dialects/native/docs"
	"latchkey/dialects/native/rest"
	"latchkey/home"
	"latchkey/internal/wire"
)

// about is what the document says of the whole.
func about(version string) rest.About {
	if version == "" {
		version = "dev"
	}
	tag := func(name, en, fr, doc string) rest.Tag {
		return rest.Tag{Name: name, Title: home.Label{EN: en, FR: fr}, Doc: doc}
	}
	return rest.About{
		Title: "Latchkey", Version: version,
		Doc: "The open API of a home. A token or key goes into the header Authorization: Bearer. " +
			"Failures are RFC 9457 problems with a stable code, and the request's id as instance. " +
			"Moments are ISO 8601; ids are opaque texts; another house's ids do not exist (404).",
		Tags: []rest.Tag{
			tag("session", "Set-up and session", "Installation et session", "Begin, sign in, find out who you are."),
			tag("accounts", "Accounts", "Comptes", "People known to this server."),
			tag("houses", "Houses and rooms", "Maisons et pièces", "The place."),
			tag("members", "Members and presence", "Membres et présence", "Who lives here, and who is at home."),
			tag("places", "Zones and positions", "Zones et positions", "Where people are, and what shows that they are at home."),
			tag("keys", "Keys", "Clés", "Credentials for programs, phones and gateways."),
			tag("devices", "Devices and commands", "Appareils et commandes", "Things, their current values, and asking them for others."),
			tag("states", "States and history", "États et historique", "Values on their way in, and what they have been."),
			tag("scenes", "Scenes and runs", "Scènes et exécutions", "What the house does by itself."),
			tag("actions", "Actions", "Actions", "What can be called by name."),
			tag("events", "Log, stream, messages", "Journal, flux, messages", "What happened, in order."),
			tag("api", "This description", "Cette description", ""),
		},
	}
}

// describe returns the routes of the OpenAPI document and of the page made
// from it. They describe themselves too. All of it is made when it is first
// asked for.
func describe(s *rest.Service, version string, operations []rest.Operation) []wire.Route {
	p := &pages{}
	self := p.operations()
	p.made = sync.OnceValues(func() (*description, error) {
		return newDescription(s.Document(about(version), append(append([]rest.Operation{}, operations...), self...)))
	})
	routes := []wire.Route{}
	for _, op := range self {
		routes = append(routes, s.Route(op))
	}
	short := routes[2]
	short.Path, short.Name = "/docs", "native.docs_short"
	return append(routes, short)
}

// description is what is served of the document.
type description struct {
	json, yaml []byte
	site       *docs.Site
}

func newDescription(doc *huma.OpenAPI) (*description, error) {
	d := new(description)
	var err error
	if d.json, err = json.Marshal(doc); err != nil {
		return nil, fmt.Errorf("write the document: %w", err)
	}
	if d.yaml, err = doc.YAML(); err != nil {
		return nil, fmt.Errorf("write the document as YAML: %w", err)
	}
	d.site, err = docs.New(d.json, Prefix)
	return d, err
}

// pages serves the description.
type pages struct {
	made func() (*description, error)
}

// of serves the part of the description that part picks.
func (p *pages) of(media string, part func(*description) []byte) func(*rest.Call) error {
	return func(c *rest.Call) error {
		d, err := p.made()
		if err != nil {
			return err
		}
		return serve(c, media, part(d))
	}
}

func (p *pages) operations() []rest.Operation {
	get := func(path, name, media string, title home.Label, f func(*rest.Call) error) rest.Operation {
		return rest.Raw(rest.Spec{Method: http.MethodGet, Path: path, Name: name, Tag: "api", Right: home.Anyone, Class: wire.Read, Title: title, Gives: []string{media}},
			func(c *rest.Call, _ *struct{}) error { return f(c) })
	}
	return []rest.Operation{
		get("/openapi.json", "openapi_json", "application/json", home.Label{EN: "This description as OpenAPI 3.1, JSON", FR: "Cette description en OpenAPI 3.1, JSON"},
			p.of("application/json", func(d *description) []byte { return d.json })),
		get("/openapi.yaml", "openapi_yaml", "application/yaml", home.Label{EN: "This description as OpenAPI 3.1, YAML", FR: "Cette description en OpenAPI 3.1, YAML"},
			p.of("application/yaml", func(d *description) []byte { return d.yaml })),
		rest.Raw(rest.Spec{Method: http.MethodGet, Path: "/docs", Name: "docs", Tag: "api", Right: home.Anyone, Class: wire.Read, Gives: []string{"text/html"},
			Title: home.Label{EN: "This description as a page", FR: "Cette description en une page"}},
			func(c *rest.Call, in *struct {
				Lang string `query:"lang" enum:"en,fr" doc:"the browser's own when left out"`
			}) error {
				c.Writer.Header().Add("Vary", "Accept-Language")
				return p.of("text/html; charset=utf-8", func(d *description) []byte {
					return d.site.Page(in.Lang, c.Request.Header.Get("Accept-Language"))
				})(c)
			}),
		get("/docs/style.css", "docs_style", "text/css", home.Label{EN: "The page's style", FR: "Le style de la page"},
			func(c *rest.Call) error { return serve(c, "text/css; charset=utf-8", docs.Style()) }),
		get("/docs/page.js", "docs_script", "text/javascript", home.Label{EN: "The page's script", FR: "Le script de la page"},
			func(c *rest.Call) error { return serve(c, "text/javascript; charset=utf-8", docs.Script()) }),
	}
}

func serve(c *rest.Call, media string, body []byte) error {
	h := c.Writer.Header()
	h.Set("Content-Type", media)
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, err := c.Writer.Write(body)
	return err
}
