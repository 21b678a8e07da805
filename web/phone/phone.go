// Package phone is the page that a one-time link opens on a phone: it gives the
// phone its own key and says, app by app, what to do with it.
package phone

import (
	"errors"
	"html/template"
	"net/http"
	"strings"

	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/wire"
)

// Options is what the page depends on.
type Options struct {
	Hub      *hub.Hub
	Language func(*http.Request) string // "en" or "fr"
}

// pages is what the handlers share.
type pages struct {
	Options
	text map[string]*template.Template // by language
}

// Routes returns the routes of the page; none in a build without pages. The code
// in the address is the credential, so no other right is asked for; a wrong one
// costs a visitor's rate like any other request.
func Routes(o Options) ([]wire.Route, error) {
	p := &pages{Options: o, text: map[string]*template.Template{}}
	for _, language := range []string{"en", "fr"} {
		b := read("phone." + language + ".html")
		if b == nil {
			return nil, nil
		}
		t, err := template.New(language).Funcs(template.FuncMap{"args": newField}).Parse(string(b))
		if err != nil {
			return nil, err
		}
		p.text[language] = t
	}
	const path, sample = "/pair/{code}", "/pair/lk_rst_000000000000000000000000000000000000"
	route := func(method, behind, name string, h wire.Handler) wire.Route {
		return wire.Route{Method: method, Path: path + behind, Name: "phone." + name, Sample: sample + behind, URLSecret: "code", Right: home.Anyone, Class: wire.Read, Handler: h}
	}
	take := route(http.MethodPost, "", "take", p.take)
	take.Class = wire.Control
	return []wire.Route{
		route(http.MethodGet, "", "page", p.show),
		take,
		route(http.MethodGet, "/light", "light", p.light),
		route(http.MethodGet, "/latchkey.otrc", "owntracks", p.file("application/json", ownTracksFile)),
		route(http.MethodGet, "/arrive.tsk.xml", "arrive", p.file("text/xml; charset=utf-8", arriveTask)),
		route(http.MethodGet, "/leave.tsk.xml", "leave", p.file("text/xml; charset=utf-8", leaveTask)),
	}, nil
}

// show answers with what a link is good for now. It changes nothing: programs
// that look at a link before a person opens it do not use it up.
func (p *pages) show(w http.ResponseWriter, r *http.Request) error {
	v, err := p.Hub.Pairing(r.Context(), r.PathValue("code"), kept(r))
	if err != nil {
		return p.over(w, r, err)
	}
	if v.OpenedAt == 0 && kept(r) == "" {
		p.keep(w, r, untaken, &v)
	}
	return p.page(w, r, http.StatusOK, v)
}

// take gives the phone its key. A browser that keeps cookies comes back to the
// page by a GET, which it may reload; any other gets the page at once.
func (p *pages) take(w http.ResponseWriter, r *http.Request) error {
	code := r.PathValue("code")
	v, err := p.Hub.OpenPairing(r.Context(), code, wire.RemoteIP(r).String())
	if home.AsError(err) != nil && home.AsError(err).Reason == "pairing_used" {
		v, err = p.Hub.Pairing(r.Context(), code, kept(r)) // the same browser once more
		if err == nil && v.Secret == "" {
			return p.page(w, r, http.StatusConflict, v)
		}
	}
	if err != nil {
		return p.over(w, r, err)
	}
	if kept(r) == "" {
		return p.page(w, r, http.StatusOK, v)
	}
	p.keep(w, r, v.Secret, &v)
	w.Header().Set("Location", r.URL.Path+languageQuery(r))
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

func languageQuery(r *http.Request) string {
	switch r.URL.Query().Get("lang") {
	case "fr":
		return "?lang=fr"
	case "en":
		return "?lang=en"
	}
	return ""
}

// over answers a link that is good for nothing with a page that says so, and
// leaves other failures to the dialect.
func (p *pages) over(w http.ResponseWriter, r *http.Request, err error) error {
	e, ok := errors.AsType[*home.Error](err)
	if !ok || !strings.HasPrefix(e.Reason, "pairing_") {
		return err
	}
	return p.write(w, r, shown{wire.StatusOf(e), "over", nil})
}

// light says whether the phone has been heard, for the page's script. It needs
// the code and tells no position.
func (p *pages) light(w http.ResponseWriter, r *http.Request) error {
	v, err := p.Hub.Pairing(r.Context(), r.PathValue("code"), "")
	if err != nil {
		return err
	}
	return wire.WriteJSON(w, http.StatusOK, lightOf(&v))
}

// file answers with a file that holds the key, for the browser that took it.
func (p *pages) file(kind string, make func(*setup) ([]byte, error)) wire.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		v, err := p.Hub.Pairing(r.Context(), r.PathValue("code"), kept(r))
		if err != nil {
			return err
		}
		s, err := setupFor(r, &v)
		if err != nil {
			return err
		}
		if v.Secret == "" {
			return home.Errorf(home.Forbidden, "this file holds the phone's key; only the browser that took the link can load it, while the link lasts").Because("pairing_used")
		}
		b, err := make(s)
		if err != nil {
			return err
		}
		name := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
		_, _ = w.Write(b) // the browser is gone; nobody is left to tell
		return nil
	}
}
