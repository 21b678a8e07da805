package memory

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sort"

	"latchkey/home"
)

// logKeep is how many entries the log keeps over all houses; it is trimmed
// when it holds a tenth more.
const logKeep = 100_000

type logged struct {
	arrival int
	entry   home.Entry
}

// log holds each house's last entries in the order of their numbers.
type log struct {
	houses  map[home.ID][]logged
	arrived int
	held    int
}

// add takes g's points and events in, merged by number.
func (l *log) add(g *home.Group) {
	starts := map[home.ID]int{}
	put := func(house home.ID, e home.Entry) {
		list := l.houses[house]
		if _, ok := starts[house]; !ok {
			starts[house] = len(list)
		}
		l.arrived++
		l.held++
		l.houses[house] = append(list, logged{l.arrived, e})
	}
	for i := range g.Points {
		p := g.Points[i]
		put(p.House, home.Entry{Point: &p})
	}
	for i := range g.Events {
		e := g.Events[i]
		put(e.House, home.Entry{Event: &e})
	}
	for h, start := range starts {
		slices.SortStableFunc(l.houses[h][start:], func(a, b logged) int { return cmp.Compare(a.entry.Seq(), b.entry.Seq()) })
	}
	if l.held > logKeep+logKeep/10 {
		l.trim()
	}
}

func (l *log) trim() {
	l.held = 0
	for h, list := range l.houses {
		list = slices.DeleteFunc(list, func(e logged) bool { return e.arrival <= l.arrived-logKeep })
		l.houses[h] = list
		l.held += len(list)
	}
}

// Log implements home.LogStore.
func (s *Store) Log(ctx context.Context, house home.ID, after uint64, limit int, visit func(home.Entry) error) (uint64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.mu.RLock()
	list := s.log.houses[house]
	var lowest uint64
	if len(list) > 0 {
		lowest = list[0].entry.Seq()
	}
	i := sort.Search(len(list), func(i int) bool { return list[i].entry.Seq() > after })
	list = slices.Clone(list[i:min(len(list), i+max(limit, 0))])
	s.mu.RUnlock()
	for _, e := range list {
		if err := visit(e.entry); err != nil {
			return lowest, err
		}
	}
	return lowest, nil
}

// Heads implements home.LogStore.
func (s *Store) Heads(ctx context.Context) (map[home.ID]uint64, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return maps.Clone(s.heads), ctx.Err()
}

// Current implements home.LogStore, in the order of the features' numbers.
func (s *Store) Current(ctx context.Context, visit func(home.Point) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.RLock()
	list := slices.Collect(maps.Values(s.current))
	s.mu.RUnlock()
	slices.SortFunc(list, func(a, b home.Point) int { return cmp.Compare(a.Feature, b.Feature) })
	for _, p := range list {
		if err := visit(p); err != nil {
			return err
		}
	}
	return nil
}

// Audits implements home.LogStore. The house "" stands for all rows.
func (s *Store) Audits(ctx context.Context, house home.ID, after uint64, limit int, visit func(home.Audit) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.RLock()
	list := slices.Clone(s.audits)
	s.mu.RUnlock()
	for _, a := range list {
		if a.Num <= after || (house != "" && a.House != house) {
			continue
		}
		if limit--; limit < 0 {
			return nil
		}
		if err := visit(a); err != nil {
			return err
		}
	}
	return nil
}

// LastAudit implements home.LogStore.
func (s *Store) LastAudit(ctx context.Context) (*home.Audit, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if len(s.audits) == 0 {
		return nil, ctx.Err()
	}
	last := s.audits[len(s.audits)-1]
	return &last, ctx.Err()
}
