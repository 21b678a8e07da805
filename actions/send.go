package actions

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/egress"
)

// maxAnswer is how many bytes of an answer are kept for the owner.
const maxAnswer = 2048

// Actor returns the identity in which a scene acts; hub.Hub's method.
type Actor func(home.Scene, home.Cause) (*home.Identity, error)

// Allowed is the Judge that asks g.
func Allowed(g *egress.Guard) Judge {
	return func(ctx context.Context, id *home.Identity, address string) error {
		return g.Judge(ctx, address, principal(id))
	}
}

func principal(id *home.Identity) egress.Principal {
	return egress.Principal{House: id.House, Owner: id.Role == home.Owner, World: id.May(home.EgressWorld, nil, nil)}
}

// Send returns the outbox's sending side: each attempt goes out by g, in the
// rights that the account behind the request has at that moment, with the
// request's id as webhook-id and the attempt's time as webhook-timestamp.
//
// A 2xx is done. A timeout (408), a too early (425), a too many (429), any 5xx
// and a target that cannot be reached are tried again, not before what a
// Retry-After asks for; everything else is final.
func Send(g *egress.Guard, actor Actor, clock home.Clock) hub.Sender {
	return func(ctx context.Context, r home.Request) hub.Sent {
		id, err := actor(home.Scene{House: r.House, Owner: r.By, Name: "behind this request"}, r.Cause)
		if err != nil {
			return hub.Sent{Err: err, Final: home.CodeOf(err) == home.Forbidden}
		}
		now := clock()
		resp, err := g.Do(ctx, principal(id), egress.Request{Method: r.Method, URL: r.URL, Header: headers(r, now), Body: []byte(r.Body)})
		if resp.Status == 0 || err != nil && home.CodeOf(err) != home.Unavailable {
			return hub.Sent{Status: resp.Status, Err: err, Final: lost(err)}
		}
		// An answer that breaks off in its body is an answer: the target has the request.
		return hub.Sent{Status: resp.Status, Body: beginning(resp.Body), Final: final(resp.Status),
			After: RetryAfter(resp.Header.Get("Retry-After"), now)}
	}
}

// lost reports whether an attempt that got no answer is the last: only what is
// not there now may be there later.
func lost(err error) bool {
	switch home.CodeOf(err) {
	case home.Unavailable, home.TooMany, home.Internal, "":
		return false
	}
	return true
}

// headers are r's own with those that Latchkey sets.
func headers(r home.Request, now time.Time) http.Header {
	h := http.Header{}
	for name, value := range r.Headers {
		h.Set(name, value)
	}
	if h.Get("User-Agent") == "" {
		h.Set("User-Agent", "Latchkey")
	}
	if h.Get("Content-Type") == "" && r.Body != "" {
		h.Set("Content-Type", "text/plain; charset=utf-8")
		if json.Valid([]byte(r.Body)) {
			h.Set("Content-Type", "application/json")
		}
	}
	h.Set("webhook-id", string(r.ID))
	h.Set("webhook-timestamp", strconv.FormatInt(now.Unix(), 10))
	return h
}

func beginning(body []byte) string {
	if len(body) > maxAnswer {
		body = body[:maxAnswer]
	}
	return strings.ToValidUTF8(string(body), "?")
}
