package latchkey

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"latchkey/home"
	"latchkey/internal/wire"
)

// How often the house looks after itself.
const (
	sweepEvery  = time.Hour
	flushEvery  = time.Minute
	settleEvery = 2 * time.Second
)

// Handler returns everything the house answers over HTTP.
func (l *Latchkey) Handler() (http.Handler, error) {
	s := &l.config.Settings
	return wire.Mount(l.dialects, wire.Options{
		Log: l.config.Log, Clock: l.config.Wall, Metrics: l.metrics, Limiter: l.limiter,
		Hosts: s.Server.Hosts, Origins: s.Server.CORSOrigins, Proxies: s.Server.TrustedProxies, HSTS: s.Server.HSTS,
	})
}

// Serve serves the house on ln until ctx ends. Then it takes no more requests,
// lets those under way finish, ends scenes and drivers, and returns; Close
// comes after it.
func (l *Latchkey) Serve(ctx context.Context, ln net.Listener) error {
	h, err := l.Handler()
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	l.guard.listen(ln.Addr().String())
	inside, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var work sync.WaitGroup
	failed := make(chan error, 5+len(l.drivers))
	start := func(serve func(context.Context) error) {
		work.Go(func() {
			if err := serve(inside); err != nil && inside.Err() == nil {
				failed <- err
			}
		})
	}
	start(l.engine.Serve)
	start(func(ctx context.Context) error { return l.hub.Dispatch(ctx, l.sender()) })
	start(l.upkeep)
	start(l.serveMQTT)
	for _, d := range l.drivers {
		if s, ok := d.(home.Starter); ok {
			start(func(ctx context.Context) error { return s.Start(ctx, l.hub.Reporter(d.Name())) })
		}
	}
	serving, end := context.WithCancelCause(ctx)
	defer end(nil)
	work.Go(func() {
		select {
		case err := <-failed:
			end(err) // a part that ended by itself takes the house down, in order
		case <-inside.Done():
		}
	})
	if err := l.begin(serving); err != nil {
		stop()
		work.Wait()
		return errors.Join(err, ln.Close())
	}
	l.ready.Store(true)
	context.AfterFunc(serving, func() { l.ready.Store(false) })
	limits := l.config.Settings.Limits
	err = wire.Server(serving, ln, h, wire.Limits{Connections: limits.Connections, Stop: limits.StopTime, Log: l.config.Log})
	l.ready.Store(false)
	stop()
	work.Wait()
	if cause := context.Cause(serving); ctx.Err() == nil && !errors.Is(cause, context.Canceled) {
		err = errors.Join(err, cause)
	}
	return err
}

func (l *Latchkey) begin(ctx context.Context) error {
	if l.config.Begin == nil {
		return nil
	}
	if err := l.config.Begin(ctx, l); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// upkeep erases what is past its time, writes down when keys were used, and
// settles who has come or left by now.
func (l *Latchkey) upkeep(ctx context.Context) error {
	sweep, flush, settle := time.NewTicker(sweepEvery), time.NewTicker(flushEvery), time.NewTicker(settleEvery)
	defer sweep.Stop()
	defer flush.Stop()
	defer settle.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return l.hub.FlushUse(context.WithoutCancel(ctx))
		case <-sweep.C:
			err = l.hub.Sweep(ctx)
		case <-flush.C:
			err = l.hub.FlushUse(ctx)
		case <-settle.C:
			err = l.hub.SettlePresence(ctx)
		}
		if err != nil {
			l.config.Log.Warn("the house could not be looked after", "error", err)
		}
	}
}
