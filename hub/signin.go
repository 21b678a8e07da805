package hub

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"latchkey/home"
)

// How long a session lasts.
const (
	SessionIdle = 30 * 24 * time.Hour // unused
	SessionLife = 90 * 24 * time.Hour // in all
)

// maxSessions is how many sessions an account has at a time; one more ends the
// one that was not used for longest.
const maxSessions = 100

// SignInRequest is a person at the door.
type SignInRequest struct {
	Username string // or the e-mail address
	Password string
	Code     string // of a second factor; no account has one yet, so it is not looked at
	Remote   string // network address
}

// SignInResult is a session.
type SignInResult struct {
	Token   string // shown this once
	Key     home.Key
	Account home.Account
	Houses  []home.House // by name
}

// SignIn makes a session. Errors: Unauthorized (sign_in_failed), the same
// whether the name, the password or the account's being disabled is the reason;
// TooMany after many failures of one address on one account; Unavailable.
func (h *Hub) SignIn(ctx context.Context, r SignInRequest) (SignInResult, error) {
	for range 3 { // the account may change while its password is being checked
		a := h.registry.accountNamed(r.Username)
		fresh, err := h.prove(ctx, a, r)
		if err != nil {
			return SignInResult{}, err
		}
		out, moved, err := h.newSession(ctx, a, fresh, r)
		if err != nil || !moved {
			return out, err
		}
	}
	return SignInResult{}, &home.Error{Code: home.Unavailable, Reason: "busy", RetryAfter: time.Second,
		Message: "the account is being changed; try again in a second"}
}

// prove checks a password under the limiter. fresh is a new hash to keep when
// the old one was made at another cost.
func (h *Hub) prove(ctx context.Context, a *home.Account, r SignInRequest) (fresh string, err error) {
	var account home.ID
	if a != nil {
		account = a.ID
	}
	id := triesID(account, strings.ToLower(r.Username), r.Remote)
	if err := h.door.admit(id, h.Now()); err != nil {
		return "", err
	}
	hash, err := h.passwordOf(ctx, account)
	if err != nil {
		return "", err
	}
	ok, fresh, err := h.door.tryPassword(ctx, r.Password, hash, attempt{id: id, now: h.Now})
	if err != nil {
		return "", err
	}
	if !ok {
		h.keepTries(ctx, id, account, r.Remote)
	}
	if !ok || a == nil || a.Disabled {
		return "", unauthorized("sign_in_failed", "the name or the password is not right")
	}
	return fresh, nil
}

// newSession makes the session once the password was right; moved says that
// the account has changed since.
func (h *Hub) newSession(ctx context.Context, a *home.Account, fresh string, r SignInRequest) (out SignInResult, moved bool, err error) {
	token := newToken(home.SessionKey)
	key := h.sessionKey(a.ID, token)
	id := &home.Identity{Kind: home.SessionKey, Account: a.ID, Key: key.ID, Remote: r.Remote}
	err = h.write(ctx, func(d *draft) error {
		now := h.registry.accounts[a.ID]
		if moved = now == nil || now.Version != a.Version; moved {
			return nil
		}
		h.endOldest(d, id)
		if fresh != "" {
			d.putPassword(a.ID, fresh)
		}
		h.door.forgive(d, triesID(a.ID, "", r.Remote))
		h.putKey(d, key)
		d.audit(id, home.Audit{Action: "session.created", Target: "key:" + string(key.ID)})
		return nil
	})
	if err != nil || moved {
		return out, moved, err
	}
	return SignInResult{Token: token, Key: key.Public(), Account: *a, Houses: h.housesOf(a.ID)}, false, nil
}

// sessionKey is a session of an account from now on.
func (h *Hub) sessionKey(account home.ID, token string) home.Key {
	now := h.Now()
	return home.Key{ID: home.NewID(), Account: account, Version: 1, Kind: home.SessionKey, Name: "session", Hint: Redact(token),
		Hash: hashOf(token), Grants: []home.Grant{{Verbs: defaultVerbs(home.SessionKey)}}, CreatedAt: now,
		Expires: now.Add(SessionLife), Idle: int64(SessionIdle / time.Second)}
}

// endOldest keeps the sessions of id's account below their number.
func (h *Hub) endOldest(d *draft, id *home.Identity) {
	open := h.sessions(id.Account)
	if len(open) < maxSessions {
		return
	}
	slices.SortFunc(open, func(a, b home.Key) int {
		return cmp.Compare(max(a.UsedAt, a.CreatedAt), max(b.UsedAt, b.CreatedAt))
	})
	for _, k := range open[:len(open)-maxSessions+1] {
		h.dropKey(d, id, k)
	}
}

// sessions returns an account's sessions that were not ended.
func (h *Hub) sessions(account home.ID) []home.Key {
	return h.registry.keysWhere(func(k *home.Key) bool {
		return k.Kind == home.SessionKey && k.Account == account && k.Revoked == 0
	})
}

// housesOf lists the houses that an account is a member of, by name.
func (h *Hub) housesOf(account home.ID) []home.House {
	out, err := h.Houses(context.Background(), &home.Identity{Account: account})
	if err != nil {
		return nil
	}
	return out
}

// SignOut ends the session that id came by. Conflict (not_a_session) for any
// other credential.
func (h *Hub) SignOut(ctx context.Context, id *home.Identity) error {
	if id.Kind != home.SessionKey {
		return home.Errorf(home.Conflict, "only a session is signed out of; revoke the key instead").Because("not_a_session")
	}
	return h.write(ctx, func(d *draft) error {
		if c := h.registry.keys[id.Key]; c != nil {
			if k := c.snapshot(); k.Revoked == 0 {
				h.dropKey(d, id, k)
			}
		}
		return nil
	})
}

// ChangePassword changes the password of id's account and ends its other
// sessions. It needs a session. Errors: Forbidden (password_wrong,
// session_needed), TooMany, Unprocessable, Stale when the account was changed
// at the same time.
func (h *Hub) ChangePassword(ctx context.Context, id *home.Identity, old, new string) error {
	a, err := h.ownAccount(id)
	if err != nil {
		return err
	}
	if _, err := h.prove(ctx, a, SignInRequest{Username: a.Username, Password: old, Remote: id.Remote}); err != nil {
		if home.CodeOf(err) == home.Unauthorized {
			return home.Errorf(home.Forbidden, "the present password is not right").Because("password_wrong").At("old", "this is not the present password")
		}
		return err
	}
	e := home.Errorf(home.Unprocessable, "the password is not acceptable").Because("password_refused")
	h.door.judgePassword(e, "password", new, a.Username, a.Email)
	if err := e.OrNil(); err != nil {
		return err
	}
	hash, err := h.door.hashPassword(ctx, new)
	if err != nil {
		return err
	}
	return h.write(ctx, func(d *draft) error {
		now := *h.registry.accounts[a.ID]
		if err := checkVersion(now.Version, a.Version); err != nil {
			return err
		}
		now.Version++ // a sign-in that has just checked the old password sees that it must again
		h.saveAccount(d, &now)
		d.putPassword(a.ID, hash)
		h.door.forgive(d, triesID(a.ID, "", id.Remote))
		for _, k := range h.sessions(a.ID) {
			if k.ID != id.Key {
				h.dropKey(d, id, k)
			}
		}
		d.audit(id, home.Audit{Action: "password.changed", Target: "account:" + string(a.ID)})
		return nil
	})
}
