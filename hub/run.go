package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"latchkey/home"
)

// SaveRun keeps a run as it now stands and tells of its beginning or end.
func (h *Hub) SaveRun(ctx context.Context, r home.Run) error {
	p, err := h.registry.place(r.House)
	if err != nil {
		return err
	}
	doomed, err := h.oldRuns(ctx, r)
	if err != nil {
		return err
	}
	return h.do(ctx, &change{shared: true, decide: func(d *draft) error {
		d.put(home.Record{Kind: home.KindRun, ID: r.ID, House: r.House, Parent: r.Scene, Version: 1}, r, nil)
		for _, id := range doomed {
			d.remove(home.KindRun, id, nil)
		}
		what := home.EventRunFinished
		if r.Status == "running" {
			what = home.EventRunStarted
		}
		d.event(p, home.Event{Type: what, Subject: string(r.Scene), Cause: r.Cause, Verb: home.ReadScene},
			map[string]string{"run": string(r.ID), "status": r.Status, "reason": r.Reason})
		return nil
	}})
}

// oldRuns returns the scene's runs beyond those that are kept, now and then:
// when a run ends whose id happens to ask for it, so that looking costs little.
func (h *Hub) oldRuns(ctx context.Context, r home.Run) ([]home.ID, error) {
	if r.Status == "running" || len(r.ID) == 0 || r.ID[0]%8 != 0 {
		return nil, nil
	}
	var out []home.ID
	n := 0
	err := h.store.Records(ctx, home.RecordQuery{Kind: home.KindRun, House: r.House, Parent: r.Scene, Newest: true}, func(rec home.Record) error {
		if n++; n > h.limits.RunsKept {
			out = append(out, rec.ID)
		}
		return nil
	})
	return out, err
}

// Runs lists runs of a scene, the newest first; scene "" = of all scenes.
func (h *Hub) Runs(ctx context.Context, id *home.Identity, scene home.ID, limit int) ([]home.Run, error) {
	p, err := h.placeOf(id, home.ReadScene)
	if err != nil {
		return nil, err
	}
	out := []home.Run{}
	q := home.RecordQuery{Kind: home.KindRun, House: p.id, Parent: scene, Newest: true, Limit: limit}
	err = h.store.Records(ctx, q, func(rec home.Record) error {
		r, err := decodeInto[home.Run](rec)
		if err == nil {
			out = append(out, *r)
		}
		return err
	})
	return out, err
}

// errFound ends a visit that has what it wants.
var errFound = errors.New("found")

// Run returns one run.
func (h *Hub) Run(ctx context.Context, id *home.Identity, run home.ID) (home.Run, error) {
	p, err := h.placeOf(id, home.ReadScene)
	if err != nil {
		return home.Run{}, err
	}
	var out home.Run
	err = h.store.Records(ctx, home.RecordQuery{Kind: home.KindRun, House: p.id, ID: run}, func(rec home.Record) error {
		if err := json.Unmarshal(rec.Doc, &out); err != nil {
			return err
		}
		return errFound
	})
	if errors.Is(err, errFound) {
		return out, nil
	}
	if err == nil {
		err = home.Errorf(home.NotFound, "there is no such run").Because("run_unknown")
	}
	return out, err
}

// interruptRuns ends the runs that the last process left running.
func (h *Hub) interruptRuns(ctx context.Context) error {
	var left []home.Run
	err := h.store.Records(ctx, home.RecordQuery{Kind: home.KindRun}, func(rec home.Record) error {
		r, err := decodeInto[home.Run](rec)
		if err == nil && r.Status == "running" {
			r.House = rec.House
			left = append(left, *r)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("read the runs: %w", err)
	}
	for _, r := range left {
		r.Status, r.Reason, r.Finished = "interrupted", "the program ended in the middle", h.Now()
		if err := h.SaveRun(ctx, r); err != nil { // a full disk must not keep the house from starting
			h.log.Warn("a run that was cut off could not be ended", "run", r.ID, "error", err)
		}
	}
	return nil
}
