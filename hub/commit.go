package hub

import (
	"context"
	"errors"
	"time"

	"latchkey/bus"
	"latchkey/home"
)

// change is one unit of work for the committer. decide runs in the committer
// and sees everything that was committed before; it puts what is to be written
// into the draft, or refuses.
type change struct {
	decide func(*draft) error
	// shared: decide does not look at records, so that others may go into the
	// same group. Anything else is decided alone, as the last of its group.
	shared bool
	err    error
	done   chan struct{} // gets one value when err is settled; of the hub's pool
	// then is called by the committer in the place of done, in the order of the
	// changes. It must not block.
	then func(error)
}

// draft collects what one group writes and what is done once it is on disk.
type draft struct {
	now    home.Time
	group  home.Group
	tell   []*bus.Entry
	places []*place // whose numbers have been drawn on
	lives  []*live  // whose pending value is set
	after  []func() // runs in order once the group is on disk
	audits uint64   // number and hash of the last audit row
	prev   string
	come   int // members who count as at home in this draft and did not before
}

// do hands c to the committer and waits until it is on disk or refused.
func (h *Hub) do(ctx context.Context, c *change) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.done, _ = h.dones.Get().(chan struct{})
	if c.done == nil {
		c.done = make(chan struct{}, 1)
	}
	if err := h.enqueue(c); err != nil {
		return err
	}
	<-c.done
	h.dones.Put(c.done)
	return c.err
}

// enqueue puts c into the queue, or says why not.
func (h *Hub) enqueue(c *change) error {
	h.gate.RLock()
	defer h.gate.RUnlock()
	if h.closed {
		return &home.Error{Code: home.Unavailable, Reason: "stopping", RetryAfter: 5 * time.Second,
			Message: "the server is stopping; try again in a few seconds"}
	}
	select {
	case h.queue <- c:
		return nil
	default:
		return &home.Error{Code: home.Unavailable, Reason: "overload", RetryAfter: time.Second,
			Message: "more changes are waiting than this server takes on; try again in a second"}
	}
}

// end lets whoever waits for c go on.
func (c *change) end() {
	if c.then != nil {
		c.then(c.err)
		return
	}
	c.done <- struct{}{}
}

// write hands a change of records to the committer and waits for it.
func (h *Hub) write(ctx context.Context, decide func(*draft) error) error {
	return h.do(ctx, &change{decide: decide})
}

// commit is the committer: it runs until Close and then finishes the queue.
func (h *Hub) commit() {
	defer close(h.stopped)
	for {
		select {
		case c := <-h.queue:
			h.commitGroup(h.gather(c))
		case <-h.stop:
			for {
				select {
				case c := <-h.queue:
					h.commitGroup(h.gather(c))
				default:
					return
				}
			}
		}
	}
}

// gather returns c and what waits behind it, up to the first change that is
// decided alone. A commit waits for nobody unless commits have lately been
// shared: then latecomers get an eighth of a commit's time.
func (h *Hub) gather(c *change) []*change {
	group := []*change{c}
	var patience <-chan time.Time
	for c.shared && len(group) < h.limits.Group {
		select {
		case c = <-h.queue:
			group = append(group, c)
			continue
		default:
		}
		if !h.lag.worthWaiting(len(group)) {
			break
		}
		if patience == nil {
			patience = time.After(h.lag.patience())
		}
		select {
		case c = <-h.queue:
			group = append(group, c)
		case <-patience:
			return group
		}
	}
	return group
}

// commitGroup decides, writes and tells one group, and lets its callers go on.
func (h *Hub) commitGroup(group []*change) {
	d := &draft{now: h.clock.Now(), audits: h.registry.lastAudit.Num, prev: h.registry.lastAudit.Hash}
	for _, c := range group {
		c.err = h.decide(d, c)
	}
	if !d.group.Empty() {
		start := time.Now()
		err := h.store.Write(context.WithoutCancel(context.Background()), &d.group)
		h.lag.add(time.Since(start), len(group))
		if err != nil {
			h.undo(d)
			h.failGroup(group, err)
			return
		}
	}
	h.apply(d)
	for _, c := range group {
		c.end()
	}
}

// decide runs one change and takes back what it had drafted when it refuses.
func (h *Hub) decide(d *draft, c *change) (err error) {
	mark := d.mark()
	defer func() {
		if p := recover(); p != nil {
			h.log.Error("a change panicked", "panic", p)
			err = home.Errorf(home.Internal, "something went wrong on our side")
		}
		if err != nil {
			d.rewind(mark)
		}
	}()
	return c.decide(d)
}

// failGroup ends a group that could not be written. When the store itself is
// well, each change is tried alone, so that one that cannot be written does
// not take the others with it.
func (h *Hub) failGroup(group []*change, err error) {
	if e, ok := errors.AsType[*home.Error](err); len(group) > 1 && (!ok || e.Code != home.Unavailable) {
		for _, c := range group {
			c.err = nil
			h.commitGroup([]*change{c})
		}
		return
	}
	for _, c := range group {
		if c.err == nil {
			c.err = err
		}
		c.end()
	}
}

// apply brings the registry up to what is now on disk and tells the bus.
func (h *Hub) apply(d *draft) {
	for _, p := range d.places {
		p.seq, p.drawn = p.next, false
		p.head.Store(p.seq)
	}
	for _, l := range d.lives {
		l.current.Store(l.pending)
		l.pending = nil
	}
	h.registry.lastAudit.Num, h.registry.lastAudit.Hash = d.audits, d.prev
	for _, f := range d.after {
		f()
	}
	if len(d.tell) > 0 {
		h.bus.Publish(d.tell)
	}
}

// undo forgets what a group that was not written had drawn.
func (h *Hub) undo(d *draft) {
	for _, p := range d.places {
		p.next, p.drawn = p.seq, false
	}
	for _, l := range d.lives {
		l.pending = nil
	}
}
