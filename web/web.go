// Package web is what a browser sees: a set-up page for a new house, and a page
// that says what is running. The pages come from the program itself and ask
// nothing of any other server. A build with the tag noui leaves them out.
package web

import (
	"bytes"
	"html"
	"net/http"
	"path"
	"strconv"
	"strings"

	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/wire"
	"latchkey/web/phone"
)

// Options is what the pages depend on.
type Options struct {
	NeedsSetup func() bool // whether there is no account yet
	Demo       bool        // say on every page that this is the demo
	Kept       func() int  // how many outgoing requests the demo has kept
	Hub        *hub.Hub    // for the page that a phone opens; nil = there is none
}

// Dialect returns the routes of the pages. It fails when a page does not parse.
func Dialect(o Options) (wire.Dialect, error) {
	get := func(path, name, sample string, h wire.Handler) wire.Route {
		return wire.Route{Method: http.MethodGet, Path: path, Name: name, Sample: sample, Right: home.Anyone, Class: wire.Read, Handler: h}
	}
	d := wire.Dialect{Name: "web", Routes: []wire.Route{
		get("/{$}", "web.start", "/", o.start),
		get("/setup", "web.setup", "", o.start),
		get("/page/{file}", "web.file", "/page/style.css", file),
	}}
	if o.Hub == nil {
		return d, nil
	}
	more, err := phone.Routes(phone.Options{Hub: o.Hub, Language: Language})
	d.Routes = append(d.Routes, more...)
	return d, err
}

// start answers with the set-up page while there is no account, and with what
// is running afterwards.
func (o Options) start(w http.ResponseWriter, r *http.Request) error {
	name := "status"
	if o.NeedsSetup() {
		name = "setup"
	}
	page := read(name + "." + Language(r) + ".html")
	if page == nil {
		return plain(w, http.StatusOK, "Latchkey is running. This build has no pages; the API is described at /docs.\n")
	}
	if o.Demo {
		page = bytes.Replace(page, []byte("<!--banner-->"), []byte(`<p class="banner" role="note">`+demoText(Language(r), o.Kept())+`</p>`), 1)
	}
	return send(w, http.StatusOK, page)
}

func demoText(language string, kept int) string {
	if language == "fr" {
		return "D\u00e9monstration : une maison invent\u00e9e, dans son propre dossier. Rien n'est envoy\u00e9 au dehors (requ\u00eates gard\u00e9es ici : " + strconv.Itoa(kept) + ")."
	}
	return "Demo: an invented home, in a folder of its own. Nothing is sent outside (requests kept here: " + strconv.Itoa(kept) + ")."
}

// file answers with a style, script or picture.
func file(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("file")
	types := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
	kind := types[path.Ext(name)]
	b := read(name)
	if kind == "" || b == nil {
		return home.Errorf(home.NotFound, "there is no such file").Because("path_unknown")
	}
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(b) // the browser is gone; nobody is left to tell
	return nil
}

// Recovery writes the page for a person whose data could not be opened.
func Recovery(w http.ResponseWriter, r *http.Request, d *home.Damage) {
	page := read("damage." + Language(r) + ".html")
	if page == nil {
		_ = plain(w, http.StatusServiceUnavailable, d.Reason+": "+d.Message+"\n")
		return
	}
	page = bytes.Replace(page, []byte("<!--reason-->"), []byte(html.EscapeString(d.Reason)), 1)
	page = bytes.Replace(page, []byte("<!--message-->"), []byte(html.EscapeString(d.Message)), 1)
	_ = send(w, http.StatusServiceUnavailable, page)
}

// Asset answers with a style, script or picture outside of a Mount. It reports
// whether there is one at the path of r.
func Asset(w http.ResponseWriter, r *http.Request) bool {
	name, ok := strings.CutPrefix(r.URL.Path, "/page/")
	if !ok || read(name) == nil {
		return false
	}
	r.SetPathValue("file", name)
	return file(w, r) == nil
}

func send(w http.ResponseWriter, status int, page []byte) error {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Vary", "Accept-Language")
	w.WriteHeader(status)
	_, _ = w.Write(page)
	return nil
}

func plain(w http.ResponseWriter, status int, text string) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text))
	return nil
}

// Language returns "fr" or "en": what ?lang= asks for, else what the browser
// would rather have.
func Language(r *http.Request) string {
	switch r.URL.Query().Get("lang") {
	case "fr":
		return "fr"
	case "en":
		return "en"
	}
	for one := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(one), ";")
		switch main, _, _ := strings.Cut(strings.ToLower(tag), "-"); main {
		case "fr", "en":
			return main
		}
	}
	return "en"
}
