package rest

import (
	"net/http"
	"net/url"
	"strings"

	"latchkey/internal/wire"
)

// answer writes what an operation returned.
func (s *Service) answer(o *Operation, c *Call, out any) error {
	if o.out == nil {
		c.Writer.WriteHeader(o.Status)
		return nil
	}
	if o.headers(c, out) {
		c.Writer.WriteHeader(http.StatusNotModified)
		return nil
	}
	return wire.WriteJSON(c.Writer, o.Status, out)
}

// headers sets what follows from out, and reports whether the caller has it
// already.
func (o *Operation) headers(c *Call, out any) (known bool) {
	h := c.Writer.Header()
	if t, ok := out.(Tagged); ok {
		tag := `"` + t.Tag() + `"`
		h["Etag"] = []string{tag}
		if o.Method == http.MethodGet {
			h["Cache-Control"] = []string{"private, no-cache"}
			return matches(c.Request.Header.Get("If-None-Match"), tag)
		}
	}
	if p, ok := out.(Paged); ok {
		if next := p.Next(); next != "" {
			h["Link"] = []string{"<" + nextPage(c.Request.URL, next) + `>; rel="next"`}
		}
	}
	return false
}

// matches reports whether an If-None-Match header names tag.
func matches(header, tag string) bool {
	if header == "" {
		return false
	}
	for one := range strings.SplitSeq(header, ",") {
		one = strings.TrimPrefix(strings.TrimSpace(one), "W/")
		if one == tag || one == "*" {
			return true
		}
	}
	return false
}

// nextPage is the address of the page that cursor opens.
func nextPage(u *url.URL, cursor string) string {
	q := u.Query()
	q.Set("cursor", cursor)
	return u.EscapedPath() + "?" + q.Encode()
}
