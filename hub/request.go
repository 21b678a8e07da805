package hub

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"latchkey/home"
)

// Outgoing requests are kept from their cause to their end (an outbox): queued
// in one commit with the event that tells of them, tried until they succeed,
// fail for good, or have been tried maxAttempts times.
const (
	maxAttempts    = 10
	maxRequests    = 100_000
	maxKept        = 1000
	sendersAtATime = 64
	perTarget      = 2
)

// backoff is how long to wait after so many attempts, give or take a fifth.
func backoff(attempts int) time.Duration {
	waits := [maxAttempts]time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute,
		time.Hour, 3 * time.Hour, 8 * time.Hour, 24 * time.Hour, 24 * time.Hour}
	return jitter(waits[min(attempts, maxAttempts)-1])
}

// Sent is how one attempt ended.
type Sent struct {
	Status int    // HTTP status; 0 = no answer
	Body   string // the beginning of the answer, for the owner
	Err    error
	Final  bool          // trying again makes no sense
	After  time.Duration // the target asked to wait for so long
	Kept   bool          // it did not leave, on purpose: it is told as done, and stays listed
}

// Sender sends one request once. It returns within a bounded time.
type Sender func(ctx context.Context, r home.Request) Sent

// QueueRequest keeps an outgoing request, in one commit with the event that
// tells of it, to be sent as soon as may be.
func (h *Hub) QueueRequest(ctx context.Context, id *home.Identity, r home.Request) (home.Request, error) {
	p, err := h.houseOf(id)
	if err != nil {
		return r, err
	}
	r.ID, r.House, r.By, r.Created, r.Cause = home.NewID(), p.id, id.Account, h.Now(), causeOf(id)
	r.Next, r.Attempts, r.Dead, r.Run = r.Created, 0, false, runOf(r.Cause)
	err = h.do(ctx, &change{shared: true, decide: func(d *draft) error {
		if h.outbox.count() >= maxRequests {
			return &home.Error{Code: home.Unavailable, Reason: "outbox_full", RetryAfter: time.Minute,
				Message: "too many outgoing requests are waiting for their targets"}
		}
		d.put(requestRecord(r), r, func() { h.outbox.add(r) })
		d.event(p, home.Event{Type: home.EventRequestQueued, Subject: string(r.ID), Cause: r.Cause, Verb: home.ReadScene},
			map[string]string{"method": r.Method, "target": targetOf(r.URL)})
		return nil
	}})
	return r, err
}

func requestRecord(r home.Request) home.Record {
	return home.Record{Kind: home.KindRequest, ID: r.ID, House: r.House, Parent: r.Run, Version: int64(r.Attempts) + 1}
}

// Requests lists the requests of id's house that are not yet done.
func (h *Hub) Requests(ctx context.Context, id *home.Identity) ([]home.Request, error) {
	p, err := h.placeOf(id, home.ReadScene)
	if err != nil {
		return nil, err
	}
	out := []home.Request{}
	err = h.store.Records(ctx, home.RecordQuery{Kind: home.KindRequest, House: p.id}, func(rec home.Record) error {
		r, err := decodeInto[home.Request](rec)
		if err == nil {
			out = append(out, *r)
		}
		return err
	})
	return out, err
}

// KeptRequests returns how many outgoing requests are listed and will not be
// sent, over all houses.
func (h *Hub) KeptRequests() int { return int(h.outbox.kept.Load()) }

// outbox is what waits to be sent, in memory.
type outbox struct {
	mu      sync.Mutex
	waiting map[home.ID]home.Request
	busy    map[string]int // by target
	wake    chan struct{}
	kept    atomic.Int64 // requests that are listed and will not be sent
}

func (o *outbox) load(ctx context.Context, s home.Store) error {
	o.waiting, o.busy, o.wake = map[home.ID]home.Request{}, map[string]int{}, make(chan struct{}, 1)
	return s.Records(ctx, home.RecordQuery{Kind: home.KindRequest}, func(rec home.Record) error {
		var r home.Request
		if err := json.Unmarshal(rec.Doc, &r); err != nil {
			return err
		}
		r.House = rec.House
		if r.Dead {
			o.kept.Add(1)
		} else {
			o.waiting[r.ID] = r
		}
		return nil
	})
}

func (o *outbox) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.waiting)
}

func (o *outbox) add(r home.Request) {
	o.mu.Lock()
	o.waiting[r.ID] = r
	o.mu.Unlock()
	o.nudge()
}

func (o *outbox) nudge() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// due takes out what is to be sent now, within the bounds for each target, and
// says when to look again.
func (o *outbox) due(now home.Time, room int) (take []home.Request, next time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	next = time.Minute
	for id, r := range o.waiting {
		if wait := r.Next.Sub(now); wait > 0 {
			next = min(next, wait)
			continue
		}
		if target := targetOf(r.URL); len(take) < room && o.busy[target] < perTarget {
			o.busy[target]++
			delete(o.waiting, id)
			take = append(take, r)
		}
	}
	return take, next
}

func (o *outbox) done(r home.Request) {
	o.mu.Lock()
	target := targetOf(r.URL)
	if o.busy[target]--; o.busy[target] <= 0 {
		delete(o.busy, target)
	}
	o.mu.Unlock()
	o.nudge()
}

// Dispatch sends what the outbox holds until ctx ends, and returns when the
// attempts under way have ended.
func (h *Hub) Dispatch(ctx context.Context, send Sender) error {
	var sending sync.WaitGroup
	defer sending.Wait()
	room := make(chan struct{}, sendersAtATime)
	for {
		take, next := h.outbox.due(h.Now(), cap(room)-len(room))
		for _, r := range take {
			room <- struct{}{}
			sending.Go(func() {
				h.attempt(ctx, r, send)
				<-room
				h.outbox.done(r)
			})
		}
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-h.outbox.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// attempt sends r once and keeps how that ended.
func (h *Hub) attempt(ctx context.Context, r home.Request, send Sender) {
	sent := send(ctx, r)
	if ctx.Err() != nil && sent.Err != nil {
		return // stopped in the middle: it stays as it is and goes out at the next start
	}
	r.Attempts++
	r.Last = sent.describe()
	if err := h.settle(r, sent); err != nil {
		h.log.Error("an outgoing request's end could not be kept", "request", r.ID, "error", err)
		r.Next = h.Now().Add(time.Minute)
		h.outbox.add(r)
	}
}

// settle keeps the end of an attempt: done, to be tried again, or dead.
func (h *Hub) settle(r home.Request, sent Sent) error {
	p, err := h.registry.place(r.House)
	if err != nil {
		return nil // the house is gone, and the request with it
	}
	return h.do(context.Background(), &change{shared: true, decide: func(d *draft) error {
		told := map[string]any{"target": targetOf(r.URL), "status": sent.Status, "attempts": r.Attempts, "last": r.Last}
		e := home.Event{Subject: string(r.ID), Cause: r.Cause, Verb: home.ReadScene}
		switch {
		case sent.Err == nil && sent.Status >= 200 && sent.Status < 300:
			e.Type = home.EventRequestDone
			if sent.Kept && h.outbox.kept.Load() < maxKept {
				r.Dead = true // never to be sent
				d.put(requestRecord(r), r, func() { h.outbox.kept.Add(1) })
				break
			}
			d.remove(home.KindRequest, r.ID, nil)
		case sent.Final || r.Attempts >= maxAttempts:
			e.Type, r.Dead = home.EventRequestFailed, true
			d.put(requestRecord(r), r, func() { h.outbox.kept.Add(1) })
		default:
			r.Next = d.now.Add(max(sent.After, backoff(r.Attempts)))
			d.put(requestRecord(r), r, func() { h.outbox.add(r) })
			return nil
		}
		d.event(p, e, told)
		return nil
	}})
}

func (s Sent) describe() string {
	if s.Err != nil {
		return home.AsError(s.Err).Message
	}
	if s.Kept {
		return s.Body
	}
	return "status " + strconv.Itoa(s.Status)
}

// jitter moves d by up to a fifth either way.
func jitter(d time.Duration) time.Duration {
	return d + time.Duration((rand.Float64()*2-1)*float64(d)/5)
}

// targetOf is the host and port of an address: what is spared from too many
// requests at a time, and what may be told (the rest may hold a secret).
func targetOf(address string) string {
	if u, err := url.Parse(address); err == nil {
		return u.Host
	}
	return ""
}
