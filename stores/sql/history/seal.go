package history

import (
	"context"
	"fmt"
	"time"
)

const (
	// linger is how long Serve gathers full features for one transaction.
	linger = 200 * time.Millisecond
	// retry is how long Serve waits after a failure.
	retry = 5 * time.Second
	// batchFeatures and batchOps bound one transaction.
	batchFeatures = 512
	batchOps      = 128_000
)

// Serve seals in the background until ctx ends or the history is closed; then
// it returns nil. Failures, such as a full disk, are logged and tried again.
func (h *History) Serve(ctx context.Context) error {
	h.mu.Lock()
	if h.closed.Err() != nil {
		h.mu.Unlock()
		return errClosed
	}
	h.served.Add(1)
	h.mu.Unlock()
	defer h.served.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(h.closed, cancel)()
	look := time.NewTicker(max(h.cfg.MaxAge/16, time.Millisecond))
	defer look.Stop()
	for {
		wait := linger
		select {
		case <-ctx.Done():
			return nil
		case <-h.nudge:
		case <-look.C:
			wait = 0
		}
		if err := h.Seal(ctx, h.overdue()); err != nil && ctx.Err() == nil {
			h.cfg.Log.Error("the history could not be sealed; its points wait in the journal", "error", err)
			wait = retry
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// overdue reports whether something has waited too long, or too much waits. Then
// everything is sealed: many short tails at once cost less than a few at a time.
func (h *History) overdue() bool {
	limit := h.cfg.Clock.Now().Add(-h.cfg.MaxAge * 15 / 16)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.pending > h.cfg.MaxPending {
		return true
	}
	for _, s := range h.series {
		if len(s.ops) > 0 && s.since <= limit {
			return true
		}
	}
	return false
}

// job is one feature of a batch.
type job struct {
	feature uint32
	waiting
	state state
}

// Seal writes the full chunks that wait; with all, everything that waits. When
// it returns nil, what waited at the call is on disk.
func (h *History) Seal(ctx context.Context, all bool) error {
	if err := h.hold(ctx); err != nil {
		return err
	}
	defer func() { <-h.turn }()
	todo := h.choose(all)
	for len(todo) > 0 {
		if err := ctx.Err(); err != nil {
			h.putBack(todo)
			return err
		}
		n := h.batch(todo)
		if err := h.sealBatch(ctx, todo[:n], all); err != nil {
			h.putBack(todo)
			return fmt.Errorf("seal the history of %d features: %w", n, err)
		}
		todo = todo[n:]
	}
	return nil
}

// choose returns the features to seal.
func (h *History) choose(all bool) []uint32 {
	h.mu.Lock()
	defer h.mu.Unlock()
	todo := h.due
	h.due = nil
	if all {
		todo = todo[:0]
		for num, s := range h.series {
			if len(s.ops) > 0 {
				todo = append(todo, num)
			}
		}
	}
	return todo
}

// putBack makes features due again after a failure.
func (h *History) putBack(todo []uint32) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, num := range todo {
		if s := h.series[num]; len(s.ops) > 0 {
			s.due = true
			h.due = append(h.due, num)
		}
	}
	h.wake()
}

// batch returns how many of todo go into one transaction.
func (h *History) batch(todo []uint32) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	ops := 0
	for i, num := range todo {
		ops += len(h.series[num].ops)
		if i+1 >= batchFeatures || ops >= batchOps {
			return i + 1
		}
	}
	return len(todo)
}

// sealBatch seals features in one transaction, then lets go of their points.
func (h *History) sealBatch(ctx context.Context, features []uint32, all bool) error {
	jobs := make([]job, 0, len(features))
	h.mu.Lock()
	for _, num := range features {
		s := h.series[num]
		jobs = append(jobs, job{feature: num, waiting: s.waiting, state: s.state})
	}
	h.mu.Unlock()
	err := h.w.transact(ctx, func(ctx context.Context) error {
		cut := make(map[uint32]int, len(jobs))
		for i := range jobs {
			j := &jobs[i]
			if !all {
				j.whole()
			}
			if len(j.ops) == 0 {
				continue
			}
			if err := h.w.seal(ctx, j); err != nil {
				return damaged(j.feature, err)
			}
			cut[j.feature] = len(j.ops)
		}
		h.mu.Lock()
		floor := h.floor(cut)
		h.mu.Unlock()
		return h.w.do(ctx, "seal.floor", h.w.putFloor, floor)
	})
	if err != nil {
		return err
	}
	err = h.cfg.Failpoint("seal.committed")
	h.publish(jobs)
	return err
}

// whole leaves those ops that would only fill a tail waiting.
func (j *job) whole() {
	if !j.plain() || len(j.ops) == 0 || j.ops[0].at <= j.state.last.At {
		return
	}
	n := int(j.state.tail) + len(j.ops)
	j.ops = j.ops[:max(0, n-n%chunkPoints-int(j.state.tail))]
}

// publish takes what is sealed out of memory. Readers that took it before know
// by the marks in the file that they have it already.
func (h *History) publish(jobs []job) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range jobs {
		j := &jobs[i]
		s := h.series[j.feature]
		h.points += j.state.chunks + j.state.tail - s.chunks - s.tail
		h.pending -= len(j.ops)
		s.state = j.state
		s.drop(len(j.ops))
		if len(j.ops) > 0 {
			s.since = s.filled
		}
		if s.due = int(s.tail)+len(s.ops) >= chunkPoints; s.due {
			h.due = append(h.due, j.feature)
		}
	}
	h.low = h.floor(nil)
	if len(h.due) > 0 {
		h.wake()
	}
}
