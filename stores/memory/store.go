// Package memory is a home.Store that forgets everything when it closes. It
// is the plain reference that the durable stores are compared with.
package memory

import (
	"context"
	"sync"

	"latchkey/home"
)

// Store is a home.Store in memory. Make one with New.
type Store struct {
	mu       sync.RWMutex
	closed   bool
	records  map[recordKey]home.Record
	features map[uint32][]home.Sample // ordered by At, then Seq
	current  map[uint32]home.Point
	heads    map[home.ID]uint64
	log      log
	audits   []home.Audit
}

var (
	_ home.Store = (*Store)(nil)
	_ home.Sizer = (*Store)(nil)
)

// New returns an empty store.
func New() *Store {
	return &Store{
		records:  map[recordKey]home.Record{},
		features: map[uint32][]home.Sample{},
		current:  map[uint32]home.Point{},
		heads:    map[home.ID]uint64{},
		log:      log{houses: map[home.ID][]logged{}},
	}
}

// Write implements home.Store. It returns Unavailable once s is closed.
func (s *Store) Write(ctx context.Context, g *home.Group) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return home.Errorf(home.Unavailable, "the store is closed").Because("storage_closed")
	}
	for _, r := range g.Records {
		s.putRecord(r)
	}
	for _, p := range g.Points {
		s.putPoint(p)
	}
	for _, e := range g.Events {
		s.heads[e.House] = max(s.heads[e.House], e.Seq)
	}
	s.log.add(g)
	s.audits = append(s.audits, g.Audits...)
	for _, e := range g.Erasures {
		s.erase(e)
	}
	return nil
}

// Close implements home.Store. What was written stays readable.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

// Size implements home.Sizer; the bytes are an estimate of the memory.
func (s *Store) Size() (bytes, points int64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, r := range s.records {
		bytes += int64(len(r.Doc)) + 100
	}
	for _, f := range s.features {
		points += int64(len(f))
	}
	return bytes + points*56, points
}
