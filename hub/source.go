package hub

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"latchkey/bus"
	"latchkey/home"
	"latchkey/internal/presence"
)

// MaxSources is how many presence sources one member has at most.
const MaxSources = 20

// sourceIndex says which members a feature may show.
type sourceIndex map[string][]home.ID

// watchSources indexes the members' sources anew, when they have changed.
func (p *place) watchSources() {
	p.mu.RLock()
	defer p.mu.RUnlock()
	index := sourceIndex{}
	for account, m := range p.members {
		for i := range m.Sources {
			if f := m.Sources[i].Feature; !slices.Contains(index[f], account) {
				index[f] = append(index[f], account)
			}
		}
	}
	if len(index) == 0 {
		p.sources.Store(nil)
		return
	}
	p.sources.Store(&index)
}

// shows reports whether any of the reports may show a member.
func (p *place) shows(reports []home.Report) bool {
	index := p.sources.Load()
	return index != nil && slices.ContainsFunc(reports, func(r home.Report) bool { return (*index)[r.Feature] != nil })
}

// SetPresenceSources says what shows that a member is at home. Being seen on
// any source is to be at home; who was not seen on any for its time-out, and is
// in no zone of the home, has left. It needs member:write, or presence:write
// for oneself. Errors: NotFound (member_unknown), Unprocessable.
func (h *Hub) SetPresenceSources(ctx context.Context, id *home.Identity, account home.ID, sources []home.PresenceSource) (home.Member, error) {
	p, err := h.houseOf(id)
	if err != nil {
		return home.Member{}, err
	}
	if !id.May(home.WriteMember, nil, nil) && (id.Account != account || account == "" || !id.May(home.WritePresence, nil, nil)) {
		return home.Member{}, forbidden(home.WriteMember)
	}
	var out home.Member
	err = h.write(ctx, func(d *draft) error {
		m := p.members[account]
		if m == nil {
			return memberUnknown()
		}
		if err := p.judgeSources(id, sources); err != nil {
			return err
		}
		out = *m
		if slices.Equal(m.Sources, sources) {
			return nil
		}
		out.Sources = slices.Clone(sources)
		out.Version++
		now, w := out, p.watches[account].copy()
		maps.DeleteFunc(w.Seen, func(feature string, _ presence.Sighting) bool {
			return !slices.ContainsFunc(sources, func(s home.PresenceSource) bool { return s.Feature == feature })
		})
		p.saveWatched(d, &now, w)
		d.after = append(d.after, p.watchSources)
		p.tellMember(d, home.Event{Type: "member.updated", Cause: causeOf(id)}, &out)
		d.audit(id, home.Audit{House: p.id, Action: "member.sources_changed", Target: "account:" + string(account)})
		return nil
	})
	return out, err
}

func (p *place) judgeSources(id *home.Identity, sources []home.PresenceSource) error {
	e := home.Errorf(home.Unprocessable, "the presence sources are not acceptable").Because("sources_refused")
	if len(sources) > MaxSources {
		e.At("sources", "a member has at most %d sources, these are %d", MaxSources, len(sources))
	}
	for i := range sources {
		s, path := &sources[i], fmt.Sprintf("sources[%d].", i)
		l := p.features[s.Feature]
		if l == nil || !mayReadState(id, l.about.Load().device, l.about.Load().feature) {
			e.At(path+"feature", "there is no feature with the external id %.200q", s.Feature)
			continue
		}
		if !slices.Contains([]string{"=", "!=", ">", ">=", "<", "<="}, s.Operator) {
			e.At(path+"operator", "%.10q is not an operator; accepted: = != > >= < <=", s.Operator)
		}
		if text := l.about.Load().shape == home.Text; text != s.Value.IsText {
			e.At(path+"value", "the value is not of the feature's kind; texts are compared with texts and numbers with numbers")
		} else if text && s.Operator != "=" && s.Operator != "!=" {
			e.At(path+"operator", "a text is compared with = or !=")
		}
		if s.Timeout < 10 || s.Timeout > 604800 {
			e.At(path+"timeout_seconds", "a time-out is 10 to 604800 seconds")
		}
	}
	return e.OrNil()
}

// decideSeen is decide for reports that may show members.
func (in *intake) decideSeen(d *draft) error {
	before := len(d.tell)
	if err := in.decide(d); err != nil {
		return err
	}
	index := in.place.sources.Load()
	if index == nil {
		return nil
	}
	shown := map[home.ID]bool{}
	for _, e := range d.tell[before:] {
		if e.State != nil {
			for _, account := range (*index)[e.State.Feature.ExternalID] {
				shown[account] = true
			}
		}
	}
	for _, account := range slices.Sorted(maps.Keys(shown)) {
		in.place.draftSeen(d, account, d.tell[before:])
	}
	return nil
}

// draftSeen drafts that states which have just come show a member, if they do.
func (p *place) draftSeen(d *draft, account home.ID, entries []*bus.Entry) {
	m := p.members[account]
	if m == nil {
		return
	}
	mv, arrives := p.moving(d, m), home.Cause(nil)
	changed := false
	for _, e := range entries {
		c := e.State
		if c == nil || !c.Live || !c.Current {
			continue
		}
		for i := range m.Sources {
			s := &m.Sources[i]
			seen := presence.Shows(s, c.New.Value)
			// A value that held until now has shown the member until now.
			held := s.Holds && c.Old != nil && presence.Shows(s, c.Old.Value)
			if s.Feature != c.Feature.ExternalID || !seen && !held {
				continue
			}
			cause := c.New.Cause.And(home.Link{Kind: "state", Seq: c.New.Seq, Name: s.Feature})
			mv.watch.Seen[s.Feature] = presence.Sighting{At: min(c.New.At, d.now), Cause: cause}
			changed = true
			if seen {
				arrives = cause
			}
		}
	}
	if !changed || ended(m, d.now) {
		return
	}
	if arrives != nil && !m.Presence.AtHome {
		mv.turn(true, arrives)
	}
	mv.save()
}
