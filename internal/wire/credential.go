package wire

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"latchkey/home"
)

// Carrier is a place where a credential may stand in a request.
type Carrier uint8

// The carriers.
const (
	Bearer     Carrier = 1 << iota // Authorization: Bearer KEY; "Bearer:" and any case are tolerated
	Bare                           // Authorization: KEY
	Basic                          // Authorization: Basic, with KEY as password or as username
	XToken                         // X-Token: KEY, or X-Session-Token: KEY
	Query                          // ?access_token=KEY, ?token=KEY, ?key=KEY or ?session_token=KEY
	Cookie                         // a session cookie; only for what browsers do
	PathSecret                     // Route.URLSecret; always taken when the route has one

	// Header is every header but the cookie.
	Header = Bearer | Bare | Basic | XToken
	// Usual is what a route takes that says nothing: everything but the cookie.
	Usual = Header | Query
)

// SessionCookie and SecureSessionCookie are the names of the session cookie on
// http and on https. A "session_token" cookie is read too.
const (
	SessionCookie       = "latchkey"
	SecureSessionCookie = "__Host-latchkey"
)

// maxSecret is the longest credential in bytes; none of ours comes near.
const maxSecret = 2048

// String returns the carrier as the log and error texts call it.
func (c Carrier) String() string {
	switch c {
	case Bearer:
		return "bearer"
	case Bare:
		return "authorization"
	case Basic:
		return "basic"
	case XToken:
		return "x-token"
	case Query:
		return "query"
	case Cookie:
		return "cookie"
	case PathSecret:
		return "path"
	}
	return "none"
}

// InURL reports whether the carrier is part of the address, where histories
// and proxies' logs keep it.
func (c Carrier) InURL() bool { return c == Query || c == PathSecret }

// Credential returns the one secret that r carries, and where it stood. It
// looks only where the route takes one (rt.Carry, rt.URLSecret). The rules:
//
//   - the same secret in two places is one; two different ones are Invalid with
//     reason credentials_contradict, and none of them is tried;
//   - none at all is Unauthorized with reason credential_missing;
//   - an Authorization scheme that the route does not take is as good as none;
//   - of a Basic pair, the part that looks like a key is the secret, otherwise
//     the password, otherwise the username;
//   - a cookie counts only when nothing else is there: a browser sends it
//     unasked.
func Credential(r *http.Request, rt *Route) (string, Carrier, error) {
	carry := rt.Carry
	if carry == 0 {
		carry = Usual
	}
	var f finding
	if rt.URLSecret != "" {
		f.add(r.PathValue(rt.URLSecret), PathSecret)
	}
	f.authorization(r.Header["Authorization"], carry)
	if carry&XToken != 0 {
		f.addAll(r.Header["X-Token"], XToken)
		f.addAll(r.Header["X-Session-Token"], XToken)
	}
	if carry&Query != 0 && r.URL.RawQuery != "" {
		f.query(r.URL.RawQuery)
	}
	if carry&Cookie != 0 && f.how == 0 {
		for _, name := range [...]string{SecureSessionCookie, SessionCookie, "session_token"} {
			for _, c := range r.CookiesNamed(name) {
				f.add(c.Value, Cookie)
			}
		}
	}
	return f.result(carry)
}

// finding gathers what a request carries.
type finding struct {
	secret string
	how    Carrier
	bad    *home.Error
}

func (f *finding) add(secret string, how Carrier) {
	switch {
	case secret == "" || f.bad != nil:
	case !wellFormed(secret):
		f.bad = home.Errorf(home.Unauthorized, "the credential (%s) is not a key: it is too long or has characters that no key has", how)
	case f.how == 0:
		f.secret, f.how = secret, how
	case f.secret != secret:
		f.bad = home.Errorf(home.Invalid, "the request carries two different credentials (%s and %s); send one", f.how, how).Because(ReasonTwoKeys)
	}
}

func (f *finding) addAll(secrets []string, how Carrier) {
	for _, s := range secrets {
		f.add(strings.TrimSpace(s), how)
	}
}

func (f *finding) authorization(lines []string, carry Carrier) {
	for _, line := range lines {
		scheme, rest, two := strings.Cut(strings.TrimSpace(line), " ")
		rest = strings.TrimSpace(rest)
		switch {
		case strings.EqualFold(strings.TrimSuffix(scheme, ":"), "bearer"):
			if carry&Bearer != 0 {
				f.add(rest, Bearer)
			}
		case strings.EqualFold(scheme, "basic"):
			if carry&Basic != 0 {
				f.basic(rest)
			}
		case !two && carry&Bare != 0:
			f.add(scheme, Bare)
		}
	}
}

func (f *finding) basic(encoded string) {
	pair, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		f.add("\x00", Basic)
		return
	}
	username, password, _ := strings.Cut(string(pair), ":")
	if password == "" || keyLike(username) && !keyLike(password) {
		f.add(username, Basic)
		return
	}
	f.add(password, Basic)
}

func (f *finding) query(raw string) {
	values, err := url.ParseQuery(raw)
	if err != nil && f.bad == nil {
		f.bad = home.Errorf(home.Invalid, "the query of the address is not well-formed")
		return
	}
	for _, name := range [...]string{"access_token", "token", "key", "session_token"} {
		f.addAll(values[name], Query)
	}
}

func (f *finding) result(carry Carrier) (string, Carrier, error) {
	if f.bad != nil {
		return "", 0, f.bad
	}
	if f.how == 0 {
		hint := "send a header: Authorization: Bearer <key>"
		if carry&Header == 0 {
			hint = "it belongs into the address: ?key=<key>"
		}
		return "", 0, home.Errorf(home.Unauthorized, "this needs a key; %s", hint).Because(ReasonNoKey)
	}
	return f.secret, f.how, nil
}

// Takes reports whether the route takes credentials of that kind.
func (rt *Route) Takes(kind home.KeyKind) bool {
	return len(rt.Kinds) == 0 || slices.Contains(rt.Kinds, kind)
}

// wellFormed reports whether s could be a credential at all: visible ASCII.
func wellFormed(s string) bool {
	if len(s) > maxSecret {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

func keyLike(s string) bool { return strings.HasPrefix(s, "lk_") || len(s) >= 40 }
