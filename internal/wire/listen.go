package wire

import (
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
)

// limitListener accepts at most total connections at once, and at most perIP of
// one network address that has not yet shown a key that holds. This machine and
// the reverse proxies are not counted: many callers stand behind one address. A
// connection over a limit is closed at once, so that the accept queue never stands
// still.
type limitListener struct {
	net.Listener
	total, perIP int
	proxies      []netip.Prefix

	mu   sync.Mutex
	open map[*limitConn]struct{}
	byIP map[netip.Addr]int
}

func newLimitListener(l net.Listener, limits Limits) *limitListener {
	return &limitListener{Listener: l, total: limits.Connections, perIP: limits.PerAddress, proxies: limits.Proxies, open: make(map[*limitConn]struct{}), byIP: make(map[netip.Addr]int)}
}

// Accept implements net.Listener.
func (l *limitListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		lc := &limitConn{Conn: c, owner: l, ip: l.counted(peerOf(c.RemoteAddr()))}
		if l.take(lc) {
			return lc, nil
		}
		_ = c.Close() // nobody is listening to what closing says
	}
}

// counted returns the address under which a peer is counted; the zero Addr for
// one that is not.
func (l *limitListener) counted(p *peer) netip.Addr {
	if p.here || within(l.proxies, p.addr) {
		return netip.Addr{}
	}
	return block(p.addr)
}

func (l *limitListener) take(c *limitConn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.open) >= l.total || c.ip.IsValid() && l.byIP[c.ip] >= l.perIP {
		return false
	}
	l.open[c] = struct{}{}
	if c.ip.IsValid() {
		l.byIP[c.ip]++
	}
	return true
}

// known takes c out of the count of its address: it has shown a key that holds.
func (l *limitListener) known(c *limitConn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.open[c]; ok {
		l.uncount(c)
	}
}

func (l *limitListener) drop(c *limitConn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.open[c]; ok {
		delete(l.open, c)
		l.uncount(c)
	}
}

// uncount is called with mu held.
func (l *limitListener) uncount(c *limitConn) {
	if !c.ip.IsValid() {
		return
	}
	if l.byIP[c.ip]--; l.byIP[c.ip] <= 0 {
		delete(l.byIP, c.ip)
	}
	c.ip = netip.Addr{}
}

// all returns what is open.
func (l *limitListener) all() []*limitConn {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Collect(maps.Keys(l.open))
}

// closeAll closes what is still open, hijacked connections too.
func (l *limitListener) closeAll() {
	for _, c := range l.all() {
		_ = c.Close() // the program is ending
	}
}

// limitConn gives its room back when it is closed.
type limitConn struct {
	net.Conn
	owner *limitListener
	ip    netip.Addr // guarded by owner.mu; the zero Addr is not counted
}

// Close implements net.Conn.
func (c *limitConn) Close() error {
	c.owner.drop(c)
	return c.Conn.Close()
}

// NetConn returns the connection below, for whoever has to look at the socket.
func (c *limitConn) NetConn() net.Conn { return c.Conn }

// block is what one visitor holds: an IPv4 address, or an IPv6 /64.
func block(a netip.Addr) netip.Addr {
	a = a.Unmap()
	if !a.Is6() {
		return a
	}
	p, err := a.WithZone("").Prefix(64)
	if err != nil {
		return a
	}
	return p.Addr()
}
