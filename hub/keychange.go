package hub

import (
	"cmp"
	"context"
	"strings"
	"time"

	"latchkey/home"
)

// How long the secret before a rotation works.
const (
	defaultOverlap = 24 * time.Hour
	maxOverlap     = 7 * 24 * time.Hour
)

// KeyChange is what changes in a key; nil leaves as it is. Version 0 does not
// check the version.
type KeyChange struct {
	Name    *string
	Grants  *[]home.Grant
	Expires *home.Time // 0 = the kind's default from now on
	Version int64
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
		err := h.still(id, home.WriteKey)
		if err != nil {
			return err
		}
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
