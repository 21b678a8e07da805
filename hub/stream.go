package hub

import (
	"context"
	"time"

	"latchkey/bus"
	"latchkey/home"
)

// Outcomes of Follow.
const (
	OutcomeLive    = "live"    // from now on
	OutcomeNothing = "nothing" // resumed; nothing was missed
	OutcomeReplay  = "replay"  // resumed; what was missed comes first
	OutcomeGap     = "gap"     // what was missed is no longer kept; see Snapshot
)

const (
	// replayPage is how many entries are read from the store at a time.
	replayPage = 1000
	// maxReplay is how many missed entries are replayed at most.
	maxReplay = 100_000
	// holdCheck is how often a stream asks whether its credential still holds.
	holdCheck = 400 * time.Millisecond
)

// Stream is one follower of a house's log. It is for one goroutine.
type Stream struct {
	Outcome  string
	Head     uint64       // order number of the newest entry when the stream began
	Snapshot []DeviceView // current values as of Head or later, for a gap

	hub    *Hub
	place  *place
	id     home.Identity
	reader *bus.Reader
	from   uint64 // replayed up to here; the reader goes on behind upTo
	upTo   uint64
	asked  time.Time // when the credential was last seen to hold
}

// Head returns the order number of the newest entry of id's house.
func (h *Hub) Head(id *home.Identity) (uint64, error) {
	p, err := h.houseOf(id)
	if err != nil {
		return 0, err
	}
	return p.head.Load(), nil
}

// Follow begins a stream of what happens in id's house, behind the entry
// numbered after, or from now on when after is nil. It needs event:read or
// state:read on something.
func (h *Hub) Follow(ctx context.Context, id *home.Identity, after *uint64) (*Stream, error) {
	p, err := h.houseOf(id)
	if err != nil {
		return nil, err
	}
	if !id.MaySome(home.ReadEvent) && !id.MaySome(home.ReadState) {
		return nil, forbidden(home.ReadEvent)
	}
	s := &Stream{hub: h, place: p, id: *id, Head: p.head.Load(), asked: time.Now()}
	if after == nil {
		s.Outcome = OutcomeLive
		s.reader, _ = h.bus.Read(p.id, s.Head)
		return s, nil
	}
	return s, s.resume(ctx, *after)
}

// resume finds out what was missed since after.
func (s *Stream) resume(ctx context.Context, after uint64) error {
	if after == s.Head {
		s.Outcome = OutcomeNothing
		s.reader, _ = s.hub.bus.Read(s.place.id, after)
		return nil
	}
	if after > s.Head || s.Head-after > maxReplay {
		s.gap()
		return nil
	}
	reader, oldest := s.hub.bus.Read(s.place.id, after)
	s.Outcome = OutcomeReplay
	if oldest != 0 && oldest <= after+1 {
		s.reader = reader
		return nil
	}
	// The ring begins later: the part before comes from the store.
	kept, err := s.hub.store.Log(ctx, s.place.id, after, 1, func(home.Entry) error { return nil })
	if err != nil {
		return err
	}
	if kept == 0 || kept > after+1 {
		s.gap()
		return nil
	}
	s.from, s.upTo = after, s.Head
	s.reader, _ = s.hub.bus.Read(s.place.id, s.Head)
	return nil
}

// gap gives up on what was missed and shows how things are instead.
func (s *Stream) gap() {
	s.Outcome = OutcomeGap
	s.reader, _ = s.hub.bus.Read(s.place.id, s.Head)
	s.Snapshot = s.place.views(&s.id)
}

// Next waits for entries that the follower may read and returns them in order,
// at most limit. It returns bus.ErrGap when the follower fell too far behind,
// Unauthorized once its credential has ended, and ctx's error.
func (s *Stream) Next(ctx context.Context, limit int) ([]*bus.Entry, error) {
	for {
		if err := s.holds(); err != nil {
			return nil, err
		}
		var entries []*bus.Entry
		var err error
		if s.from < s.upTo {
			entries, err = s.replay(ctx, limit)
		} else {
			entries, err = s.wait(ctx, limit)
		}
		if err != nil {
			return nil, err
		}
		if entries = s.readable(entries); len(entries) > 0 {
			return entries, nil
		}
	}
}

// holds asks now and then whether the credential still does.
func (s *Stream) holds() error {
	if now := time.Now(); now.Sub(s.asked) >= holdCheck {
		s.asked = now
		return s.hub.Renew(&s.id)
	}
	return nil
}

// wait takes from the bus, for no longer than until the next look at the
// credential.
func (s *Stream) wait(ctx context.Context, limit int) ([]*bus.Entry, error) {
	short, cancel := context.WithTimeout(ctx, holdCheck)
	defer cancel()
	entries, err := s.reader.Next(short, limit)
	if err != nil && ctx.Err() == nil && short.Err() != nil {
		return nil, nil
	}
	return entries, err
}

// replay takes from the store's log.
func (s *Stream) replay(ctx context.Context, limit int) ([]*bus.Entry, error) {
	var out []*bus.Entry
	limit = min(limit, replayPage, int(s.upTo-s.from))
	kept, err := s.hub.store.Log(ctx, s.place.id, s.from, limit, func(e home.Entry) error {
		out = append(out, s.place.entry(e))
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(out) == 0 || out[0].Seq != s.from+1 || kept > s.from+1 {
		return nil, bus.ErrGap // trimmed meanwhile
	}
	s.from = out[len(out)-1].Seq
	return out, nil
}

// entry is a stored entry as the bus would have told it.
func (p *place) entry(e home.Entry) *bus.Entry {
	if e.Event != nil {
		return &bus.Entry{Seq: e.Event.Seq, House: p.id, Event: e.Event}
	}
	point := e.Point
	c := &home.StateChange{Current: point.Current, Live: point.Live, New: home.State{Seq: point.Seq, At: point.At, Received: point.Received,
		Value: point.Value, Cause: point.Cause, Flagged: point.Flagged}}
	if point.Old != nil {
		c.Old = &home.State{Value: *point.Old}
	}
	c.Changed = c.Current && (c.Old == nil || c.Old.Value != c.New.Value)
	if a := p.byNum(point.Feature); a != nil {
		c.Device, c.Feature = a.device, a.feature
	}
	return &bus.Entry{Seq: point.Seq, House: p.id, State: c}
}

// byNum finds a feature by its number; nil when it is gone.
func (p *place) byNum(num uint32) *described {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if l := p.nums[num]; l != nil {
		return l.about.Load()
	}
	return nil
}

// readable leaves out what the follower may not read. What is left out leaves
// a hole in the numbers, which the follower's rights explain.
func (s *Stream) readable(entries []*bus.Entry) []*bus.Entry {
	if s.id.May(home.ReadState, nil, nil) && s.id.May(home.ReadEvent, nil, nil) && s.id.May(home.ReadLocation, nil, nil) && s.id.Role == home.Owner {
		return s.known(entries)
	}
	out := make([]*bus.Entry, 0, len(entries))
	for _, e := range entries {
		if s.mayRead(e) {
			out = append(out, e)
		}
	}
	return out
}

// known leaves out states of features that are gone.
func (s *Stream) known(entries []*bus.Entry) []*bus.Entry {
	for i, e := range entries {
		if e.State != nil && e.State.Feature == nil {
			out := append([]*bus.Entry(nil), entries[:i]...)
			for _, e := range entries[i:] {
				if e.State == nil || e.State.Feature != nil {
					out = append(out, e)
				}
			}
			return out
		}
	}
	return entries
}

func (s *Stream) mayRead(e *bus.Entry) bool {
	if e.State != nil {
		return e.State.Feature != nil && mayReadState(&s.id, e.State.Device, e.State.Feature)
	}
	if e.Event.Verb == "" {
		return s.id.May(home.ReadEvent, nil, nil)
	}
	return s.id.May(e.Event.Verb, nil, nil)
}

// Page visits at most limit entries behind after that id may read, from the
// store's log. It returns the number of the last entry looked at, so that the
// caller can go on behind it, and whether entries between after and the first
// one are no longer kept.
func (h *Hub) Page(ctx context.Context, id *home.Identity, after uint64, limit int) (out []*bus.Entry, last uint64, gap bool, err error) {
	p, err := h.houseOf(id)
	if err != nil {
		return nil, 0, false, err
	}
	if !id.MaySome(home.ReadEvent) && !id.MaySome(home.ReadState) {
		return nil, 0, false, forbidden(home.ReadEvent)
	}
	s := &Stream{hub: h, place: p, id: *id}
	last = after
	kept, err := h.store.Log(ctx, p.id, after, limit, func(e home.Entry) error {
		last = e.Seq()
		if entry := p.entry(e); s.mayRead(entry) {
			out = append(out, entry)
		}
		return nil
	})
	return out, last, kept > after+1, err
}
