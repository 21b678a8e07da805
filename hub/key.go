package hub

import (
	"cmp"
	"context"
	"slices"
	"time"

	"latchkey/home"
)

// Never as NewKey.Expires or KeyChange.Expires asks for a key that does not
// expire; 0 takes the kind's default.
const Never = home.Time(-1)

const (
	tokenLife = 365 * 24 * time.Hour // personal tokens and partners' keys, unless asked otherwise
	maxKeys   = 1000                 // of an account
)

// NewKey is what a key is made from.
type NewKey struct {
	Kind   home.KeyKind
	Name   string       // 1 to 100 characters
	Grants []home.Grant // nil = the kind's default rights
	// Expires 0 is a year for personal tokens and partners' keys and never for
	// the others. Guests' keys end after 7 days at the latest.
	Expires   home.Time
	Hex80     bool // as 80 hexadecimal digits, the shape of Gladys; open keys only
	AllHouses bool // for every house of the account; cannot be narrowed to a part of one
}

// Keys lists one's own keys that are not revoked, and for the owner of a house
// every key of that house, oldest first, without hashes. It needs key:read, or
// a session for one's own.
func (h *Hub) Keys(_ context.Context, id *home.Identity) ([]home.Key, error) {
	if id.Kind != home.SessionKey && !id.May(home.ReadKey, nil, nil) {
		return nil, forbidden(home.ReadKey)
	}
	now := h.Now()
	out := h.registry.keysWhere(func(k *home.Key) bool {
		return sees(id, k) && (k.Kind != home.SessionKey || sessionOpen(k, now))
	})
	for i := range out {
		out[i] = out[i].Public()
	}
	slices.SortFunc(out, func(a, b home.Key) int { return cmp.Or(cmp.Compare(a.CreatedAt, b.CreatedAt), cmp.Compare(a.ID, b.ID)) })
	return out, nil
}

func sessionOpen(k *home.Key, now home.Time) bool {
	return k.Expires > now && now.Sub(max(k.UsedAt, k.CreatedAt)) <= time.Duration(k.Idle)*time.Second
}

// sees reports whether k is one of id's own keys or, for an owner, of the house.
func sees(id *home.Identity, k *home.Key) bool {
	switch {
	case k.Revoked != 0:
		return false
	case id.Account != "" && k.Account == id.Account:
		return k.House == "" || k.House == id.House
	}
	return id.House != "" && k.House == id.House && id.Role == home.Owner && id.May(home.ReadKey, nil, nil)
}

// Key returns one of the keys that Keys lists. NotFound (key_unknown) for any
// other.
func (h *Hub) Key(_ context.Context, id *home.Identity, key home.ID) (home.Key, error) {
	if id.Kind != home.SessionKey && !id.May(home.ReadKey, nil, nil) {
		return home.Key{}, forbidden(home.ReadKey)
	}
	k, err := h.keyOf(id, key)
	return k.Public(), err
}

// keyOf returns a key that id may know of.
func (h *Hub) keyOf(id *home.Identity, key home.ID) (home.Key, error) {
	h.registry.mu.RLock()
	c := h.registry.keys[key]
	h.registry.mu.RUnlock()
	if c != nil {
		if k := c.snapshot(); sees(id, &k) {
			return k, nil
		}
	}
	return home.Key{}, home.Errorf(home.NotFound, "there is no such key").Because("key_unknown")
}

// CreateKey makes a key of id's account and returns its secret, which cannot be
// read again. It needs key:write, by a session or a personal token; the key gets
// no right that id lacks. Errors: Forbidden, Unprocessable, Conflict (no_house,
// too_many_keys).
func (h *Hub) CreateKey(ctx context.Context, id *home.Identity, n NewKey) (home.Key, string, error) {
	p, err := h.minter(id)
	if err != nil {
		return home.Key{}, "", err
	}
	secret := newToken(n.Kind)
	if n.Hex80 {
		secret = newHexToken()
	}
	k := home.Key{ID: home.NewID(), House: p.id, Account: id.Account, Version: 1, Kind: n.Kind, Name: n.Name, Hint: Redact(secret),
		Hash: hashOf(secret), Grants: n.Grants, CreatedAt: h.Now(), Expires: n.Expires}
	if n.AllHouses {
		k.House = ""
	}
	if err := h.judgeNewKey(p, id, &k, n); err != nil {
		return home.Key{}, "", err
	}
	err = h.write(ctx, func(d *draft) error {
		if err := h.still(id, home.WriteKey); err != nil {
			return err
		}
		mine := h.registry.keysWhere(func(o *home.Key) bool { return o.Account == k.Account && o.Revoked == 0 && o.Kind != home.SessionKey })
		if len(mine) >= maxKeys {
			return home.Errorf(home.Conflict, "an account has at most %d keys; revoke those that are not used", maxKeys).Because("too_many_keys")
		}
		h.putKey(d, k)
		h.tellKey(d, id, "key.created", &k)
		return nil
	})
	if err != nil {
		return home.Key{}, "", err
	}
	return k.Public(), secret, nil
}

// minter returns the house in which id may make and change keys. Open keys,
// hooks and the like never do, whatever their rights say, nor do scenes.
func (h *Hub) minter(id *home.Identity) (*place, error) {
	if id.Kind != home.SessionKey && id.Kind != home.TokenKey {
		return nil, home.Errorf(home.Forbidden, "keys are made and changed by a person or a personal token with key:write").Because("right_missing")
	}
	return h.placeOf(id, home.WriteKey)
}

// dropKey drafts the end of a key.
func (h *Hub) dropKey(d *draft, id *home.Identity, k home.Key) {
	k.Revoked, k.OldHash, k.OldUntil = d.now, "", 0
	k.Version++
	h.putKey(d, k)
	h.tellKey(d, id, "key.revoked", &k)
}

// putKey drafts a key as it now is.
func (h *Hub) putKey(d *draft, k home.Key) {
	d.put(home.Record{Kind: home.KindKey, ID: k.ID, House: k.House, Parent: k.Account, Version: k.Version}, k, func() {
		h.registry.mu.Lock()
		defer h.registry.mu.Unlock()
		h.registry.setKey(&k)
	})
}

// keyTold is what the events of keys hold.
type keyTold struct {
	Kind    home.KeyKind `json:"kind"`
	Name    string       `json:"name"`
	Account home.ID      `json:"account"`
	Expires home.Time    `json:"expires_at"`
}

// tellKey drafts the audit row of a changed key and, for a key of one house,
// that house's event.
func (h *Hub) tellKey(d *draft, id *home.Identity, what string, k *home.Key) {
	d.audit(id, home.Audit{House: k.House, Action: what, Target: "key:" + string(k.ID), Detail: string(k.Kind) + " " + k.Name})
	if p := h.registry.houses[k.House]; p != nil {
		d.event(p, home.Event{Type: what, Subject: string(k.ID), Cause: causeOf(id), Verb: home.ReadKey},
			keyTold{Kind: k.Kind, Name: k.Name, Account: k.Account, Expires: k.Expires})
	}
}

// keysWhere returns copies of the keys that which chooses, with their latest use.
func (r *registry) keysWhere(which func(*home.Key) bool) []home.Key {
	var out []home.Key
	for _, c := range r.credentials() {
		if k := c.snapshot(); which(&k) {
			out = append(out, k)
		}
	}
	return out
}
