package gladys

import (
	"bytes"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"latchkey/home"
	"latchkey/internal/wire"
)

// keptBody is the largest buffer that goes back into the pool.
const keptBody = 64 << 10

// readBody appends r's body to b.
func readBody(b []byte, r *http.Request) ([]byte, error) {
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Body.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		switch {
		case err == io.EOF:
			return b, nil
		case err != nil:
			return b, err
		}
	}
}

// withBody reads r's body into a pooled buffer and hands it to use, which keeps
// nothing of it.
func (a *api) withBody(r *http.Request, use func([]byte) error) error {
	p := a.bodies.Get().(*[]byte)
	b, err := readBody((*p)[:0], r)
	if err == nil {
		err = use(b)
	}
	if cap(b) <= keptBody {
		*p = b
		a.bodies.Put(p)
	}
	return err
}

// first returns the first byte that is not white space; 0 = none.
func first(b []byte) byte {
	if b = bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), " \t\r\n"); len(b) > 0 {
		return b[0]
	}
	return 0
}

// isForm reports whether the body is a form. curl -d says that it is one
// whatever it sends, so what begins like JSON is taken as JSON.
func isForm(r *http.Request, b []byte) bool {
	return wire.IsForm(r) && first(b) != '{' && first(b) != '['
}

// parseForm reads a form, whose fields stand there once each, as if it were a
// JSON object of texts.
func parseForm(b []byte) (members, error) {
	values, err := wire.ParseForm(b)
	if err != nil {
		return nil, err
	}
	m := make(members, len(values))
	for name, list := range values {
		if len(list) > 1 {
			return nil, home.Errorf(home.Invalid, "the form has the field %.60q more than once", name).Because("form_malformed").At(name, "once is accepted")
		}
		if !utf8.ValidString(name) || !utf8.ValidString(list[0]) {
			return nil, home.Errorf(home.Invalid, "the form is not UTF-8 in the field %.60q", name).Because("form_malformed").At(name, "UTF-8 is accepted")
		}
		m[name] = jsonText(list[0])
	}
	return m, nil
}

// wantType refuses a body that says it is neither JSON nor a form.
func wantType(r *http.Request) error {
	ct := r.Header.Get("Content-Type")
	if ct == "" || ct == "application/json" || wire.IsForm(r) {
		return nil
	}
	if t, _, err := mime.ParseMediaType(ct); err == nil && (t == "application/json" || strings.HasSuffix(t, "+json")) {
		return nil
	}
	return home.Errorf(home.Invalid, "a body of type %.80q is not accepted here; send JSON with Content-Type: application/json, or a form with Content-Type: %s",
		ct, wire.FormType).Because(wire.ReasonMediaType)
}
