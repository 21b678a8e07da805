package stream

import (
	"context"
	"errors"
	"sync"
	"time"

	"latchkey/bus"
	"latchkey/home"
	"latchkey/hub"
)

// Limits of one follower.
const (
	// Beat is how often a follower is pinged.
	Beat = 20 * time.Second
	// WriteTime is how long one write may take; a follower that reads more
	// slowly is cut.
	WriteTime = 10 * time.Second
	// Batch is how much goes out in one write.
	Batch = 64 << 10
	// atOnce is how many entries are taken for one write.
	atOnce = 1024
)

// outlet is where a follower's frames go.
type outlet interface {
	// add appends the entry to the batch as this outlet frames it.
	add(batch []byte, e *bus.Entry) []byte
	// write sends a batch of whole frames.
	write(batch []byte) error
}

// batches are the buffers that frames are joined in; a follower holds one only
// while it writes.
type batches struct{ free sync.Pool }

func newBatches() *batches {
	return &batches{free: sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}}
}

// begin is the number of the last entry that a follower has when its stream
// begins: nothing of a replay has been sent yet.
func begin(s *hub.Stream) uint64 {
	if s.Outcome == hub.OutcomeReplay {
		return 0
	}
	return s.Head
}

// pump sends entries until something ends it. It returns the number of the
// last entry sent, or last, and why it ended: bus.ErrGap, an Unauthorized
// error, ctx's error, or what the outlet failed with.
func (p *batches) pump(ctx context.Context, s *hub.Stream, out outlet, last uint64) (uint64, error) {
	for {
		entries, err := s.Next(ctx, atOnce)
		if err != nil {
			return last, err
		}
		if last, err = p.send(entries, out, last); err != nil {
			return last, err
		}
	}
}

// send joins entries and writes them, at most Batch bytes at a time.
func (p *batches) send(entries []*bus.Entry, out outlet, last uint64) (uint64, error) {
	held := p.free.Get().(*[]byte)
	batch := (*held)[:0]
	defer func() {
		if cap(batch) <= 2*Batch {
			*held = batch[:0]
			p.free.Put(held)
		}
	}()
	for i, e := range entries {
		before := len(batch)
		batch = out.add(batch, e)
		if len(batch) > Batch && before > 0 {
			if err := out.write(batch[:before]); err != nil {
				return last, err
			}
			last = entries[i-1].Seq
			batch = append(batch[:0], batch[before:]...)
		}
	}
	if err := out.write(batch); err != nil {
		return last, err
	}
	return entries[len(entries)-1].Seq, nil
}

// reason says in a word why a follower's stream ended.
func reason(err error) string {
	switch {
	case errors.Is(err, bus.ErrGap):
		return "slow"
	case home.CodeOf(err) == home.Unauthorized:
		return "credential"
	case errors.Is(err, context.Canceled):
		return "stopping"
	}
	return "error"
}
