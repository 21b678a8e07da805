package hub

import (
	"slices"

	"latchkey/home"
)

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
