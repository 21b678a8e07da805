package hub

import (
	"context"
	"time"

	"latchkey/home"
)

// HistoryQuery asks for a feature's values in [From, To). To 0 = to the end.
type HistoryQuery struct {
	Feature  string
	From, To home.Time
	Newest   bool
	Limit    int // 0 = all
	After    home.Cursor
}

// History visits a feature's values in the order of time.
func (h *Hub) History(ctx context.Context, id *home.Identity, q HistoryQuery, visit func(home.Sample) error) error {
	l, _, err := h.readable(id, q.Feature)
	if err != nil {
		return err
	}
	if q.To != 0 && q.To < q.From {
		return home.Errorf(home.Invalid, "to is before from").Because("span_refused")
	}
	return h.store.Points(ctx, home.PointQuery{Feature: l.num, From: q.From, To: q.To, Newest: q.Newest, Limit: q.Limit, After: q.After}, visit)
}

// BucketRequest asks for sums over spans of time. To 0 = now.
type BucketRequest struct {
	Feature  string
	From, To home.Time
	Every    home.Every
}

// Buckets sums a feature's values up over spans as the house's clocks show
// them. The first and the last span are whole: they may reach beyond From and
// To.
func (h *Hub) Buckets(ctx context.Context, id *home.Identity, q BucketRequest) ([]home.Bucket, error) {
	l, _, err := h.readable(id, q.Feature)
	if err != nil {
		return nil, err
	}
	p, err := h.registry.place(id.House)
	if err != nil {
		return nil, err
	}
	now := h.Now()
	if q.To == 0 {
		q.To = now
	}
	if q.To <= q.From {
		return nil, home.Errorf(home.Invalid, "to must be after from").Because("span_refused")
	}
	edges, err := q.Every.Edges(q.From, q.To, p.zone())
	if err != nil {
		return nil, err
	}
	return h.store.Buckets(ctx, home.BucketQuery{Feature: l.num, Edges: edges, Now: now})
}

// EraseHistory takes a feature's values of [from, to) away; to 0 = to the end.
// The current value stays. It needs state:correct on the feature.
func (h *Hub) EraseHistory(ctx context.Context, id *home.Identity, feature string, from, to home.Time) error {
	p, err := h.houseOf(id)
	if err != nil {
		return err
	}
	l, a, err := h.readable(id, feature)
	if err != nil {
		return err
	}
	if !id.May(home.CorrectState, a.device, a.feature) {
		return forbidden(home.CorrectState)
	}
	return h.write(ctx, func(d *draft) error {
		d.group.Erasures = append(d.group.Erasures, home.Erasure{Feature: l.num, From: from, To: to})
		d.event(p, home.Event{Type: "history.erased", Subject: feature, Cause: causeOf(id), Verb: home.ReadState},
			map[string]home.Time{"from": from, "to": to})
		d.audit(id, home.Audit{House: p.id, Action: "history.erased", Target: "feature:" + feature, Detail: from.String() + " to " + to.String()})
		return nil
	})
}

// Sweep erases what is older than its feature's retention. The program calls
// it each hour.
func (h *Hub) Sweep(ctx context.Context) error {
	now := h.Now()
	if now < clockEpoch {
		return nil // a clock that cannot be believed erases nothing
	}
	var due []home.Erasure
	h.registry.mu.RLock()
	for _, p := range h.registry.houses {
		p.mu.RLock()
		for _, l := range p.features {
			if days := l.about.Load().feature.Retention; days > 0 {
				due = append(due, home.Erasure{Feature: l.num, To: now.Add(-time.Duration(days) * 24 * time.Hour)})
			}
		}
		p.mu.RUnlock()
	}
	h.registry.mu.RUnlock()
	if len(due) == 0 {
		return nil
	}
	return h.do(ctx, &change{shared: true, decide: func(d *draft) error {
		d.group.Erasures = append(d.group.Erasures, due...)
		return nil
	}})
}
