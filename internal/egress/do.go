package egress

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"

	"latchkey/home"
)

// Limits of one request.
const (
	MaxAnswer   = 64 << 10 // bytes read of an answer's body
	MaxHops     = 3        // redirects followed at most
	maxHead     = 32 << 10
	inFlight    = 64 // in all
	perTarget   = 2
	maxSentBody = 1 << 20
)

// Request is what to send.
type Request struct {
	Method string // "" = GET
	URL    string
	Header http.Header
	Body   []byte
	// Hops is how many redirects to follow, 0 to 3: only to the same scheme, host
	// and port, and never with the Authorization header.
	Hops int
}

// Response is what came back. It is untrusted.
type Response struct {
	Status    int
	Header    http.Header
	Body      []byte // at most MaxAnswer bytes, as sent: never decompressed
	Truncated bool   // there was more
	Took      time.Duration
}

// Do sends r in p's name. A status below 300 or from 400 on is an answer, not an
// error. It returns what Judge returns, decided on every address that is dialled;
// Unprocessable with reason egress_redirect for a redirect that is not followed;
// Unavailable with reason egress_busy when too many requests to the same target
// run, egress_unreachable when there was no connection, and egress_timeout.
// A Response with a Status comes with an error when the answer had begun.
func (g *Guard) Do(ctx context.Context, p Principal, r Request) (Response, error) {
	began := g.Clock()
	t, err := ParseTarget(r.URL)
	if err != nil {
		return Response{}, err
	}
	if err := checkRequest(&r); err != nil {
		return Response{}, err
	}
	release, err := g.room(ctx, t.HostPort())
	if err != nil {
		return Response{}, err
	}
	defer release()
	ctx, cancel := context.WithTimeout(ctx, g.Timeouts.Total)
	defer cancel()
	var out Response
	for hop := 0; ; hop++ {
		out, err = g.once(ctx, t, p, r)
		out.Took = g.Clock().Sub(began)
		if err != nil || out.Status < 300 || out.Status > 399 || out.Status == http.StatusNotModified {
			return out, err
		}
		if hop >= r.Hops {
			return out, redirect("the target answers %d, a redirect; redirects are not followed", out.Status)
		}
		if t, err = follow(t, &r, out); err != nil {
			return out, err
		}
	}
}

func redirect(format string, args ...any) *home.Error {
	return home.Errorf(home.Unprocessable, format, args...).Because("egress_redirect")
}

// follow makes r the request that a redirect asks for, if it may be followed.
func follow(from Target, r *Request, out Response) (Target, error) {
	where, err := from.url.Parse(out.Header.Get("Location"))
	if err != nil || out.Header.Get("Location") == "" {
		return Target{}, redirect("the target answers %d without a place to go", out.Status)
	}
	to, err := ParseTarget(where.String())
	if err != nil || to.Scheme != from.Scheme || to.HostPort() != from.HostPort() {
		return Target{}, redirect("the target sends us to another place; only the same scheme, host and port are followed")
	}
	if out.Status < http.StatusTemporaryRedirect && r.Method != http.MethodHead {
		r.Method, r.Body = http.MethodGet, nil
	}
	r.Header = r.Header.Clone()
	r.Header.Del("Authorization")
	return to, nil
}

// checkRequest settles the method and refuses headers that are the transport's.
func checkRequest(r *Request) error {
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	if !slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}, r.Method) {
		return refuse("method %.20q is not accepted; GET, HEAD, POST, PUT, PATCH and DELETE are", r.Method)
	}
	if len(r.Body) > maxSentBody {
		return refuse("the body is larger than %d bytes", maxSentBody)
	}
	r.Hops = min(max(r.Hops, 0), MaxHops)
	for name, values := range r.Header {
		switch n := strings.ToLower(name); {
		case !plainHeader(name, values):
			return refuse("header %.40q has a line break or another character that headers do not take", name)
		case strings.HasPrefix(n, "proxy-"), slices.Contains([]string{"host", "connection", "content-length", "transfer-encoding", "upgrade", "te", "trailer", "keep-alive", "expect"}, n):
			return refuse("header %.40q is set by the server itself", name)
		}
	}
	return nil
}

// plainHeader reports whether a header can be written as it is.
func plainHeader(name string, values []string) bool {
	odd := func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }
	return name != "" && strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789-_") == "" &&
		!slices.ContainsFunc(values, func(v string) bool { return strings.ContainsFunc(v, odd) })
}

// once sends one request on a connection of its own.
func (g *Guard) once(ctx context.Context, t Target, p Principal, r Request) (Response, error) {
	req, err := http.NewRequestWithContext(ctx, r.Method, t.url.String(), bytes.NewReader(r.Body))
	if err != nil {
		return Response{}, refuse("the request cannot be written: %v", err)
	}
	req.Host, req.URL.Host, req.URL.Fragment = "", t.HostPort(), ""
	if r.Header != nil {
		req.Header = r.Header.Clone()
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", "Latchkey")
	}
	transport := g.transport(t, p)
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return Response{}, failure(t, err)
	}
	defer resp.Body.Close()
	out := Response{Status: resp.StatusCode, Header: resp.Header}
	out.Body, err = io.ReadAll(io.LimitReader(resp.Body, MaxAnswer+1))
	if len(out.Body) > MaxAnswer {
		out.Body, out.Truncated = out.Body[:MaxAnswer], true
	}
	if err != nil {
		return out, failure(t, err)
	}
	return out, nil
}

// transport returns one for a single request: no proxy, no compression, no
// connection kept for another principal, every dialled address judged.
func (g *Guard) transport(t Target, p Principal) *http.Transport {
	dialer := &net.Dialer{
		Timeout: g.Timeouts.Connect, Resolver: g.Resolver, KeepAlive: -1,
		ControlContext: func(_ context.Context, network, address string, _ syscall.RawConn) error {
			ap, err := netip.ParseAddrPort(address)
			if err != nil || !strings.HasPrefix(network, "tcp") || ap.Port() != t.Port {
				return forbidden("%s does not lead to a TCP address", t.HostPort())
			}
			return g.Permit(t, ap.Addr(), p)
		},
	}
	return &http.Transport{
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: g.Roots, MinVersion: tls.VersionTLS12, Time: g.Clock},
		TLSHandshakeTimeout:    g.Timeouts.Header,
		ResponseHeaderTimeout:  g.Timeouts.Header,
		MaxResponseHeaderBytes: maxHead,
		DisableKeepAlives:      true,
		DisableCompression:     true,
	}
}

// failure dresses what the transport reports.
func failure(t Target, err error) error {
	if e, ok := errors.AsType[*home.Error](err); ok {
		return e
	}
	reason, text := "egress_unreachable", "%s cannot be reached: %s"
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		reason, text = "egress_timeout", "%s did not answer in time: %s"
	}
	e := home.Errorf(home.Unavailable, text, t.HostPort(), short(err)).Because(reason)
	e.Cause = err
	return e
}

// short is an error's innermost text, which has no URL in it and so no secret.
func short(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return fmt.Sprintf("%.200s", err.Error())
		}
		err = next
	}
}
