package hub

import (
	"slices"

	"latchkey/home"
)

// openVerbs are the rights that an open API key may hold: it may stand in a
// URL, where others come to see it, so it tells the house things, learns
// nothing and moves nothing.
func openVerbs() []home.Verb {
	return []home.Verb{home.WriteState, home.WriteEvent, home.WriteMessage, home.WriteLocation}
}

// defaultVerbs are the rights of a key for which none are named, before they
// are cut to what its account may do.
func defaultVerbs(kind home.KeyKind) []home.Verb {
	switch kind {
	case home.SessionKey:
		return home.Verbs[:]
	case home.TokenKey: // a program does not hand out rights unless asked for by name
		return slices.DeleteFunc(slices.Clone(home.Verbs[:]), func(v home.Verb) bool {
			return v == home.WriteKey || v == home.WriteMember || v == home.Operate
		})
	case home.OpenKey:
		return openVerbs()
	case home.GatewayKey:
		return []home.Verb{home.ReadDevice, home.WriteDevice, home.ReadState, home.WriteState, home.WriteEvent}
	case home.HookKey:
		return []home.Verb{home.WriteEvent}
	case home.PartnerKey:
		return []home.Verb{home.ReadHouse, home.ReadMember, home.ReadDevice, home.ReadState}
	}
	return nil
}

// allowed are the rights that a key of kind may have in a role.
func allowed(kind home.KeyKind, role home.Role, operator bool) []home.Verb {
	verbs := home.RoleRights(role)
	if kind == home.OpenKey {
		return slices.DeleteFunc(slices.Clone(verbs), func(v home.Verb) bool { return !slices.Contains(openVerbs(), v) })
	}
	if operator && (kind == home.SessionKey || kind == home.TokenKey) {
		return append(verbs[:len(verbs):len(verbs)], home.Operate)
	}
	return verbs
}

// cutGrants returns k's grants cut to what its account may do.
func cutGrants(k home.Key, role home.Role, operator bool) []home.Grant {
	may := allowed(k.Kind, role, operator)
	out := make([]home.Grant, 0, len(k.Grants))
	for _, g := range k.Grants {
		g.Verbs = slices.DeleteFunc(slices.Clone(g.Verbs), func(v home.Verb) bool {
			return !slices.Contains(may, v) || v == home.Operate && !g.Everything()
		})
		if len(g.Verbs) > 0 {
			out = append(out, g)
		}
	}
	return out
}

// judgeGrants says what is wrong with the rights wanted for a key: a right
// that is unknown, that the kind never holds or that its maker lacks, or a part
// of the house that is not there.
func (p *place) judgeGrants(id *home.Identity, kind home.KeyKind, wanted []home.Grant) error {
	if len(wanted) > 100 {
		return home.Errorf(home.Unprocessable, "a key has at most 100 grants, this one has %d", len(wanted)).Because("rights_refused")
	}
	for _, g := range wanted {
		if len(g.Verbs) == 0 || len(g.Verbs) > len(home.Verbs) || len(g.Devices)+len(g.Features)+len(g.Rooms) > 1000 {
			return rightsRefused("a grant names at least one right, and at most 1,000 devices, features and rooms")
		}
		if err := p.judgeParts(g); err != nil {
			return err
		}
		for _, v := range g.Verbs {
			switch {
			case !slices.Contains(home.Verbs[:], v):
				return rightsRefused("%.40q is not a right that a key can have", string(v))
			case kind == home.OpenKey && !slices.Contains(openVerbs(), v):
				return rightsRefused("an open API key may stand in a URL, so it only writes: it cannot have %s; make a personal token for that", v)
			case !p.gives(id, v, g):
				return home.Errorf(home.Forbidden, "you cannot give the right %s, which you do not have yourself", v).Because("right_missing")
			}
		}
	}
	return nil
}

func rightsRefused(format string, args ...any) error {
	return home.Errorf(home.Unprocessable, format, args...).Because("rights_refused").At("rights", format, args...)
}

// judgeParts refuses devices and rooms that are not in the house. Features may
// be named before they are there.
func (p *place) judgeParts(g home.Grant) error {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, d := range g.Devices {
		if p.devices[d] == nil {
			return rightsRefused("there is no device with the id %.60q", string(d))
		}
	}
	for _, r := range g.Rooms {
		if p.rooms[r] == nil {
			return rightsRefused("there is no room with the id %.60q", string(r))
		}
	}
	return nil
}

// gives reports whether id holds v on everything that g names.
func (p *place) gives(id *home.Identity, v home.Verb, g home.Grant) bool {
	if id.May(v, nil, nil) {
		return true
	}
	if g.Everything() {
		return false
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, d := range g.Devices {
		if !id.May(v, p.devices[d], nil) {
			return false
		}
	}
	for _, f := range g.Features {
		l := p.features[f]
		if l == nil || !id.May(v, l.about.Load().device, l.about.Load().feature) {
			return false
		}
	}
	for _, r := range g.Rooms {
		if !id.May(v, &home.Device{Room: r}, nil) {
			return false
		}
	}
	return true
}
