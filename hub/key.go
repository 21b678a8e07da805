package hub

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"latchkey/home"
)

// Never as NewKey.Expires or KeyChange.Expires asks for a key that does not
// expire; 0 takes the kind's default.
const Never = home.Time(-1)

const (
	tokenLife      = 365 * 24 * time.Hour // personal tokens and partners' keys, unless asked otherwise
	defaultOverlap = 24 * time.Hour       // after a rotation
	maxOverlap     = 7 * 24 * time.Hour
	maxKeys        = 1000 // of an account
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

// KeyChange is what changes in a key; nil leaves as it is. Version 0 does not
// check the version.
type KeyChange struct {
	Name    *string
	Grants  *[]home.Grant
	Expires *home.Time // 0 = the kind's default from now on
	Version int64
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

// judgeNewKey fills in k's rights and expiry and says what is wrong with it.
func (h *Hub) judgeNewKey(p *place, id *home.Identity, k *home.Key, n NewKey) error {
	e := home.Errorf(home.Unprocessable, "the key is not acceptable").Because("key_refused")
	checkName(e, "name", n.Name)
	switch n.Kind {
	case home.TokenKey, home.OpenKey, home.GatewayKey, home.HookKey, home.PartnerKey:
	default:
		e.At("kind", "%.10q is not a kind of key that can be made; pat, key, gw, hk and prt are", string(n.Kind))
	}
	if n.Hex80 && n.Kind != home.OpenKey {
		e.At("kind", "only open API keys have 80 hexadecimal digits")
	}
	k.Expires = keyExpiry(e, k, n.Expires, expiring{role: id.Role, now: h.Now()})
	if err := e.OrNil(); err != nil {
		return err
	}
	if n.Grants == nil {
		return h.defaultGrants(p, id, k)
	}
	return h.judgeReach(p, id, k)
}

// defaultGrants gives k its kind's default rights, as far as id has them.
func (h *Hub) defaultGrants(p *place, id *home.Identity, k *home.Key) error {
	by, err := h.reach(id, k)
	if err != nil {
		return err
	}
	verbs := slices.DeleteFunc(slices.Clone(defaultVerbs(k.Kind)), func(v home.Verb) bool { return !p.gives(by, v, home.Grant{}) })
	if len(verbs) == 0 {
		return forbidden(defaultVerbs(k.Kind)[0])
	}
	k.Grants = []home.Grant{{Verbs: verbs}}
	return nil
}

// judgeReach says what is wrong with k's rights, given by id.
func (h *Hub) judgeReach(p *place, id *home.Identity, k *home.Key) error {
	by, err := h.reach(id, k)
	if err != nil {
		return err
	}
	if k.House == "" && slices.ContainsFunc(k.Grants, func(g home.Grant) bool { return !g.Everything() }) {
		return rightsRefused("a key for every house cannot be narrowed to parts of one")
	}
	if len(k.Grants) == 0 {
		return rightsRefused("a key has at least one right")
	}
	return p.judgeGrants(by, k.Kind, k.Grants)
}

// reach returns id as the giver of rights to k. For a key of every house the
// giver must be one too, and gives what it holds before any house cuts it.
func (h *Hub) reach(id *home.Identity, k *home.Key) (*home.Identity, error) {
	if k.House != "" {
		return id, nil
	}
	h.registry.mu.RLock()
	c := h.registry.keys[id.Key]
	h.registry.mu.RUnlock()
	if c == nil {
		return nil, credentialInvalid()
	}
	giver := c.snapshot()
	if giver.House != "" {
		return nil, home.Errorf(home.Forbidden, "a key of one house cannot make or change keys of every house").Because("right_missing")
	}
	wide := *id
	wide.Grants = giver.Grants
	return &wide, nil
}

// expiring is for whom and when a key's expiry is reckoned.
type expiring struct {
	role home.Role
	now  home.Time
}

// keyExpiry returns when k ends, and notes in e what is wrong with what was asked.
func keyExpiry(e *home.Error, k *home.Key, asked home.Time, x expiring) home.Time {
	latest := k.CreatedAt.Add(guestKeyLife)
	switch {
	case asked > 0 && asked <= x.now || asked < Never:
		e.At("expires_at", "a key expires in the future; to end it now, revoke it")
	case asked == 0 && (k.Kind == home.TokenKey || k.Kind == home.PartnerKey):
		asked = x.now.Add(tokenLife)
		fallthrough
	case asked <= 0:
		asked = max(asked, 0)
		if x.role == home.Guest {
			asked = sooner(asked, latest)
		}
	case x.role == home.Guest && asked > latest:
		e.At("expires_at", "a guest's key lasts at most 7 days")
	}
	return asked
}

// UpdateKey changes one's own key. It needs key:write, by a session or a
// personal token. Errors: NotFound (key_unknown), Forbidden, Stale,
// Unprocessable.
func (h *Hub) UpdateKey(ctx context.Context, id *home.Identity, key home.ID, c KeyChange) (home.Key, error) {
	return h.changeKey(ctx, id, key, func(p *place, k *home.Key) (string, error) {
		if err := checkVersion(k.Version, c.Version); err != nil {
			return "", err
		}
		if k.Kind == home.SessionKey && (c.Grants != nil || c.Expires != nil) {
			return "", home.Errorf(home.Conflict, "a session's rights and end are not changed; sign in again").Because("not_a_key")
		}
		e := home.Errorf(home.Unprocessable, "the key is not acceptable").Because("key_refused")
		set(&k.Name, c.Name)
		checkName(e, "name", k.Name)
		if c.Expires != nil {
			k.Expires = keyExpiry(e, k, *c.Expires, expiring{role: id.Role, now: h.Now()})
		}
		if err := e.OrNil(); err != nil {
			return "", err
		}
		if c.Grants != nil {
			k.Grants = *c.Grants
			return "key.updated", h.judgeReach(p, id, k)
		}
		return "key.updated", nil
	})
}

// RotateKey gives one's own key a new secret and returns it. The one before
// works for overlap longer: 0 is 24 hours, less than 0 not at all, at most 7
// days. Errors: as UpdateKey.
func (h *Hub) RotateKey(ctx context.Context, id *home.Identity, key home.ID, overlap time.Duration) (home.Key, string, error) {
	if overlap > maxOverlap {
		return home.Key{}, "", home.Errorf(home.Unprocessable, "the secret before works for at most 7 days longer").Because("key_refused").At("overlap", "at most 7 days")
	}
	overlap = cmp.Or(overlap, defaultOverlap)
	var secret string
	k, err := h.changeKey(ctx, id, key, func(_ *place, k *home.Key) (string, error) {
		switch {
		case k.Kind == home.SessionKey:
			return "", home.Errorf(home.Conflict, "a session is not rotated; sign in again").Because("not_a_key")
		case strings.HasPrefix(k.Hint, tokenPrefix):
			secret = newToken(k.Kind)
		default:
			secret = newHexToken()
		}
		k.OldHash, k.OldUntil = "", 0
		if overlap > 0 {
			k.OldHash, k.OldUntil = k.Hash, h.Now().Add(overlap)
		}
		k.Hash, k.Hint = hashOf(secret), Redact(secret)
		return "key.rotated", nil
	})
	if err != nil {
		return home.Key{}, "", err
	}
	return k, secret, nil
}

// changeKey has change change one of id's own keys and keeps it.
func (h *Hub) changeKey(ctx context.Context, id *home.Identity, key home.ID, change func(*place, *home.Key) (what string, err error)) (home.Key, error) {
	p, err := h.minter(id)
	if err != nil {
		return home.Key{}, err
	}
	var k home.Key
	err = h.write(ctx, func(d *draft) error {
		var err error
		if k, err = h.keyOf(id, key); err != nil {
			return err
		}
		if k.Account != id.Account {
			return home.Errorf(home.Forbidden, "a key is changed by the account that it belongs to; an owner may revoke it").Because("key_foreign")
		}
		if err := h.mayTake(p, id, &k); err != nil {
			return err
		}
		what, err := change(p, &k)
		if err != nil {
			return err
		}
		k.Version++
		h.putKey(d, k)
		h.tellKey(d, id, what, &k)
		return nil
	})
	return k.Public(), err
}

// mayTake refuses a change of a key that can do more than the one who changes
// it: its new secret would be theirs.
func (h *Hub) mayTake(p *place, id *home.Identity, k *home.Key) error {
	if id.Kind == home.SessionKey || id.Key == k.ID {
		return nil
	}
	by, err := h.reach(id, k)
	if err != nil {
		return err
	}
	grants := k.Grants
	if k.House != "" {
		grants = cutGrants(*k, id.Role, id.Operator)
	}
	for _, g := range grants {
		for _, v := range g.Verbs {
			if !p.gives(by, v, g) {
				return home.Errorf(home.Forbidden, "that key has the right %s, which you do not have", v).Because("right_missing")
			}
		}
	}
	return nil
}

// RevokeKey ends a key at once and for good: one's own, or as the owner of a
// house one of that house. It needs key:write, or a session for one's own. When
// it returns, no restart brings the key back. NotFound (key_unknown).
func (h *Hub) RevokeKey(ctx context.Context, id *home.Identity, key home.ID) error {
	if id.Kind != home.SessionKey && id.Kind != home.TokenKey {
		return forbidden(home.WriteKey)
	}
	return h.write(ctx, func(d *draft) error {
		k, err := h.keyOf(id, key)
		if err != nil {
			return err
		}
		if own := id.Kind == home.SessionKey && k.Account == id.Account; !own && !id.May(home.WriteKey, nil, nil) {
			return forbidden(home.WriteKey)
		}
		h.dropKey(d, id, k)
		return nil
	})
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
	d.audit(id, k.House, what, "key:"+string(k.ID), string(k.Kind)+" "+k.Name)
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
