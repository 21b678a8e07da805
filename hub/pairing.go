package hub

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"slices"
	"strings"
	"time"

	"latchkey/home"
)

const (
	pairingLife  = 15 * time.Minute
	maxPairings  = 20            // open ones of a house
	codeKind     = home.SetupKey // the code in a link has the form of a set-up key: 178 bits and a check
	pairingIDLen = len("aaaaaaaaaaaaaaaaaaaaaaaaaa")
)

// NewPairing is what a pairing is made from. Its house is that of who makes it.
type NewPairing struct {
	Name    string  // of the phone, such as Ann's phone
	Account home.ID // whose phone; "" = of who makes it
}

// CreatePairing makes a link that gives one phone a key, within 15 minutes and
// while the session lasts in which it was made, and returns the code that the
// link carries, which cannot be read again. It needs key:write in a session:
// everybody for their own phone, an adult for a child's, an owner for any
// member's. Errors: Forbidden, NotFound (member_unknown), Conflict
// (too_many_pairings), Unprocessable.
func (h *Hub) CreatePairing(ctx context.Context, id *home.Identity, n NewPairing) (home.Pairing, string, error) {
	if id.Kind != home.SessionKey {
		return home.Pairing{}, "", home.Errorf(home.Forbidden, "a phone is paired by a person: sign in first").Because("right_missing")
	}
	p, err := h.placeOf(id, home.WriteKey)
	if err != nil {
		return home.Pairing{}, "", err
	}
	e := home.Errorf(home.Unprocessable, "the pairing is not acceptable").Because("pairing_refused")
	if checkName(e, "name", n.Name); e.OrNil() != nil {
		return home.Pairing{}, "", e
	}
	code := newToken(codeKind)
	out := home.Pairing{ID: pairingID(code), House: p.id, Version: 1, Name: strings.TrimSpace(n.Name), Account: cmp.Or(n.Account, id.Account), By: id.Account, Session: id.Key}
	err = h.write(ctx, func(d *draft) error {
		if err := h.still(id, home.WriteKey); err != nil {
			return err
		}
		if err := p.judgePaired(id, out.Account); err != nil {
			return err
		}
		if err := h.tidyPairings(ctx, d, p); err != nil {
			return err
		}
		out.CreatedAt, out.Expires = d.now, d.now.Add(pairingLife)
		h.putPairing(d, &out)
		h.tellPairing(d, id, "pairing.created", &out)
		return nil
	})
	if err != nil {
		return home.Pairing{}, "", err
	}
	return out, code, nil
}

// pairingID is the id of the pairing with that code: 130 bits of its hash.
func pairingID(code string) home.ID {
	sum := sha256.Sum256([]byte(code))
	return home.ID(strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:pairingIDLen])
}

// judgePaired says why id may not pair a phone of account.
func (p *place) judgePaired(id *home.Identity, account home.ID) error {
	m := p.members[account]
	if m == nil {
		return memberUnknown()
	}
	if account != id.Account && m.Role != home.Child && !id.May(home.WriteMember, nil, nil) {
		return home.Errorf(home.Forbidden, "an owner pairs the phones of other adults; each can pair their own").Because("right_missing")
	}
	if verbs := home.RoleRights(m.Role); !slices.Contains(verbs, home.WriteState) || !slices.Contains(verbs, home.WriteLocation) {
		return home.Errorf(home.Unprocessable, "a %s may not report values, so their phone cannot be paired", m.Role).Because("pairing_refused")
	}
	return nil
}

// tidyPairings forgets pairings that are over, and refuses when many are open.
func (h *Hub) tidyPairings(ctx context.Context, d *draft, p *place) error {
	open := 0
	err := h.eachPairing(ctx, home.RecordQuery{House: p.id}, func(g *home.Pairing) {
		switch {
		case h.pairingOver(g, d.now):
			d.remove(home.KindPairing, g.ID, nil)
		case g.OpenedAt == 0:
			open++
		}
	})
	if err == nil && open >= maxPairings {
		err = home.Errorf(home.Conflict, "%d pairings are open; use or delete one first", open).Because("too_many_pairings")
	}
	return err
}

// pairingOver reports whether g serves nothing any more: nobody took it in
// time, or the key that it gave is gone.
func (h *Hub) pairingOver(g *home.Pairing, now home.Time) bool {
	if now < g.Expires {
		return false
	}
	return g.OpenedAt == 0 || h.pairedKey(g).Revoked != 0
}

// pairedKey returns the key that g gave, as revoked when it is gone.
func (h *Hub) pairedKey(g *home.Pairing) home.Key {
	h.registry.mu.RLock()
	c := h.registry.keys[g.Key]
	h.registry.mu.RUnlock()
	if c == nil {
		return home.Key{ID: g.Key, Revoked: g.OpenedAt}
	}
	return c.snapshot()
}

// eachPairing visits the stored pairings that q chooses.
func (h *Hub) eachPairing(ctx context.Context, q home.RecordQuery, visit func(*home.Pairing)) error {
	q.Kind = home.KindPairing
	err := h.store.Records(ctx, q, func(r home.Record) error {
		g, err := decodeInto[home.Pairing](r)
		if err == nil {
			visit(g)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("read the pairings: %w", err)
	}
	return nil
}

func (h *Hub) putPairing(d *draft, g *home.Pairing) {
	d.put(home.Record{Kind: home.KindPairing, ID: g.ID, House: g.House, Parent: g.Account, Version: g.Version}, g, nil)
}

// tellPairing drafts the audit row and the event of a pairing.
func (h *Hub) tellPairing(d *draft, id *home.Identity, what string, g *home.Pairing) {
	d.audit(id, home.Audit{House: g.House, Action: what, Target: "pairing:" + string(g.ID), Detail: g.Name})
	if p := h.registry.houses[g.House]; p != nil {
		d.event(p, home.Event{Type: what, Subject: string(g.ID), Cause: causeOf(id), Verb: home.ReadKey}, pairingTold{g.Name, g.Account, g.Key, g.Feature})
	}
}

// pairingTold is what the events of pairings hold.
type pairingTold struct {
	Name    string  `json:"name"`
	Account home.ID `json:"account"`
	Key     home.ID `json:"key,omitempty"`
	Feature string  `json:"feature,omitempty"`
}

// Pairings lists the pairings that are open or whose phone's key is in force,
// oldest first: one's own, those that one made, and for an owner all. It needs
// key:read, or a session.
func (h *Hub) Pairings(ctx context.Context, id *home.Identity) ([]home.Pairing, error) {
	p, err := h.houseOf(id)
	if err != nil {
		return nil, err
	}
	if !id.May(home.ReadKey, nil, nil) {
		return nil, forbidden(home.ReadKey)
	}
	out, now := []home.Pairing{}, h.Now()
	err = h.eachPairing(ctx, home.RecordQuery{House: p.id}, func(g *home.Pairing) {
		if seesPairing(id, g) && !h.pairingOver(g, now) && (g.OpenedAt == 0 || h.pairedKey(g).Revoked == 0) {
			out = append(out, *g)
		}
	})
	slices.SortFunc(out, func(a, b home.Pairing) int {
		return cmp.Or(cmp.Compare(a.CreatedAt, b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return out, err
}

func seesPairing(id *home.Identity, g *home.Pairing) bool {
	return g.Account == id.Account || g.By == id.Account || id.Role == home.Owner
}

// DeletePairing ends a link that no phone has taken; of one that was taken it
// revokes the phone's key. The phone's device stays, with its history. It needs
// key:write, in a session or by a personal token. NotFound (pairing_unknown) for
// what Pairings does not list.
func (h *Hub) DeletePairing(ctx context.Context, id *home.Identity, pairing home.ID) error {
	p, err := h.minter(id)
	if err != nil {
		return err
	}
	return h.write(ctx, func(d *draft) error {
		if err := h.still(id, home.WriteKey); err != nil {
			return err
		}
		var g *home.Pairing
		if err := h.eachPairing(ctx, home.RecordQuery{House: p.id, ID: pairing}, func(found *home.Pairing) { g = found }); err != nil {
			return err
		}
		if pairing == "" || g == nil || !seesPairing(id, g) || h.pairingOver(g, d.now) {
			return pairingUnknown()
		}
		if k := h.pairedKey(g); g.OpenedAt != 0 && k.Revoked == 0 {
			h.dropKey(d, id, k)
		}
		d.remove(home.KindPairing, g.ID, nil)
		h.tellPairing(d, id, "pairing.deleted", g)
		return nil
	})
}

func pairingUnknown() error {
	return home.Errorf(home.NotFound, "there is no such pairing; links work once and for 15 minutes: make another").Because("pairing_unknown")
}
