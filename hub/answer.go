package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"latchkey/home"
)

// answerKept is how long an answer is kept for its idempotency key.
const answerKept = 24 * time.Hour

// Answer is what a caller got for a request that carried an idempotency key.
type Answer struct {
	Place    string          `json:"place"` // hash of who asked where with which key
	Asked    string          `json:"asked"` // hash of what was asked
	Status   int             `json:"status"`
	Body     json.RawMessage `json:"body,omitempty"`
	ETag     string          `json:"etag,omitempty"`
	Location string          `json:"location,omitempty"`
	Secret   bool            `json:"secret,omitempty"` // the answer held a secret, so it is not kept
	At       home.Time       `json:"at"`
}

// Answered returns the answer kept at that place in the last 24 hours, or nil.
func (h *Hub) Answered(ctx context.Context, _ *home.Identity, place string) (*Answer, error) {
	var found *Answer
	err := h.store.Records(ctx, home.RecordQuery{Kind: home.KindAnswer, ID: home.ID(place)}, func(r home.Record) error {
		a, err := decodeInto[Answer](r)
		if err == nil && a.At > h.Now().Add(-answerKept) {
			found = a
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read a kept answer: %w", err)
	}
	return found, nil
}

// Answer keeps a for 24 hours, and lets go of some that are older.
func (h *Hub) Answer(ctx context.Context, id *home.Identity, a Answer) error {
	a.At = h.Now()
	old := []home.ID{}
	err := h.store.Records(ctx, home.RecordQuery{Kind: home.KindAnswer, Limit: 2}, func(r home.Record) error {
		if r.At <= a.At.Add(-answerKept) && r.ID != home.ID(a.Place) {
			old = append(old, r.ID)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read old answers: %w", err)
	}
	return h.write(ctx, func(d *draft) error {
		for _, o := range old {
			d.remove(home.KindAnswer, o, nil)
		}
		d.put(home.Record{Kind: home.KindAnswer, ID: home.ID(a.Place), House: id.House, Version: 1}, a, nil)
		return nil
	})
}
