package hub

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"time"

	"latchkey/home"
)

// guestKeyLife is how long a key works at most for a guest.
const guestKeyLife = 7 * 24 * time.Hour

// holds says whether the secret shown is one that still works.
func (k *cachedIdentity) holds(cred *credential, proof uint64, now home.Time) error {
	switch {
	case proof == k.proof:
	case proof == k.oldProof && now < k.oldUntil:
	case proof == k.oldProof:
		return credentialExpired()
	default:
		return credentialInvalid()
	}
	if k.idle > 0 && now.Sub(max(k.used, home.Time(cred.usedAt.Load()))) > k.idle {
		return credentialExpired()
	}
	return nil
}

// use notes when and from where the key was last used.
func (c *credential) use(now home.Time, remote string) {
	c.usedAt.Store(int64(now))
	if p := c.usedBy.Load(); p == nil || *p != remote {
		from := remote // so that only a new address costs memory
		c.usedBy.Store(&from)
	}
}

// snapshot returns the key with its latest use.
func (c *credential) snapshot() home.Key {
	c.mu.Lock()
	k := c.key
	c.mu.Unlock()
	if at := home.Time(c.usedAt.Load()); at > k.UsedAt {
		k.UsedAt = at
		if p := c.usedBy.Load(); p != nil {
			k.UsedFrom = *p
		}
	}
	return k
}

func proofOf(hash string) uint64 {
	b, err := hex.DecodeString(hash)
	if err != nil || len(b) < 8 {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// reckon works out who k is in a house. Errors as Identify.
func (r *registry) reckon(k home.Key, asked home.ID, now home.Time) (*cachedIdentity, error) {
	r.mu.RLock()
	account := r.accounts[k.Account]
	r.mu.RUnlock()
	if account == nil || account.Disabled || k.Revoked != 0 {
		return nil, credentialInvalid()
	}
	out := &cachedIdentity{expires: k.Expires, idle: time.Duration(k.Idle) * time.Second, used: max(k.UsedAt, k.CreatedAt),
		proof: proofOf(k.Hash), oldProof: proofOf(k.OldHash), oldUntil: k.OldUntil}
	out.identity = home.Identity{Kind: k.Kind, Key: k.ID, KeyName: k.Name, Account: k.Account, Operator: account.Operator}
	if k.Kind == home.SessionKey {
		out.identity.KeyName = cmp.Or(account.Name, account.Username)
	}
	member, err := r.memberFor(k, asked, now)
	if err != nil {
		return nil, err
	}
	if member != nil {
		out.identity.House, out.identity.Role = member.House, member.Role
		out.expires = sooner(out.expires, member.Expires)
		if member.Role == home.Guest {
			out.expires = sooner(out.expires, k.CreatedAt.Add(guestKeyLife))
		}
	}
	if out.expires != 0 && out.expires <= now {
		return nil, credentialExpired()
	}
	out.identity.Grants = cutGrants(k, out.identity.Role, account.Operator)
	return out, nil
}

// memberFor returns the membership in which k acts; nil when its account has
// no house and none was asked for.
func (r *registry) memberFor(k home.Key, asked home.ID, now home.Time) (*home.Member, error) {
	if asked == "" && k.House == "" {
		return r.firstHouse(k.Account, now), nil
	}
	if k.House != "" && asked != "" && asked != k.House {
		return nil, houseUnknown()
	}
	m := r.member(cmp.Or(asked, k.House), k.Account)
	switch holds := m != nil && lasts(m, now); {
	case holds:
		return m, nil
	case k.House == "":
		return nil, houseUnknown()
	case m != nil:
		return nil, credentialExpired()
	}
	return nil, credentialInvalid()
}

// firstHouse returns the membership that began first, or nil.
func (r *registry) firstHouse(account home.ID, now home.Time) *home.Member {
	var first *home.Member
	for _, m := range r.memberships(account) {
		if lasts(m, now) && (first == nil || cmp.Or(cmp.Compare(m.JoinedAt, first.JoinedAt), cmp.Compare(m.ID, first.ID)) < 0) {
			first = m
		}
	}
	return first
}

// memberships returns what account is a member of, in no order.
func (r *registry) memberships(account home.ID) []*home.Member {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var out []*home.Member
	for _, p := range r.houses {
		p.mu.RLock()
		if m := p.members[account]; m != nil {
			out = append(out, m)
		}
		p.mu.RUnlock()
	}
	return out
}

// member returns account's membership of house, or nil.
func (r *registry) member(house, account home.ID) *home.Member {
	p, err := r.place(house)
	if err != nil {
		return nil
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.members[account]
}

// lasts reports whether a membership has not expired.
func lasts(m *home.Member, now home.Time) bool { return m.Expires == 0 || m.Expires > now }

// sooner returns the earlier of two moments; 0 is never.
func sooner(a, b home.Time) home.Time {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}
