// Package bus tells what has happened inside one process. Its promises:
//
//   - It speaks only of what is on disk: the hub publishes after the commit.
//   - Each house's entries come in the order of their numbers, without holes.
//   - A listener is called by the publisher, in order, for every entry. It must
//     return quickly and must not block or publish.
//   - A reader goes at its own pace through a ring of the last entries. Readers
//     cost the publisher nothing; one that falls behind the ring is told so
//     (ErrGap) and never skips silently.
package bus

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"latchkey/home"
)

// ErrGap is returned to a reader that asks for entries that the ring no longer
// holds.
var ErrGap = errors.New("the reader is behind what is kept in memory")

// Entry is one line of a house's log, as it is told: a state or an event.
type Entry struct {
	Seq   uint64
	House home.ID
	State *home.StateChange // nil for an event
	Event *home.Event       // nil for a state

	frame atomic.Pointer[[]byte]
}

// Frame returns what encode makes of e. It is made once and shared by all
// readers, so encode must not depend on who reads.
func (e *Entry) Frame(encode func(*Entry) []byte) []byte {
	if f := e.frame.Load(); f != nil {
		return *f
	}
	f := encode(e)
	e.frame.Store(&f)
	return f
}

// Listener hears entries in order. It must not block.
type Listener func([]*Entry)

// Bus tells entries to listeners and keeps the last ones for readers.
type Bus struct {
	size int

	mu        sync.RWMutex // guards houses and listeners; never held while calling out
	houses    map[home.ID]*ring
	listeners []Listener
}

// New returns a bus that keeps the last size entries of each house; size is at
// least 1.
func New(size int) *Bus {
	return &Bus{size: max(size, 1), houses: map[home.ID]*ring{}}
}

// Listen adds a listener. It hears what is published afterwards.
func (b *Bus) Listen(l Listener) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.listeners = append(b.listeners[:len(b.listeners):len(b.listeners)], l)
}

// Publish tells entries, which follow on what was published before. One
// goroutine publishes at a time.
func (b *Bus) Publish(entries []*Entry) {
	for start := 0; start < len(entries); {
		end := start + 1
		for end < len(entries) && entries[end].House == entries[start].House {
			end++
		}
		b.ring(entries[start].House).add(entries[start:end])
		start = end
	}
	b.mu.RLock()
	listeners := b.listeners
	b.mu.RUnlock()
	for _, l := range listeners {
		l(entries)
	}
}

// Forget drops what is kept of a house and ends its readers with ErrGap.
func (b *Bus) Forget(house home.ID) {
	b.mu.Lock()
	r := b.houses[house]
	delete(b.houses, house)
	b.mu.Unlock()
	if r != nil {
		r.close()
	}
}

// Read returns a reader of the house's entries with numbers above after.
// oldest is the lowest number that it can still give; when after+1 is lower,
// the caller takes the part before from the store. It is 0 for an empty ring.
func (b *Bus) Read(house home.ID, after uint64) (r *Reader, oldest uint64) {
	g := b.ring(house)
	return &Reader{ring: g, next: after + 1}, g.oldest()
}

func (b *Bus) ring(house home.ID) *ring {
	b.mu.RLock()
	r := b.houses[house]
	b.mu.RUnlock()
	if r != nil {
		return r
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if r = b.houses[house]; r == nil {
		r = &ring{size: b.size, wake: make(chan struct{})}
		b.houses[house] = r
	}
	return r
}

// Reader goes through one house's entries. It is for one goroutine.
type Reader struct {
	ring *ring
	next uint64
}

// Next waits until there are entries and returns them all, at most limit, in
// order. It returns ErrGap when entries were missed, and ctx's error.
func (r *Reader) Next(ctx context.Context, limit int) ([]*Entry, error) {
	for {
		entries, wake, err := r.ring.from(r.next, limit)
		if err != nil {
			return nil, err
		}
		if len(entries) > 0 {
			r.next = entries[len(entries)-1].Seq + 1
			return entries, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-wake:
		}
	}
}
