package latchkey

import (
	"context"
	"net/http"
	"net/netip"
	"sync/atomic"

	"latchkey/actions"
	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/egress"
)

// Guard decides where outgoing requests may go, and sends them.
type Guard struct {
	egress *egress.Guard
	own    atomic.Pointer[netip.AddrPort] // our listener, once there is one
}

// NewGuard returns the guard that the settings describe.
func NewGuard(c Config) *Guard {
	c.defaults()
	g := &Guard{}
	g.egress = egress.New(egress.Config{Allow: c.Settings.Egress.Allow, Clock: c.Wall, Own: g.listeners,
		Silent: c.Demo})
	return g
}

func (g *Guard) listeners() []netip.AddrPort {
	if p := g.own.Load(); p != nil {
		return []netip.AddrPort{*p}
	}
	return nil
}

// listen notes where we listen, so that the house never calls itself.
func (g *Guard) listen(addr string) {
	if p, err := netip.ParseAddrPort(addr); err == nil {
		g.own.Store(&p)
	}
}

// judge says whether an address may be called.
func (g *Guard) judge() actions.Judge { return actions.Allowed(g.egress) }

// sender returns what sends outgoing requests. The demo keeps them: each is
// told as done without having left, and stays listed.
func (l *Latchkey) sender() hub.Sender {
	if !l.config.Demo {
		return actions.Send(l.guard.egress, l.hub.Actor, l.config.Clock)
	}
	return func(_ context.Context, r home.Request) hub.Sent {
		l.config.Log.Info("the demo kept an outgoing request", "request", r.ID, "method", r.Method)
		return hub.Sent{Status: http.StatusOK, Body: "kept by the demo; nothing was sent", Kept: true}
	}
}
