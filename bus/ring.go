package bus

import "sync"

// ring holds the last entries of one house. Their numbers have no holes, so an
// entry's place follows from its number.
type ring struct {
	size int

	mu      sync.RWMutex
	slots   []*Entry // grows up to size, then wraps
	first   uint64   // number of the oldest entry kept; 0 = empty
	last    uint64
	closed  bool
	waiting bool          // somebody holds wake
	wake    chan struct{} // closed when entries come; replaced then
}

func (r *ring) add(entries []*Entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range entries {
		if r.last != 0 && e.Seq != r.last+1 {
			r.slots, r.first = r.slots[:0], 0 // a hole: what came before no longer follows
		}
		if r.first == 0 {
			r.first = e.Seq
		}
		r.put(e)
		r.last = e.Seq
	}
	if r.waiting {
		r.waiting = false
		close(r.wake)
		r.wake = make(chan struct{})
	}
}

// put stores e in the slot that its number names.
func (r *ring) put(e *Entry) {
	if len(r.slots) < r.size {
		r.slots = append(r.slots, e)
		if len(r.slots) == r.size {
			r.settle(e.Seq)
		}
		return
	}
	r.slots[e.Seq%uint64(r.size)] = e
	r.first = e.Seq - uint64(r.size) + 1
}

// settle moves the entries, now as many as the ring holds, to the slots that
// their numbers name.
func (r *ring) settle(last uint64) {
	settled := make([]*Entry, r.size)
	for i, e := range r.slots {
		settled[(last-uint64(r.size-1)+uint64(i))%uint64(r.size)] = e
	}
	r.slots = settled
}

// from returns the entries from number next on, at most limit; or, when there
// are none yet, a channel that closes when there are.
func (r *ring) from(next uint64, limit int) ([]*Entry, <-chan struct{}, error) {
	r.mu.RLock()
	if !r.closed && r.last != 0 && next <= r.last && next >= r.first {
		n := min(int(r.last-next+1), limit)
		out := make([]*Entry, n)
		for i := range out {
			out[i] = r.at(next + uint64(i))
		}
		r.mu.RUnlock()
		return out, nil, nil
	}
	r.mu.RUnlock()
	return r.wait(next)
}

// wait is from's slow path: nothing to give yet, or a gap.
func (r *ring) wait(next uint64) ([]*Entry, <-chan struct{}, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || r.last != 0 && next < r.first {
		return nil, nil, ErrGap
	}
	if r.last != 0 && next <= r.last { // came meanwhile
		c := make(chan struct{})
		close(c)
		return nil, c, nil
	}
	r.waiting = true
	return nil, r.wake, nil
}

func (r *ring) at(seq uint64) *Entry {
	if len(r.slots) < r.size {
		return r.slots[seq-r.first]
	}
	return r.slots[seq%uint64(r.size)]
}

func (r *ring) oldest() uint64 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.first
}

func (r *ring) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	close(r.wake)
	r.wake = make(chan struct{})
}
