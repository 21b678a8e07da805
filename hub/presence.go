package hub

import (
	"context"

	"latchkey/home"
)

// SetPresence says whether a member is at home. It is told once: when nothing
// changes, nothing is written. The first member to come and the last to leave
// are told as house.occupied and house.empty. It needs presence:write on the
// house.
func (h *Hub) SetPresence(ctx context.Context, id *home.Identity, account home.ID, atHome bool) (changed bool, err error) {
	p, err := h.houseOf(id)
	if err != nil {
		return false, err
	}
	if !id.May(home.WritePresence, nil, nil) {
		return false, forbidden(home.WritePresence)
	}
	err = h.write(ctx, func(d *draft) error {
		m := p.members[account]
		if m == nil {
			return home.Errorf(home.NotFound, "there is no such member in this house").Because("member_unknown")
		}
		if m.Presence.AtHome == atHome && m.Presence.Since != 0 {
			return nil
		}
		changed = true
		p.draftPresence(d, m, atHome, causeOf(id))
		return nil
	})
	return changed, err
}

// draftPresence drafts a member's coming or leaving.
func (p *place) draftPresence(d *draft, m *home.Member, atHome bool, cause home.Cause) {
	now := *m
	p.turn(d, &now, atHome, cause)
	now.Version++
	p.saveMember(d, &now)
}

// turn tells that m, a copy, comes or leaves, and notes it in m.
func (p *place) turn(d *draft, m *home.Member, atHome bool, cause home.Cause) {
	counted := counts(m)
	m.Presence = home.Presence{AtHome: atHome, Since: d.now, Cause: cause}
	what := home.EventLeft
	if atHome {
		what = home.EventArrived
	}
	seq := d.event(p, home.Event{Type: what, Subject: string(m.Account), Cause: cause, Verb: home.ReadMember}, map[string]home.ID{"account": m.Account})
	p.tellHouse(d, counts(m)-counted, cause.And(home.Link{Kind: "event", Seq: seq, Name: what}))
}

// tellHouse tells that the house has become empty or occupied, if it has by
// come more members who count as at home.
func (p *place) tellHouse(d *draft, come int, cause home.Cause) {
	before := p.atHome() + d.come
	d.come += come
	after := before + come
	if (before == 0) == (after == 0) {
		return
	}
	house := home.EventHouseOccupied
	if after == 0 {
		house = home.EventHouseEmpty
	}
	d.event(p, home.Event{Type: house, Subject: string(p.id), Cause: cause, Verb: home.ReadMember}, nil)
}

// counts is 1 for a member who is at home and keeps the house from being empty.
func counts(m *home.Member) int {
	if m.Presence.AtHome && !m.Uncounted {
		return 1
	}
	return 0
}

// atHome counts the members who keep the house from being empty. The committer
// calls it.
func (p *place) atHome() int {
	n := 0
	for _, m := range p.members {
		n += counts(m)
	}
	return n
}

// saveMember drafts a member as it now is, with what is remembered of its
// coming and going as it was. What it changes besides presence and position must
// count the registry's epoch up.
func (p *place) saveMember(d *draft, m *home.Member) { p.saveWatched(d, m, p.watches[m.Account]) }
