package hub

import (
	"context"
	"time"

	"latchkey/home"
)

// keepDead is how long a key that is revoked or has expired stays on record.
const keepDead = 90 * 24 * time.Hour

// FlushUse writes down when and from where keys were last used, and clears away
// keys and failed sign-ins that are long over. The program calls it each
// minute; Close does once more.
func (h *Hub) FlushUse(ctx context.Context) error {
	if !h.hasUse() {
		return nil
	}
	return h.do(ctx, &change{shared: true, decide: func(d *draft) error {
		h.door.dropTries(d)
		for _, c := range h.registry.credentials() {
			h.draftUse(d, c)
		}
		return nil
	}})
}

// hasUse reports whether there is anything for FlushUse to write.
func (h *Hub) hasUse() bool {
	now := h.Now()
	for _, c := range h.registry.credentials() {
		if k := c.snapshot(); c.unwritten(&k) || dead(&k, now) {
			return true
		}
	}
	h.door.mu.Lock()
	defer h.door.mu.Unlock()
	h.door.prune(now)
	return len(h.door.old) > 0
}

// unwritten reports whether k, the key's snapshot, was used since it was last
// written.
func (c *credential) unwritten(k *home.Key) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return k.UsedAt > c.key.UsedAt && k.Revoked == 0
}

func dead(k *home.Key, now home.Time) bool {
	end := k.Revoked
	if end == 0 {
		end = k.Expires
	}
	return end != 0 && now.Sub(end) > keepDead
}

func (h *Hub) draftUse(d *draft, c *credential) {
	k := c.snapshot()
	switch {
	case dead(&k, d.now):
		d.remove(home.KindKey, k.ID, func() { h.registry.dropKey(&k) })
	case c.unwritten(&k):
		d.put(home.Record{Kind: home.KindKey, ID: k.ID, House: k.House, Parent: k.Account, Version: k.Version}, k, func() {
			c.mu.Lock()
			c.key.UsedAt, c.key.UsedFrom = k.UsedAt, k.UsedFrom
			c.mu.Unlock()
		})
	}
}

// dropKey forgets a key.
func (r *registry) dropKey(k *home.Key) {
	r.mu.Lock()
	delete(r.keys, k.ID)
	delete(r.hashes, k.Hash)
	delete(r.hashes, k.OldHash)
	r.mu.Unlock()
	r.epoch.Add(1)
}

// credentials returns every key.
func (r *registry) credentials() []*credential {
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := make([]*credential, 0, len(r.keys))
	for _, c := range r.keys {
		out = append(out, c)
	}
	return out
}
