package hub

import (
	"cmp"
	"context"
	"net/mail"
	"regexp"
	"slices"
	"strings"

	"latchkey/home"
)

// NewAccount is what an account is made from.
type NewAccount struct {
	Username string // 3 to 100 letters, digits and . _ - @ +; unique whatever the case
	Password string // MinPassword to MaxPassword characters
	Email    string // may be empty
	Name     string // may be empty
}

// AccountChange is what changes in an account; nil leaves as it is. Version 0
// does not check the version.
type AccountChange struct {
	Email, Name *string
	Disabled    *bool // only whoever runs the server changes this
	Version     int64
}

// usernameForm is the form of a username.
var usernameForm = regexp.MustCompile(`^[A-Za-z0-9._@+-]{3,100}$`)

// CreateAccount makes an account that has no house yet. Whoever runs the server
// may, and the owner of a house who holds member:write. Errors: Forbidden,
// Unprocessable, Conflict (username_taken, email_taken).
func (h *Hub) CreateAccount(ctx context.Context, id *home.Identity, n NewAccount) (home.Account, error) {
	owner := id.Role == home.Owner && id.May(home.WriteMember, nil, nil)
	if id.Account == "" || !owner && !id.May(home.Operate, nil, nil) {
		return home.Account{}, home.Errorf(home.Forbidden, "accounts are made by whoever runs the server or owns a house").Because("right_missing")
	}
	if err := h.judgeAccount(n); err != nil {
		return home.Account{}, err
	}
	hash, err := h.door.hashPassword(ctx, n.Password)
	if err != nil {
		return home.Account{}, err
	}
	a := h.newAccount(n)
	a.CreatedBy = id.Account
	err = h.write(ctx, func(d *draft) error {
		if err := h.registry.namesFree(&a); err != nil {
			return err
		}
		a.UID = h.registry.uids + 1
		kept := a
		h.saveAccount(d, &kept)
		d.putPassword(a.ID, hash)
		d.audit(id, home.Audit{House: id.House, Action: "account.created", Target: "account:" + string(a.ID), Detail: a.Username})
		return nil
	})
	return a, err
}

func (h *Hub) newAccount(n NewAccount) home.Account {
	return home.Account{ID: home.NewID(), Version: 1, Username: n.Username, Email: n.Email, Name: n.Name, CreatedAt: h.Now()}
}

func (h *Hub) judgeAccount(n NewAccount) error {
	e := home.Errorf(home.Unprocessable, "the account is not acceptable").Because("account_refused")
	if !usernameForm.MatchString(n.Username) {
		e.At("username", "a username is 3 to 100 letters, digits and . _ - @ +")
	}
	judgePerson(e, n.Email, n.Name)
	h.door.judgePassword(e, "password", n.Password, n.Username, n.Email)
	return e.OrNil()
}

func judgePerson(e *home.Error, email, name string) {
	if name != "" {
		checkName(e, "name", name)
	}
	if email == "" {
		return
	}
	if a, err := mail.ParseAddress(email); err != nil || a.Address != email || len(email) > 254 {
		e.At("email", "this is not an e-mail address; write one like anna@example.org")
	}
}

// accountNamed finds an account by its username or, if no username is so, its
// e-mail address; nil if there is none.
func (r *registry) accountNamed(name string) *home.Account {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if id, ok := r.names[strings.ToLower(name)]; ok {
		return r.accounts[id]
	}
	for _, a := range r.accounts {
		if a.Email != "" && strings.EqualFold(a.Email, name) {
			return a
		}
	}
	return nil
}

// namesFree refuses a username or e-mail address by which another account signs in.
func (r *registry) namesFree(a *home.Account) error {
	if other := r.accountNamed(a.Username); other != nil && other.ID != a.ID {
		return home.Errorf(home.Conflict, "there is an account with this username already").Because("username_taken").At("username", "taken already")
	}
	if a.Email == "" {
		return nil
	}
	if other := r.accountNamed(a.Email); other != nil && other.ID != a.ID {
		return home.Errorf(home.Conflict, "there is an account with this e-mail address already").Because("email_taken").At("email", "taken already")
	}
	return nil
}

// saveAccount drafts an account as it now is.
func (h *Hub) saveAccount(d *draft, a *home.Account) {
	d.put(home.Record{Kind: home.KindAccount, ID: a.ID, Version: a.Version}, a, func() {
		r := &h.registry
		r.mu.Lock()
		r.accounts[a.ID] = a
		r.names[strings.ToLower(a.Username)] = a.ID
		r.uids = max(r.uids, a.UID)
		r.mu.Unlock()
		r.epoch.Add(1)
	})
}

// ownAccount returns the account of the person who is signed in. Forbidden
// (session_needed) for any other credential: a key does not change who may
// sign in.
func (h *Hub) ownAccount(id *home.Identity) (*home.Account, error) {
	h.registry.mu.RLock()
	a := h.registry.accounts[id.Account]
	h.registry.mu.RUnlock()
	if a == nil || id.Kind != home.SessionKey {
		return nil, home.Errorf(home.Forbidden, "this is done by the person themselves: sign in first").Because("session_needed")
	}
	return a, nil
}

// Accounts lists the accounts that id may see, oldest first: all of them for
// whoever runs the server, else one's own, those that one made and, with
// member:read, those of the house. E-mail addresses of others are shown to
// owners and to whoever runs the server.
func (h *Hub) Accounts(_ context.Context, id *home.Identity) ([]home.Account, error) {
	h.registry.mu.RLock()
	all := make([]*home.Account, 0, len(h.registry.accounts))
	for _, a := range h.registry.accounts {
		all = append(all, a)
	}
	h.registry.mu.RUnlock()
	out := []home.Account{}
	for _, a := range all {
		if seen, ok := h.asSeen(id, a); ok {
			out = append(out, seen)
		}
	}
	slices.SortFunc(out, func(a, b home.Account) int { return cmp.Compare(a.UID, b.UID) })
	return out, nil
}

// Account returns one of the accounts that Accounts lists. NotFound
// (account_unknown) for any other.
func (h *Hub) Account(_ context.Context, id *home.Identity, account home.ID) (home.Account, error) {
	h.registry.mu.RLock()
	a := h.registry.accounts[account]
	h.registry.mu.RUnlock()
	if a != nil {
		if seen, ok := h.asSeen(id, a); ok {
			return seen, nil
		}
	}
	return home.Account{}, accountUnknown()
}

// asSeen returns what id may see of a, if anything.
func (h *Hub) asSeen(id *home.Identity, a *home.Account) (home.Account, bool) {
	seen := *a
	if id.Account == a.ID || id.May(home.Operate, nil, nil) {
		return seen, true
	}
	member := id.House != "" && id.May(home.ReadMember, nil, nil) && h.registry.member(id.House, a.ID) != nil
	made := id.Account != "" && a.CreatedBy == id.Account && id.May(home.WriteMember, nil, nil)
	if !made && id.Role != home.Owner {
		seen.Email = ""
	}
	return seen, member || made
}

// UpdateAccount changes one's own account, which needs a session, or for
// whoever runs the server any account. Disabling an account ends its sessions;
// its keys are refused until it is enabled again. Errors: NotFound, Forbidden,
// Stale, Unprocessable, Conflict (email_taken, last_operator).
func (h *Hub) UpdateAccount(ctx context.Context, id *home.Identity, account home.ID, c AccountChange) (home.Account, error) {
	if _, err := h.Account(ctx, id, account); err != nil {
		return home.Account{}, err
	}
	if !id.May(home.Operate, nil, nil) {
		if own, err := h.ownAccount(id); err != nil {
			return home.Account{}, err
		} else if own.ID != account || c.Disabled != nil {
			return home.Account{}, forbidden(home.Operate)
		}
	}
	var out home.Account
	err := h.write(ctx, func(d *draft) error {
		out = *h.registry.accounts[account]
		if err := checkVersion(out.Version, c.Version); err != nil {
			return err
		}
		set(&out.Email, c.Email)
		set(&out.Name, c.Name)
		set(&out.Disabled, c.Disabled)
		out.Version++
		return h.draftAccount(d, id, out)
	})
	return out, err
}

// draftAccount judges a changed account and drafts it.
func (h *Hub) draftAccount(d *draft, id *home.Identity, a home.Account) error {
	e := home.Errorf(home.Unprocessable, "the account is not acceptable").Because("account_refused")
	judgePerson(e, a.Email, a.Name)
	if err := e.OrNil(); err != nil {
		return err
	}
	if err := h.registry.namesFree(&a); err != nil {
		return err
	}
	old := h.registry.accounts[a.ID]
	what := "account.updated"
	if a.Disabled != old.Disabled {
		what = "account.enabled"
	}
	if a.Disabled && !old.Disabled {
		what = "account.disabled"
		if a.Operator && h.registry.operators() == 1 {
			return home.Errorf(home.Conflict, "this is the only account that runs the server, so it stays enabled").Because("last_operator")
		}
		for _, k := range h.sessions(a.ID) {
			h.dropKey(d, id, k)
		}
	}
	h.saveAccount(d, &a)
	d.audit(id, home.Audit{Action: what, Target: "account:" + string(a.ID), Detail: a.Username})
	return nil
}

// operators counts the enabled accounts that run the server. The committer
// calls it.
func (r *registry) operators() int {
	n := 0
	for _, a := range r.accounts {
		if a.Operator && !a.Disabled {
			n++
		}
	}
	return n
}

func accountUnknown() error {
	return home.Errorf(home.NotFound, "there is no such account").Because("account_unknown")
}
