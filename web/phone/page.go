package phone

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
	"strings"

	"latchkey/hub"
	"latchkey/internal/qr"
	"latchkey/internal/wire"
)

// page is what the templates see.
type page struct {
	*setup
	Code     string
	Owner    string
	KeyHint  string
	Minutes  int           // left
	Secure   bool          // asked for by https
	Loopback bool          // asked for by an address that no phone reaches
	Files    bool          // the browser keeps what it needs to load files with the key
	QR       template.HTML // before the link is taken
	Light    signal
}

// field is one text to copy.
type field struct{ ID, Label, Text string }

func newField(id, label, text string) field { return field{id, label, text} }

// At writes when the light came on, in a form that a script may put into the
// phone's own time.
func (p *page) At() string { return p.Light.At.Std().UTC().Format("15:04:05 UTC") }

// page answers with the link's page: before it is taken, for the browser that
// took it, or for any other.
func (p *pages) page(w http.ResponseWriter, r *http.Request, status int, v hub.PairingView) error {
	s, err := setupFor(r, &v)
	if err != nil {
		return err
	}
	code := r.PathValue("code")
	out := &page{setup: s, Code: code, Owner: v.Owner, KeyHint: v.Hint, Minutes: int(v.Expires.Sub(p.Hub.Now()).Minutes()) + 1,
		Secure: strings.HasPrefix(s.Base, "https:"), Loopback: wire.LoopbackOrigin(s.Base), Files: v.Secret != "" && kept(r) == v.Secret, Light: lightOf(&v)}
	switch {
	case v.OpenedAt != 0 && v.Secret == "":
		return p.write(w, r, shown{status, "taken", out})
	case v.OpenedAt != 0:
		return p.write(w, r, shown{status, "ready", out})
	}
	picture, err := qr.SVG(s.Base + "/pair/" + code)
	if err != nil {
		return err
	}
	out.QR = template.HTML(picture) // drawn by us, of squares
	return p.write(w, r, shown{status, "begin", out})
}

// shown is one of the templates with what it shows.
type shown struct {
	status int
	name   string
	page   *page
}

// write answers with a page in the reader's language.
func (p *pages) write(w http.ResponseWriter, r *http.Request, s shown) error {
	var b bytes.Buffer
	if err := p.text[p.Language(r)].ExecuteTemplate(&b, s.name, s.page); err != nil {
		return fmt.Errorf("write the page %s: %w", s.name, err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Add("Vary", "Accept-Language")
	h.Add("Vary", "Cookie")
	w.WriteHeader(s.status)
	_, _ = w.Write(b.Bytes()) // the browser is gone; nobody is left to tell
	return nil
}
