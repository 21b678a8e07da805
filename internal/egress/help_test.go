package egress_test

import (
	"context"
	"encoding/binary"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"latchkey/internal/egress"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// canary is a server on this machine that nobody may reach.
type canary struct {
	hits atomic.Int64
	port uint16
}

func newCanary(t testing.TB) *canary {
	t.Helper()
	c := new(canary)
	first := c.listen(t, "127.0.0.1:0")
	c.port = first.AddrPort().Port()
	if probe, err := net.Listen("tcp", "[::1]:0"); err == nil {
		probe.Close()
		c.listen(t, netip.AddrPortFrom(netip.IPv6Loopback(), c.port).String())
	}
	return c
}

func (c *canary) listen(t testing.TB, address string) *net.TCPAddr {
	t.Helper()
	ln, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			c.hits.Add(1)
			conn.Close()
		}
	}()
	t.Cleanup(func() { ln.Close(); <-done })
	return ln.Addr().(*net.TCPAddr)
}

// nameserver answers questions on loopback with what answer says.
type nameserver struct {
	mu     sync.Mutex
	answer func(name string) []netip.Addr
}

func (n *nameserver) set(answer func(string) []netip.Addr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.answer = answer
}

// resolver serves n until the test ends and returns a resolver that asks it.
func (n *nameserver) resolver(t testing.TB) *net.Resolver {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 1500)
		for {
			size, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = pc.WriteTo(n.reply(buf[:size]), from)
		}
	}()
	t.Cleanup(func() { pc.Close(); <-done })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", pc.LocalAddr().String())
	}}
}

// reply answers one question with TTL 0.
func (n *nameserver) reply(q []byte) []byte {
	var labels []string
	at := 12
	for q[at] != 0 {
		labels = append(labels, string(q[at+1:at+1+int(q[at])]))
		at += 1 + int(q[at])
	}
	kind := binary.BigEndian.Uint16(q[at+1:])
	question := q[12 : at+5]
	n.mu.Lock()
	addrs := n.answer(strings.ToLower(strings.Join(labels, ".")))
	n.mu.Unlock()
	out := append([]byte{q[0], q[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, question...)
	for _, a := range addrs {
		if a.Is4() != (kind == 1) || kind != 1 && kind != 28 {
			continue
		}
		raw := a.AsSlice()
		out = append(out, 0xc0, 12, 0, byte(kind), 0, 1, 0, 0, 0, 0, 0, byte(len(raw)))
		out = append(out, raw...)
		out[7]++
	}
	return out
}

func addrs(texts ...string) []netip.Addr {
	var all []netip.Addr
	for _, t := range texts {
		all = append(all, netip.MustParseAddr(t))
	}
	return all
}

// target serves h on loopback and returns a guard that the configuration file
// lets reach it, with the host:port and the URL of the server.
func target(t testing.TB, h http.HandlerFunc, change ...func(*egress.Config)) (*egress.Guard, string, string) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	hostport := s.Listener.Addr().String()
	c := egress.Config{Allow: []string{hostport}}
	for _, f := range change {
		f(&c)
	}
	return egress.New(c), hostport, s.URL
}
