package wire

import "context"

// runningKey is where the context of a request knows the server's handlers.
type runningKey struct{}

// Detach lets a handler return that has hijacked its connection, while another
// goroutine serves it on: what net/http held for the request is given free. The
// context ends when the server stops, and the server then waits until done has
// been called. Nothing of the request's own context is in it.
func Detach(ctx context.Context) (detached context.Context, done func()) {
	stopping, ok := ctx.Value(stoppingKey{}).(context.Context)
	if !ok {
		stopping = context.Background()
	}
	detached, cancel := context.WithCancel(stopping)
	running, ok := ctx.Value(runningKey{}).(*tracked)
	if !ok {
		return detached, cancel
	}
	running.enter()
	return detached, func() {
		cancel()
		running.leave()
	}
}
