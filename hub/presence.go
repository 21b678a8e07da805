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
	before := p.atHome()
	now := *m
	now.Presence = home.Presence{AtHome: atHome, Since: d.now, Cause: cause}
	now.Version++
	p.saveMember(d, &now)
	what, house := home.EventLeft, home.EventHouseEmpty
	if atHome {
		what, house = home.EventArrived, home.EventHouseOccupied
	}
	seq := d.event(p, home.Event{Type: what, Subject: string(m.Account), Cause: cause, Verb: home.ReadMember}, map[string]home.ID{"account": m.Account})
	after := before
	if atHome && !m.Presence.AtHome {
		after++
	} else if !atHome && m.Presence.AtHome {
		after--
	}
	if before != after && (before == 0 || after == 0) {
		d.event(p, home.Event{Type: house, Subject: string(p.id), Cause: cause.And(home.Link{Kind: "event", Seq: seq, Name: what}), Verb: home.ReadMember}, nil)
	}
}

// atHome counts the members at home. The committer calls it.
func (p *place) atHome() int {
	n := 0
	for _, m := range p.members {
		if m.Presence.AtHome {
			n++
		}
	}
	return n
}

// saveMember drafts a member as it now is. What it changes besides presence
// and position must count the registry's epoch up.
func (p *place) saveMember(d *draft, m *home.Member) {
	d.put(home.Record{Kind: home.KindMember, ID: m.ID, House: p.id, Parent: m.Account, Version: m.Version}, m, func() {
		p.mu.Lock()
		p.members[m.Account] = m
		p.mu.Unlock()
	})
}
