package rest

import (
	"context"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/wire"
)

// Service is what all operations share.
type Service struct {
	Hub    *hub.Hub
	Prefix string
	acting acting
}

// Call is one request on its way through an operation.
type Call struct {
	context.Context
	ID      *home.Identity // who asks; nil on a public or anonymous operation
	Request *http.Request
	Writer  http.ResponseWriter
	Version int64 // from If-Match; 0 = not said
	service *Service
}

// Remote returns the caller's network address as text.
func (c *Call) Remote() string { return RemoteOf(c.Request) }

// RemoteOf returns the network address that r came from, as text; "" when it
// is not known.
func RemoteOf(r *http.Request) string {
	if a := wire.RemoteIP(r); a != (netip.Addr{}) {
		return a.String()
	}
	return ""
}

// Made sets Location to the new record's path below the prefix.
func (c *Call) Made(path string) { c.Writer.Header().Set("Location", c.service.Prefix+path) }

// serve runs one operation.
func (s *Service) serve(o *Operation, w http.ResponseWriter, r *http.Request) error {
	c := &Call{Context: r.Context(), Request: r, Writer: w, service: s}
	if o.Right != home.Anyone && !o.Anonymous {
		id, err := s.identify(o, r)
		if err != nil {
			return err
		}
		c.ID = id
	}
	in, err := o.in.params(r, c.ID != nil && o.HouseIn == "")
	if err != nil {
		return err
	}
	if o.Versioned {
		if c.Version, err = ifMatch(r); err != nil {
			return err
		}
	}
	if key := r.Header.Get("Idempotency-Key"); key != "" && o.Acts {
		return s.once(o, c, in, key)
	}
	if err := o.readBody(r, in); err != nil {
		return err
	}
	out, err := o.run(c, in)
	if err != nil || len(o.Gives) > 0 {
		return err
	}
	return s.answer(o, c, out)
}

// identify says who asks and refuses whoever lacks the operation's right
// everywhere; the hub decides on the particular.
func (s *Service) identify(o *Operation, r *http.Request) (*home.Identity, error) {
	secret, _, err := wire.Credential(r, wire.RouteOf(r))
	if err != nil {
		return nil, err
	}
	want := hub.Credential{Secret: secret, Kinds: o.Kinds, Remote: RemoteOf(r)}
	if o.HouseIn != "" {
		want.House = home.ID(r.PathValue(o.HouseIn))
	} else if r.URL.RawQuery != "" {
		want.House = home.ID(r.URL.Query().Get("house"))
	}
	return s.admit(r, want, o.Right)
}

func (s *Service) admit(r *http.Request, want hub.Credential, right home.Verb) (*home.Identity, error) {
	id, err := s.Hub.Identify(r.Context(), want)
	if err != nil && want.House != "" && home.CodeOf(err) == home.NotFound {
		want.House = "" // a credential that does not hold is that first
		if _, other := s.Hub.Identify(r.Context(), want); other != nil {
			err = other
		}
	}
	if err != nil {
		return nil, err
	}
	if err := wire.Spend(r, id.Key, id.Kind); err != nil {
		return nil, err
	}
	if id.House != "" && !id.MaySome(right) && !id.May(right, nil, nil) {
		return nil, home.Errorf(home.Forbidden, "this needs the right %s, which the credential does not hold", right).Because("right_missing")
	}
	return id, nil
}

// Admit says who holds secret, for operations that find it by themselves.
func (c *Call) Admit(secret string, house home.ID, right home.Verb) (*home.Identity, error) {
	return c.service.admit(c.Request, hub.Credential{Secret: secret, House: house, Remote: c.Remote()}, right)
}

// ifMatch reads the version that a change was made on; 0 when none is said.
func ifMatch(r *http.Request) (int64, error) {
	tag := strings.TrimSpace(r.Header.Get("If-Match"))
	if tag == "" || tag == "*" {
		return 0, nil
	}
	version, _, _ := strings.Cut(strings.Trim(tag, `"`), ".")
	n, err := strconv.ParseInt(version, 10, 64)
	if err != nil || n < 1 || len(tag) < 3 || tag[0] != '"' || tag[len(tag)-1] != '"' {
		return 0, home.Errorf(home.Invalid, "If-Match is one ETag as it was given, such as \"3\", not %.40q", tag).Because("if_match_invalid")
	}
	return n, nil
}
