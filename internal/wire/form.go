package wire

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"

	"latchkey/home"
)

// Limits of a form.
const (
	MaxFormKeys = 1000
	MaxFormKey  = 256 // bytes of one name
)

// FormType is the media type of a form.
const FormType = "application/x-www-form-urlencoded"

// IsForm reports whether r says that its body is a form. The misspelt
// "applications/x-www-form-urlencoded" of old recipes counts.
func IsForm(r *http.Request) bool {
	t, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	t = strings.ToLower(strings.TrimSpace(t))
	return t == FormType || t == "applications/x-www-form-urlencoded"
}

// ReadForm reads r's body, of at most limit bytes, as a form. The address's
// query is not part of it. It returns TooLarge, or Invalid: for another content
// type (415), for more than 1,000 names or one of more than 256 bytes, for what is
// not well-formed.
func ReadForm(r *http.Request, limit int64) (url.Values, error) {
	if r.Header.Get("Content-Type") != "" && !IsForm(r) {
		return nil, home.Errorf(home.Invalid, "a body of type %.80q is not accepted here; send a form with Content-Type: %s", r.Header.Get("Content-Type"), FormType).Because(ReasonMediaType)
	}
	pool := buffersOf(exchangeOf(r.Context()))
	b := pool.get()
	defer pool.put(b)
	if err := readInto(b, r, limit); err != nil {
		return nil, err
	}
	return ParseForm(b.Bytes())
}

// ParseForm is ReadForm for data that is already there.
func ParseForm(data []byte) (url.Values, error) {
	if bytes.Count(data, []byte{'&'}) >= MaxFormKeys {
		return nil, home.Errorf(home.Invalid, "the form has more than %d fields", MaxFormKeys).Because("form_malformed")
	}
	values, err := url.ParseQuery(string(data))
	if err != nil {
		return nil, home.Errorf(home.Invalid, "the form is not well-formed; names and values are percent-encoded and joined by &").Because("form_malformed")
	}
	for name, list := range values {
		if len(name) > MaxFormKey {
			return nil, home.Errorf(home.Invalid, "the form has a field name of more than %d bytes", MaxFormKey).Because("form_malformed")
		}
		for _, v := range list {
			if strings.IndexByte(v, 0) >= 0 || strings.IndexByte(name, 0) >= 0 {
				return nil, home.Errorf(home.Invalid, "the form has a NUL in the field %.60q", name).Because("form_malformed").At(name, "a NUL is not accepted")
			}
		}
	}
	return values, nil
}
