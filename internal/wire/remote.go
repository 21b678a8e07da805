package wire

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
)

// peer is the other end of a connection, as the listener saw it.
type peer struct {
	addr netip.Addr
	here bool       // a unix socket or a loopback address
	conn *limitConn // nil without a Server
	// known is set once a key has held on this connection.
	known atomic.Bool
}

type peerKey struct{}

type stoppingKey struct{}

func peerOf(a net.Addr) *peer {
	switch a := a.(type) {
	case *net.TCPAddr:
		addr := a.AddrPort().Addr().Unmap()
		return &peer{addr: addr, here: addr.IsLoopback()}
	case *net.UnixAddr:
		return &peer{here: true}
	}
	return &peer{}
}

func peerOfRequest(r *http.Request) *peer {
	if p, ok := r.Context().Value(peerKey{}).(*peer); ok {
		return p
	}
	if ap, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		addr := ap.Addr().Unmap()
		return &peer{addr: addr, here: addr.IsLoopback()}
	}
	return &peer{}
}

// FromLoopback reports whether r comes from a program on this machine: the
// listener's own peer is a unix socket or a loopback address, and nothing says
// that a proxy, a tunnel or a relay has passed it on, or that a page of another
// site has made a browser here send it. It is never a right by itself.
func FromLoopback(r *http.Request) bool {
	if !peerOfRequest(r).here || !samePage(r) {
		return false
	}
	for name := range r.Header {
		if name == "Forwarded" || name == "Via" || name == "X-Real-Ip" || name == "True-Client-Ip" ||
			strings.HasPrefix(name, "X-Forwarded") || strings.HasPrefix(name, "Cf-") || strings.HasPrefix(name, "X-Original") {
			return false
		}
	}
	return true
}

// samePage reports whether r comes from no browser, or from a page of this
// server, or was typed in by a person.
func samePage(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return false
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}

// RemoteIP returns the address that r comes from: the peer's, or, when the peer
// is one of Options.Proxies, the last one in X-Forwarded-For that is not. It is
// the zero Addr for a unix socket without a proxy.
func RemoteIP(r *http.Request) netip.Addr {
	x := exchangeOf(r.Context())
	if x != nil && x.remote.IsValid() {
		return x.remote
	}
	addr := peerOfRequest(r).addr
	if x != nil {
		addr = x.srv.through(r, addr)
		x.remote = addr
	}
	return addr
}

// through follows X-Forwarded-For from its end as long as the hops are ours.
func (m *mounted) through(r *http.Request, addr netip.Addr) netip.Addr {
	if len(m.Proxies) == 0 || !within(m.Proxies, addr) {
		return addr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return addr
		}
		addr = hop.Unmap()
		if !within(m.Proxies, addr) {
			return addr
		}
	}
	return addr
}

func within(networks []netip.Prefix, addr netip.Addr) bool {
	for _, p := range networks {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
