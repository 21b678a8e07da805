package hub_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"latchkey/home"
	"latchkey/hub"
)

func TestOutgoingRequestsAreTriedUntilDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := open(t, func(c *hub.Config) { c.Clock = time.Now })
		s, err := f.Follow(f.ctx, f.owner, nil)
		if err != nil {
			t.Fatal(err)
		}
		r, err := f.QueueRequest(f.ctx, f.owner, home.Request{Method: "POST", URL: "http://127.0.0.1:9/hook"})
		if err != nil {
			t.Fatal(err)
		}
		var at []time.Time
		stop := f.dispatch(func(sent home.Request) hub.Sent {
			if at = append(at, time.Now()); sent.ID != r.ID {
				t.Errorf("an attempt carried %s, want %s", sent.ID, r.ID)
			}
			if len(at) < 3 {
				return hub.Sent{Status: 503, After: 20 * time.Second}
			}
			return hub.Sent{Status: 204}
		})
		defer stop()
		waitFor(t, f, s, home.EventRequestDone)
		if first := at[1].Sub(at[0]); first < 20*time.Second || len(at) != 3 {
			t.Errorf("%d attempts, the second after %v", len(at), first)
		}
		if left, _ := f.Requests(f.ctx, f.owner); len(left) != 0 {
			t.Errorf("left: %v", left)
		}
	})
}

// dispatch sends with send until the function that it returns is called.
func (f *fixture) dispatch(send func(home.Request) hub.Sent) (stop func()) {
	ctx, cancel := context.WithCancel(f.ctx)
	var dispatching sync.WaitGroup
	dispatching.Go(func() {
		if err := f.Dispatch(ctx, func(_ context.Context, r home.Request) hub.Sent { return send(r) }); err != nil {
			f.t.Error(err)
		}
	})
	return func() { cancel(); dispatching.Wait() }
}

func TestOutgoingRequestsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := open(t, func(c *hub.Config) { c.Clock = time.Now })
		s, err := f.Follow(f.ctx, f.owner, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, target := range []string{"refused", "broken"} {
			if _, err := f.QueueRequest(f.ctx, f.owner, home.Request{Method: "POST", URL: "http://" + target}); err != nil {
				t.Fatal(err)
			}
		}
		attempts := map[string]int{}
		var mu sync.Mutex
		stop := f.dispatch(func(r home.Request) hub.Sent {
			mu.Lock()
			defer mu.Unlock()
			attempts[r.URL]++
			return hub.Sent{Status: 500, Final: r.URL == "http://refused", Body: "no"}
		})
		defer stop()
		waitFor(t, f, s, home.EventRequestFailed)
		waitFor(t, f, s, home.EventRequestFailed)
		mu.Lock()
		defer mu.Unlock()
		if attempts["http://refused"] != 1 || attempts["http://broken"] != 10 {
			t.Errorf("attempts are %v", attempts)
		}
		left, _ := f.Requests(f.ctx, f.owner)
		if len(left) != 2 || !left[0].Dead || !left[1].Dead {
			t.Errorf("left: %v", left)
		}
	})
}

func TestAHangingTargetHoldsOnlyItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := open(t, func(c *hub.Config) { c.Clock = time.Now })
		for i := range 10 {
			for _, target := range []string{"http://hanging", fmt.Sprintf("http://well%d", i)} {
				if _, err := f.QueueRequest(f.ctx, f.owner, home.Request{Method: "POST", URL: target}); err != nil {
					t.Fatal(err)
				}
			}
		}
		var well, hanging atomic.Int64
		release := make(chan struct{})
		stop := f.dispatch(func(r home.Request) hub.Sent {
			if r.URL == "http://hanging" {
				hanging.Add(1)
				<-release
			} else {
				well.Add(1)
			}
			return hub.Sent{Status: 200}
		})
		synctest.Wait()
		if well.Load() != 10 || hanging.Load() != 2 {
			t.Errorf("%d sent beside %d that hang; want 10 and 2", well.Load(), hanging.Load())
		}
		close(release)
		stop()
	})
}

// What is kept on purpose is told as done, stays listed, is not sent again, and
// does not grow without end.
func TestKeptRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := open(t, func(c *hub.Config) { c.Clock = time.Now })
		s, err := f.Follow(f.ctx, f.owner, nil)
		if err != nil {
			t.Fatal(err)
		}
		var sent atomic.Int64
		stop := f.dispatch(func(home.Request) hub.Sent { sent.Add(1); return hub.Sent{Status: 200, Body: "kept", Kept: true} })
		defer stop()
		const most = 1000
		for range most + 20 {
			if _, err := f.QueueRequest(f.ctx, f.owner, home.Request{Method: "POST", URL: "http://example.org/"}); err != nil {
				t.Fatal(err)
			}
			waitFor(t, f, s, home.EventRequestDone)
		}
		time.Sleep(72 * time.Hour)
		left, err := f.Requests(f.ctx, f.owner)
		if err != nil || len(left) != most || f.KeptRequests() != most || !left[0].Dead || left[0].Last != "kept" || sent.Load() != most+20 {
			t.Errorf("%d are listed and %d counted after %d attempts (%v)", len(left), f.KeptRequests(), sent.Load(), err)
		}
	})
}
