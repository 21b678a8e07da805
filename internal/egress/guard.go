package egress

import (
	"context"
	"crypto/x509"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"latchkey/home"
)

// Principal is in whose name a request goes out.
type Principal struct {
	House home.ID
	Owner bool // may approve addresses of the home network
	World bool // may reach the internet (home.EgressWorld)
}

// Config is what a Guard is made of. The zero value lets only the internet be
// reached, by who may.
type Config struct {
	// Allow are host:port of the server's configuration file, as they stand in the
	// URL. Only these open loopback addresses; they open the other classes too.
	Allow []string
	// Own are the server's listeners. Their ports are reached on no address of this
	// machine. Nil = none.
	Own func() []netip.AddrPort
	// Approved reports whether an owner of the house has approved a host:port of
	// the home network. Nil = none.
	Approved func(house home.ID, hostport string) bool
	// Silent looks no names up to judge them: they count as the internet's.
	Silent   bool
	Resolver *net.Resolver  // nil = the system's, in Go
	Roots    *x509.CertPool // nil = the system's
	Clock    home.Clock     // nil = the system's
	Timeouts Timeouts
}

// Timeouts bound one request. Zero values stand for 3, 10 and 15 seconds.
type Timeouts struct {
	Connect time.Duration // look the name up and connect
	Header  time.Duration // from the request's end to the answer's head
	Total   time.Duration // everything
}

// Guard decides on outgoing requests and sends them. It is safe for concurrent
// use.
type Guard struct {
	Config
	table   table
	local   func() ([]net.Addr, error)
	all     chan struct{} // room in all
	mu      sync.Mutex
	targets map[string]*slot
}

// New returns a guard with those rules.
func New(c Config) *Guard {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Resolver == nil {
		c.Resolver = &net.Resolver{PreferGo: true}
	}
	for d, usual := range map[*time.Duration]time.Duration{&c.Timeouts.Connect: 3 * time.Second, &c.Timeouts.Header: 10 * time.Second, &c.Timeouts.Total: 15 * time.Second} {
		if *d <= 0 {
			*d = usual
		}
	}
	allow := make([]string, 0, len(c.Allow))
	for _, hostport := range c.Allow {
		if t, err := ParseTarget("http://" + hostport); err == nil {
			hostport = t.HostPort()
		}
		allow = append(allow, hostport)
	}
	c.Allow = allow
	return &Guard{Config: c, table: newTable(), local: net.InterfaceAddrs, all: make(chan struct{}, inFlight), targets: make(map[string]*slot)}
}

// Class returns the class of an address, our own listeners left aside.
func (g *Guard) Class(a netip.Addr) Class { return g.table.class(a) }

// Judge says whether p may have requests sent to a URL, for when a setting is
// saved; Do decides again on the address that is dialled. It returns Invalid with
// reason egress_url for what is not a plain http or https URL, Forbidden with
// reason egress_forbidden, and Conflict with reason egress_approval_required when
// p is an owner and only the approval is missing. A name that cannot be looked up
// is judged as one of the internet.
func (g *Guard) Judge(ctx context.Context, rawURL string, p Principal) error {
	t, err := ParseTarget(rawURL)
	if err != nil {
		return err
	}
	if t.IP.IsValid() {
		return g.Permit(t, t.IP, p)
	}
	if c, ok := named(t.Host); ok {
		if c == Loopback {
			return g.Permit(t, netip.AddrFrom4([4]byte{127, 0, 0, 1}), p)
		}
		return g.decide(t, c, p)
	}
	if g.Silent {
		return g.decide(t, World, p)
	}
	ctx, cancel := context.WithTimeout(ctx, g.Timeouts.Connect)
	defer cancel()
	found, err := g.Resolver.LookupNetIP(ctx, "ip", t.Host)
	if err != nil {
		return g.decide(t, World, p) // nobody has it now; Do looks again
	}
	for _, ip := range found {
		if err := g.Permit(t, ip, p); err != nil {
			return err
		}
	}
	return nil
}

// Permit says whether p may reach t at the address ip. It is asked for every
// address, just before it is dialled.
func (g *Guard) Permit(t Target, ip netip.Addr, p Principal) error {
	ip = ip.Unmap()
	c := g.table.class(ip)
	if c != Never && g.own(ip, t.Port) {
		c = Never
	}
	return g.decide(t, c, p)
}

func (g *Guard) decide(t Target, c Class, p Principal) error {
	if c == Never {
		return forbidden("%s is an address that is never called: link-local, reserved, or this server itself", t.HostPort())
	}
	if slices.Contains(g.Allow, t.HostPort()) {
		return nil
	}
	switch c {
	case Loopback:
		return forbidden("%s is this machine; only the server's configuration file opens it, with the exact host and port", t.HostPort())
	case Home:
		if g.Approved != nil && g.Approved(p.House, t.HostPort()) {
			return nil
		}
		if p.Owner {
			return home.Errorf(home.Conflict, "%s is in the home network; approve it first", t.HostPort()).Because("egress_approval_required")
		}
		return forbidden("%s is in the home network; an owner of the house has to approve it first", t.HostPort())
	}
	if !p.World {
		return forbidden("%s is on the internet; this needs the right %s", t.HostPort(), home.EgressWorld)
	}
	if t.Port < 1024 && t.Port != 80 && t.Port != 443 {
		return forbidden("port %d is not called on the internet; 80, 443 and 1024 upwards are", t.Port)
	}
	return nil
}

func forbidden(format string, args ...any) *home.Error {
	return home.Errorf(home.Forbidden, format, args...).Because("egress_forbidden")
}

// own reports whether ip:port is one of our own listeners: an address of this
// machine with a port that we listen on.
func (g *Guard) own(ip netip.Addr, port uint16) bool {
	if g.Own == nil {
		return false
	}
	for _, l := range g.Own() {
		if l.Port() == port && (l.Addr().Unmap() == ip || g.ours(ip)) {
			return true
		}
	}
	return false
}

// ours reports whether ip is an address of this machine. When the machine does
// not say which it has, every address is taken to be.
func (g *Guard) ours(ip netip.Addr) bool {
	if ip.IsLoopback() {
		return true
	}
	addrs, err := g.local()
	if err != nil {
		return true
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok {
			if have, ok := netip.AddrFromSlice(n.IP); ok && have.Unmap() == ip {
				return true
			}
		}
	}
	return false
}
