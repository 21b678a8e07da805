package hub

import (
	"context"

	"latchkey/home"
)

// DeleteHouse deletes id's house with its rooms, devices, history, scenes,
// members, keys and waiting requests. Only an owner in person may: it needs a
// session, or Forbidden. version 0 does not check the version.
func (h *Hub) DeleteHouse(ctx context.Context, id *home.Identity, version int64) error {
	p, err := h.placeOf(id, home.WriteHouse)
	if err != nil {
		return err
	}
	if id.Kind != home.SessionKey || id.Role != home.Owner {
		return home.Errorf(home.Forbidden, "a house is deleted by an owner in person: sign in first").Because("right_missing")
	}
	traces, err := h.traces(ctx, p.id)
	if err != nil {
		return err
	}
	return h.write(ctx, func(d *draft) error {
		if err := checkVersion(p.house.Version, version); err != nil {
			return err
		}
		h.emptyHouse(d, p)
		d.group.Records = append(d.group.Records, traces...)
		d.remove(home.KindHouse, p.id, func() {
			h.registry.mu.Lock()
			delete(h.registry.houses, p.id)
			h.registry.mu.Unlock()
			h.registry.epoch.Add(1)
			h.bus.Forget(p.id)
		})
		d.audit(id, home.Audit{House: p.id, Action: "house.deleted", Target: "house:" + string(p.id), Detail: p.house.Name})
		return nil
	})
}

// emptyHouse drafts the end of everything that belongs to p.
func (h *Hub) emptyHouse(d *draft, p *place) {
	for _, r := range p.rooms {
		d.remove(home.KindRoom, r.ID, nil)
	}
	for _, z := range p.zones {
		d.remove(home.KindZone, z.ID, nil)
	}
	for _, device := range p.devices {
		p.eraseDropped(d, device, &home.Device{})
		d.remove(home.KindDevice, device.ID, nil)
	}
	for _, m := range p.members {
		d.remove(home.KindMember, m.ID, nil)
	}
	for _, s := range p.scenes {
		d.remove(home.KindScene, s.ID, func() { h.sceneChanged(*s, true) })
	}
	h.endKeys(d, p.id)
	h.outbox.forget(d, p.id)
	d.after = append(d.after, p.end)
}

// endKeys drafts the end of the keys that are for one house alone.
func (h *Hub) endKeys(d *draft, house home.ID) {
	h.registry.mu.RLock()
	defer h.registry.mu.RUnlock()
	for _, c := range h.registry.keys {
		k := c.snapshot()
		if k.House != house {
			continue
		}
		d.remove(home.KindKey, k.ID, func() {
			h.registry.mu.Lock()
			defer h.registry.mu.Unlock()
			delete(h.registry.keys, k.ID)
			delete(h.registry.hashes, k.Hash)
			delete(h.registry.hashes, k.OldHash)
		})
	}
}

// forget drafts the end of a house's waiting requests.
func (o *outbox) forget(d *draft, house home.ID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, r := range o.waiting {
		if r.House != house {
			continue
		}
		d.remove(home.KindRequest, r.ID, func() {
			o.mu.Lock()
			delete(o.waiting, r.ID)
			o.mu.Unlock()
		})
	}
}

// end marks every feature as gone, for those who still hold one.
func (p *place) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for externalID := range p.features {
		p.dropFeature(externalID)
	}
}

// traces are the ends of a house's records that are only in the store: runs,
// kept answers, pairings and requests that were given up.
func (h *Hub) traces(ctx context.Context, house home.ID) (out []home.RecordChange, err error) {
	for _, kind := range []string{home.KindRun, home.KindAnswer, home.KindRequest, home.KindPairing} {
		err := h.store.Records(ctx, home.RecordQuery{Kind: kind, House: house}, func(r home.Record) error {
			out = append(out, home.Record{Kind: r.Kind, ID: r.ID})
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
