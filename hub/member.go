package hub

import (
	"cmp"
	"context"
	"slices"

	"latchkey/home"
)

// NewMember makes an account a member of a house.
type NewMember struct {
	Account  home.ID
	Username string // instead of Account
	Role     home.Role
	Expires  home.Time // 0 = never
}

// MemberChange is what changes in a membership; nil leaves as it is. Version 0
// does not check the version.
type MemberChange struct {
	Role    *home.Role
	Expires *home.Time // to 0 = never
	// Uncounted members leave the house empty, even when they are at home.
	Uncounted *bool
	Version   int64
}

// Members lists who belongs to the house, in the order of their joining.
// Positions are shown with location:read, and one's own always. It needs
// member:read.
func (h *Hub) Members(_ context.Context, id *home.Identity) ([]home.Member, error) {
	p, err := h.placeOf(id, home.ReadMember)
	if err != nil {
		return nil, err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	out := make([]home.Member, 0, len(p.members))
	for _, m := range p.members {
		seen := *m
		if m.Account != id.Account && !id.May(home.ReadLocation, nil, nil) {
			seen.Position = nil
		} else {
			seen.Zones = p.zonesOf(m.Account)
		}
		out = append(out, seen)
	}
	slices.SortFunc(out, func(a, b home.Member) int {
		return cmp.Or(cmp.Compare(a.JoinedAt, b.JoinedAt), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

// AddMember makes an account a member. It needs member:write. Errors: NotFound
// (account_unknown), Conflict (member_exists), Unprocessable.
func (h *Hub) AddMember(ctx context.Context, id *home.Identity, n NewMember) (home.Member, error) {
	p, err := h.placeOf(id, home.WriteMember)
	if err != nil {
		return home.Member{}, err
	}
	m := home.Member{ID: home.NewID(), House: p.id, Version: 1, Role: n.Role, Expires: n.Expires}
	err = h.write(ctx, func(d *draft) error {
		a := h.registry.accounts[n.Account]
		if n.Account == "" {
			a = h.registry.accountNamed(n.Username)
		}
		if a == nil {
			return accountUnknown()
		}
		if p.members[a.ID] != nil {
			return home.Errorf(home.Conflict, "this account is a member of the house already; change the membership instead").Because("member_exists")
		}
		m.Account, m.JoinedAt = a.ID, d.now
		return h.draftMember(d, p, id, m)
	})
	return m, err
}

// UpdateMember changes a member's role or when the membership ends. It needs
// member:write, and every right of a role that it gives. Errors: NotFound (member_unknown), Stale, Unprocessable,
// Conflict (last_owner).
func (h *Hub) UpdateMember(ctx context.Context, id *home.Identity, account home.ID, c MemberChange) (home.Member, error) {
	p, err := h.placeOf(id, home.WriteMember)
	if err != nil {
		return home.Member{}, err
	}
	var out home.Member
	err = h.write(ctx, func(d *draft) error {
		old := p.members[account]
		if old == nil {
			return memberUnknown()
		}
		out = *old
		if err := checkVersion(out.Version, c.Version); err != nil {
			return err
		}
		set(&out.Role, c.Role)
		set(&out.Expires, c.Expires)
		set(&out.Uncounted, c.Uncounted)
		out.Version++
		return h.draftMember(d, p, id, out)
	})
	return out, err
}

// draftMember judges a new or changed membership and drafts it.
func (h *Hub) draftMember(d *draft, p *place, id *home.Identity, m home.Member) error {
	if err := h.still(id, home.WriteMember); err != nil {
		return err
	}
	if old := p.members[m.Account]; old == nil || old.Role != m.Role {
		for _, v := range home.RoleRights(m.Role) {
			if !id.May(v, nil, nil) { // nobody makes others mightier than their own credential
				return forbidden(v)
			}
		}
	}
	e := home.Errorf(home.Unprocessable, "the membership is not acceptable").Because("member_refused")
	if home.RoleRights(m.Role) == nil {
		e.At("role", "%.20q is not a role; owner, adult, child and guest are", string(m.Role))
	}
	old := p.members[m.Account]
	if m.Expires != 0 && m.Expires <= d.now && (old == nil || old.Expires != m.Expires) {
		e.At("expires_at", "a membership ends in the future; to end it now, remove the member")
	}
	if err := e.OrNil(); err != nil {
		return err
	}
	what, action := "member.added", "member.added"
	if old != nil {
		what, action = "member.updated", "member.updated"
		if old.Role != m.Role {
			action = "member.role_changed"
		}
		if !staysOwner(&m) && p.onlyOwner(m.Account) {
			return lastOwner()
		}
	}
	p.saveMember(d, &m)
	if old != nil {
		p.tellHouse(d, counts(&m)-counts(old), causeOf(id))
	}
	d.after = append(d.after, func() { h.registry.epoch.Add(1) })
	p.tellMember(d, home.Event{Type: what, Cause: causeOf(id)}, &m)
	d.audit(id, home.Audit{House: p.id, Action: action, Target: "account:" + string(m.Account), Detail: string(m.Role)})
	return nil
}

// memberTold is what the events of members hold.
type memberTold struct {
	Account home.ID   `json:"account"`
	Role    home.Role `json:"role"`
	Expires home.Time `json:"expires_at"`
}

// tellMember adds the event e about m.
func (p *place) tellMember(d *draft, e home.Event, m *home.Member) {
	e.Subject, e.Verb = string(m.Account), home.ReadMember
	d.event(p, e, memberTold{Account: m.Account, Role: m.Role, Expires: m.Expires})
}

// RemoveMember ends a membership and revokes the keys that the account has for
// this house alone. It needs member:write, or a session of the member who
// leaves. Errors: NotFound (member_unknown), Conflict (last_owner).
func (h *Hub) RemoveMember(ctx context.Context, id *home.Identity, account home.ID) error {
	p, err := h.houseOf(id)
	if err != nil {
		return err
	}
	leaves := id.Kind == home.SessionKey && id.Account == account
	if !leaves && !id.May(home.WriteMember, nil, nil) {
		return forbidden(home.WriteMember)
	}
	return h.write(ctx, func(d *draft) error {
		m := p.members[account]
		if m == nil {
			return memberUnknown()
		}
		if p.onlyOwner(account) {
			return lastOwner()
		}
		for _, k := range h.registry.keysWhere(func(k *home.Key) bool {
			return k.Account == account && k.House == p.id && k.Revoked == 0
		}) {
			h.dropKey(d, id, k)
		}
		if m.Presence.AtHome {
			p.draftPresence(d, m, false, causeOf(id))
		}
		d.remove(home.KindMember, m.ID, func() {
			p.mu.Lock()
			delete(p.members, account)
			delete(p.watches, account)
			p.mu.Unlock()
			p.watchSources()
			h.registry.epoch.Add(1)
		})
		p.tellMember(d, home.Event{Type: "member.removed", Cause: causeOf(id)}, m)
		d.audit(id, home.Audit{House: p.id, Action: "member.removed", Target: "account:" + string(account), Detail: string(m.Role)})
		return nil
	})
}

// onlyOwner reports whether account is the one owner who stays. The committer
// calls it.
func (p *place) onlyOwner(account home.ID) bool {
	if m := p.members[account]; m == nil || !staysOwner(m) {
		return false
	}
	for _, m := range p.members {
		if m.Account != account && staysOwner(m) {
			return false
		}
	}
	return true
}

// staysOwner reports whether m owns the house for good.
func staysOwner(m *home.Member) bool { return m.Role == home.Owner && m.Expires == 0 }

func lastOwner() error {
	return home.Errorf(home.Conflict, "a house keeps at least one owner whose membership does not end; make another member an owner first").Because("last_owner")
}

func memberUnknown() error {
	return home.Errorf(home.NotFound, "there is no such member in this house").Because("member_unknown")
}
