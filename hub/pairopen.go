package hub

import (
	"context"
	"crypto/subtle"
	"fmt"
	"slices"
	"strings"

	"latchkey/home"
)

// PairingView is a pairing as the phone sees it.
type PairingView struct {
	home.Pairing
	Owner    string // whose phone: the account's name
	Username string // the same account's username
	Secret   string // the phone's key; "" unless it was just made or has been shown
	Hint     string // the key's first and last characters; "" before it is made
	Revoked  bool   // the key has been taken back
	UsedAt   home.Time
	// Last is the newest value that came in by the key, of the feature From; nil
	// = none yet.
	Last *home.State
	From string
}

// Pairing shows the pairing of a code. With secret it also says whether that is
// the key that the phone got: only then Secret is set. NotFound
// (pairing_unknown) for a code that is wrong or whose time is over.
func (h *Hub) Pairing(ctx context.Context, code, secret string) (PairingView, error) {
	g, err := h.pairingOf(ctx, code)
	if err != nil {
		return PairingView{}, err
	}
	v := h.viewPairing(g)
	if g.OpenedAt != 0 {
		k := h.pairedKey(g)
		v.Hint, v.Revoked, v.UsedAt = k.Hint, k.Revoked != 0, k.UsedAt
		if subtle.ConstantTimeCompare([]byte(hashOf(secret)), []byte(k.Hash)) == 1 {
			v.Secret = secret
		}
		v.Last, v.From = h.newestBy(g)
	}
	return v, nil
}

// pairingOf returns the pairing of a code while its time lasts. The code is only
// ever looked up by its hash, so that how long it takes tells nothing of it.
func (h *Hub) pairingOf(ctx context.Context, code string) (*home.Pairing, error) {
	if kind, ok := TokenKind(code); !ok || kind != codeKind {
		return nil, pairingUnknown()
	}
	var g *home.Pairing
	if err := h.eachPairing(ctx, home.RecordQuery{ID: pairingID(code)}, func(found *home.Pairing) { g = found }); err != nil {
		return nil, err
	}
	if g == nil || g.Expires <= h.Now() {
		return nil, pairingUnknown()
	}
	return g, nil
}

func (h *Hub) viewPairing(g *home.Pairing) PairingView {
	v := PairingView{Pairing: *g}
	h.registry.mu.RLock()
	defer h.registry.mu.RUnlock()
	if a := h.registry.accounts[g.Account]; a != nil {
		v.Owner, v.Username = a.Name, a.Username
		if v.Owner == "" {
			v.Owner = a.Username
		}
	}
	return v
}

// newestBy returns the newest current value that came in by the key of g.
func (h *Hub) newestBy(g *home.Pairing) (newest *home.State, from string) {
	p, err := h.registry.place(g.House)
	if err != nil {
		return nil, ""
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	for external, l := range p.features {
		s := l.current.Load()
		if s == nil || s.Received < g.OpenedAt || newest != nil && s.Seq < newest.Seq {
			continue
		}
		for _, link := range s.Cause {
			if link.Kind == "key" && link.ID == g.Key {
				newest, from = s, external
			}
		}
	}
	return newest, from
}

// OpenPairing gives the phone its key, once: state:write on its presence alone
// and location:write, of the account whose phone it is. The device of the
// phone is made when it is new. The view has the secret, which cannot be read
// again. Errors: NotFound (pairing_unknown), Conflict (pairing_used) when a phone
// has taken it already, Forbidden when who made the link may not any more.
func (h *Hub) OpenPairing(ctx context.Context, code, remote string) (PairingView, error) {
	secret := newToken(home.OpenKey)
	var g *home.Pairing
	err := h.write(ctx, func(d *draft) (err error) {
		if g, err = h.pairingOf(ctx, code); err != nil {
			return err
		}
		if g.OpenedAt != 0 {
			return home.Errorf(home.Conflict, "a phone has taken this link already; make another").Because("pairing_used")
		}
		p, id, err := h.pairer(g, remote)
		if err != nil {
			return err
		}
		if err := h.draftPhone(d, p, id, g); err != nil {
			return err
		}
		p.watchPhone(d, id, g)
		return h.draftPaired(d, id, g, secret)
	})
	if err != nil {
		return PairingView{}, err
	}
	v := h.viewPairing(g)
	v.Secret, v.Hint = secret, Redact(secret)
	return v, nil
}

// pairer returns who made g, as far as they still may: nobody hands out a key
// through a session that has ended.
func (h *Hub) pairer(g *home.Pairing, remote string) (*place, *home.Identity, error) {
	over := home.Errorf(home.Forbidden, "who made this link may not pair this phone any more; ask for another link").Because("pairing_over")
	p, err := h.registry.place(g.House)
	if err != nil {
		return nil, nil, over
	}
	h.registry.mu.RLock()
	c := h.registry.keys[g.Session]
	h.registry.mu.RUnlock()
	if c == nil {
		return nil, nil, over
	}
	known, err := h.registry.reckon(c.snapshot(), g.House, h.Now())
	if err != nil {
		return nil, nil, over
	}
	id := &known.identity
	id.Remote = remote
	if !id.May(home.WriteKey, nil, nil) || p.judgePaired(id, g.Account) != nil {
		return nil, nil, over
	}
	return p, id, nil
}

// draftPaired drafts the phone's key and notes it in g.
func (h *Hub) draftPaired(d *draft, id *home.Identity, g *home.Pairing, secret string) error {
	k := home.Key{ID: home.NewID(), House: g.House, Account: g.Account, Version: 1, Kind: home.OpenKey, Name: g.Name, Hint: Redact(secret), Hash: hashOf(secret),
		Grants:    []home.Grant{{Verbs: []home.Verb{home.WriteState}, Features: []string{g.Feature}}, {Verbs: []home.Verb{home.WriteLocation}}},
		CreatedAt: d.now}
	mine := h.registry.keysWhere(func(o *home.Key) bool { return o.Account == k.Account && o.Revoked == 0 && o.Kind != home.SessionKey })
	if len(mine) >= maxKeys {
		return home.Errorf(home.Conflict, "an account has at most %d keys; revoke those that are not used", maxKeys).Because("too_many_keys")
	}
	h.putKey(d, k)
	h.tellKey(d, id, "key.created", &k)
	g.Key, g.OpenedAt = k.ID, d.now
	g.Version++
	h.putPairing(d, g)
	h.tellPairing(d, id, "pairing.opened", g)
	return nil
}

// draftPhone finds the phone's device, or drafts one, and notes it in g. A
// device of the same name is taken over unless somebody else's key in force
// writes there: who pairs the same phone again goes on with its history.
func (h *Hub) draftPhone(d *draft, p *place, id *home.Identity, g *home.Pairing) error {
	base := "phone:" + pairedSlug(g.Name)
	for n := 1; n <= 100; n++ {
		external := base
		if n > 1 {
			external = fmt.Sprintf("%s-%d", base, n)
		}
		feature := external + "-presence"
		l, old := p.features[feature], p.device(home.ID(external))
		switch {
		case l == nil && old == nil:
			made, err := h.draftDevice(d, p, NewDevice{Name: g.Name, ExternalID: external, Model: "Phone", Features: []NewFeature{
				{ExternalID: feature, Name: "Presence", Category: "motion-sensor", Type: "binary", ReadOnly: true}}})
			if err != nil {
				return err
			}
			d.event(p, home.Event{Type: "device.created", Subject: external, Cause: causeOf(id), Verb: home.ReadDevice}, made)
			d.audit(id, home.Audit{House: p.id, Action: "device.created", Target: "device:" + string(made.ID), Detail: made.Name})
			g.Device, g.Feature = made.ID, feature
			return nil
		case l != nil && l.about.Load().shape == home.Binary && !h.othersPhone(g, feature):
			g.Device, g.Feature = l.about.Load().device.ID, feature
			return nil
		}
	}
	return home.Errorf(home.Conflict, "this house has too many phones of that name; choose another name").Because("external_id_taken")
}

// phoneTimeout is for how many seconds a member is still at home after the
// phone has said that it left.
const phoneTimeout = 60

// watchPhone makes the phone show whether its member is at home, unless the
// member has as many sources as there may be.
func (p *place) watchPhone(d *draft, id *home.Identity, g *home.Pairing) {
	m := p.members[g.Account]
	if m == nil || len(m.Sources) >= MaxSources || slices.ContainsFunc(m.Sources, func(s home.PresenceSource) bool { return s.Feature == g.Feature }) {
		return
	}
	now := *m
	now.Sources = append(slices.Clone(m.Sources), home.PresenceSource{Feature: g.Feature, Operator: "=", Value: home.Num(1), Timeout: phoneTimeout, Holds: true})
	now.Version++
	p.saveWatched(d, &now, p.watches[m.Account].copy())
	d.after = append(d.after, p.watchSources)
	p.tellMember(d, home.Event{Type: "member.updated", Cause: causeOf(id)}, &now)
	d.audit(id, home.Audit{House: p.id, Action: "member.sources_changed", Target: "account:" + string(g.Account)})
}

// othersPhone reports whether another member's key in force writes feature.
func (h *Hub) othersPhone(g *home.Pairing, feature string) bool {
	return len(h.registry.keysWhere(func(k *home.Key) bool {
		return k.House == g.House && k.Account != g.Account && k.Revoked == 0 && k.Kind == home.OpenKey && namesFeature(k, feature)
	})) > 0
}

func namesFeature(k *home.Key, feature string) bool {
	for _, grant := range k.Grants {
		for _, f := range grant.Features {
			if f == feature {
				return true
			}
		}
	}
	return false
}

// pairedSlug is a phone's name as part of an external id, with French letters as
// their plain ones.
func pairedSlug(name string) string {
	plain := strings.NewReplacer("'", "", "\u2019", "", "\u00e0", "a", "\u00e2", "a", "\u00e7", "c", "\u00e8", "e", "\u00e9", "e", "\u00ea", "e", "\u00eb", "e",
		"\u00ee", "i", "\u00ef", "i", "\u00f4", "o", "\u00f9", "u", "\u00fb", "u", "\u00fc", "u", "\u0153", "oe")
	s := strings.Trim(slug(plain.Replace(strings.ToLower(name))), "-")
	if s == "" {
		return "phone"
	}
	return s
}
