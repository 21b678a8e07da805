package phone

import (
	"net/http"
	"strings"

	"latchkey/hub"
	"latchkey/internal/wire"
)

// The browser that took a link keeps the phone's key in a cookie of that link's
// path until the link ends, so that it may reload the page. The server keeps
// only the key's hash: it could not show the key again by itself.
const (
	cookieName = "latchkey_pair"
	untaken    = "cookies-work" // before there is a key
)

// kept returns what the browser keeps for this link: the key, untaken or "".
func kept(r *http.Request) string {
	c, err := r.Cookie(cookieName)
	if err != nil {
		return ""
	}
	return c.Value
}

// keep has the browser keep value until the link ends.
func (p *pages) keep(w http.ResponseWriter, r *http.Request, value string, v *hub.PairingView) {
	left := max(int(v.Expires.Sub(p.Hub.Now()).Seconds()), 1)
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: value, Path: "/pair/" + r.PathValue("code"), MaxAge: left,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: strings.HasPrefix(wire.Origin(r), "https:")})
}
