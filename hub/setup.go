package hub

import (
	"context"

	"latchkey/home"
)

// SetupRequest makes the first account and the first house of a server.
type SetupRequest struct {
	Username, Password, Email, Name string
	House                           *NewHouse // nil = a house Home in UTC, in English
	Code                            string    // the one-time code; not needed with Loopback
	Loopback                        bool      // the caller is on the machine itself
	Remote                          string    // network address, for the audit
}

// SetupResult is what was made, with a session for it.
type SetupResult struct {
	Account home.Account
	House   home.House
	Token   string // shown this once
}

// NeedsSetup reports whether there is no account yet.
func (h *Hub) NeedsSetup() bool {
	h.registry.mu.RLock()
	defer h.registry.mu.RUnlock()
	return len(h.registry.accounts) == 0
}

// SetupCode returns the one-time code with which another machine may set this
// server up; "" once that is done or the code has lapsed.
func (h *Hub) SetupCode() string {
	if !h.NeedsSetup() || h.Now() >= h.door.lapses {
		return ""
	}
	return h.door.code
}

// Setup makes the first account, which runs the server, and a house that it
// owns. It works once. Errors: Forbidden (setup_code, setup_code_expired, setup_done), TooMany
// (setup_code) after many wrong codes, Unprocessable.
func (h *Hub) Setup(ctx context.Context, r SetupRequest) (SetupResult, error) {
	if !h.NeedsSetup() {
		return SetupResult{}, setupDone()
	}
	if !r.Loopback {
		if err := h.door.takeCode(r.Code, h.Now()); err != nil {
			return SetupResult{}, err
		}
	}
	wanted := NewHouse{}
	if r.House != nil {
		wanted = *r.House
	}
	house, err := h.newHouse(wanted)
	if err != nil {
		return SetupResult{}, err
	}
	n := NewAccount{Username: r.Username, Password: r.Password, Email: r.Email, Name: r.Name}
	if err := h.judgeAccount(n); err != nil {
		return SetupResult{}, err
	}
	hash, err := h.door.hashPassword(ctx, n.Password)
	if err != nil {
		return SetupResult{}, err
	}
	return h.foundServer(ctx, n, hash, house, r.Remote)
}

func (h *Hub) foundServer(ctx context.Context, n NewAccount, hash string, house home.House, remote string) (SetupResult, error) {
	a := h.newAccount(n)
	a.Operator = true
	token := newToken(home.SessionKey)
	key := h.sessionKey(a.ID, token)
	id := &home.Identity{Kind: home.SessionKey, Key: key.ID, KeyName: a.Username, Account: a.ID, House: house.ID, Remote: remote}
	err := h.write(ctx, func(d *draft) error {
		if len(h.registry.accounts) > 0 {
			return setupDone()
		}
		a.UID = h.registry.uids + 1
		kept := a
		h.saveAccount(d, &kept)
		d.putPassword(a.ID, hash)
		d.audit(id, home.Audit{Action: "server.set_up", Target: "account:" + string(a.ID), Detail: a.Username})
		h.foundHouse(d, id, &house, a.ID)
		h.putKey(d, key)
		d.audit(id, home.Audit{Action: "session.created", Target: "key:" + string(key.ID)})
		return nil
	})
	if err != nil {
		return SetupResult{}, err
	}
	return SetupResult{Account: a, House: house, Token: token}, nil
}

func setupDone() error {
	return home.Errorf(home.Forbidden, "this server is set up already; sign in instead").Because("setup_done")
}
