package egress

import (
	"context"

	"latchkey/home"
)

// slot is the room of one target.
type slot struct {
	free  chan struct{} // holds perTarget at most
	users int           // who hold or wait; guarded by Guard.mu
}

// room waits for room to call a target, at most as long as a whole request may
// take, and returns how to give it back.
func (g *Guard) room(ctx context.Context, hostport string) (release func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, g.Timeouts.Total)
	defer cancel()
	g.mu.Lock()
	s := g.targets[hostport]
	if s == nil {
		s = &slot{free: make(chan struct{}, perTarget)}
		g.targets[hostport] = s
	}
	s.users++
	g.mu.Unlock()
	for i, room := range []chan struct{}{s.free, g.all} {
		select {
		case room <- struct{}{}:
		case <-ctx.Done():
			if i == 1 {
				<-s.free
			}
			g.forget(hostport, s)
			return nil, home.Errorf(home.Unavailable, "too many requests to %s are under way", hostport).Because("egress_busy")
		}
	}
	return func() {
		<-g.all
		<-s.free
		g.forget(hostport, s)
	}, nil
}

func (g *Guard) forget(hostport string, s *slot) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if s.users--; s.users == 0 {
		delete(g.targets, hostport)
	}
}
