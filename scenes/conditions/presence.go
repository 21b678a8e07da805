package conditions

import (
	"context"
	"encoding/json"
	"slices"

	"latchkey/home"
	"latchkey/scenes"
)

// presence holds while the house is so:
//
//	{"type": "presence", "house": "empty"}
//	{"type": "presence", "account": "me", "at_home": true}
//
// account is a member's account id, or "me" for the scene's owner.
func presence() scenes.ConditionKind {
	return scenes.ConditionKind{
		Described: home.Described{
			Name:  "presence",
			Title: home.Label{EN: "Somebody is at home, or nobody", FR: "Quelqu'un est \u00e0 la maison, ou personne"},
			Fields: []home.Field{
				{Name: "house", Title: home.Label{EN: "House", FR: "Maison"}, Kind: "text", Enum: []string{empty, occupied}},
				{Name: "account", Title: home.Label{EN: "Member", FR: "Membre"}, Kind: "account"},
				{Name: "at_home", Title: home.Label{EN: "At home", FR: "\u00c0 la maison"}, Kind: "boolean"},
			},
		},
		Compile: compilePresence,
	}
}

const (
	empty    = "empty"
	occupied = "occupied"
)

type presenceSettings struct {
	House   string  `json:"house"`
	Account home.ID `json:"account"`
	AtHome  *bool   `json:"at_home"`
}

func compilePresence(raw json.RawMessage) (scenes.Condition, error) {
	var s presenceSettings
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, home.Errorf(home.Unprocessable, "the settings do not read: %v", err)
	}
	e := home.Errorf(home.Unprocessable, "the condition is not acceptable")
	switch {
	case s.House == "" && s.Account == "":
		e.At("house", "is missing; give house (empty or occupied), or account with at_home")
	case s.House != "" && (s.Account != "" || s.AtHome != nil):
		e.At("house", "stands alone, without account and at_home")
	case s.House == "" && s.AtHome == nil:
		e.At("at_home", "is missing; it is true or false")
	}
	if err := e.OrNil(); err != nil {
		return nil, err
	}
	if s.House != "" {
		return houseCondition{empty: s.House == empty}, nil
	}
	return memberCondition{account: s.Account, atHome: *s.AtHome}, nil
}

type houseCondition struct{ empty bool }

// Holds implements scenes.Condition.
func (c houseCondition) Holds(ctx context.Context, v scenes.Values) (bool, json.RawMessage, error) {
	members, err := v.Members(ctx)
	if err != nil {
		return false, nil, err
	}
	n := 0
	for i := range members {
		if members[i].Presence.AtHome && !members[i].Uncounted {
			n++
		}
	}
	seen, err := json.Marshal(map[string]int{"members_at_home": n})
	return (n == 0) == c.empty, seen, err
}

type memberCondition struct {
	account home.ID
	atHome  bool
}

// Holds implements scenes.Condition.
func (c memberCondition) Holds(ctx context.Context, v scenes.Values) (bool, json.RawMessage, error) {
	members, err := v.Members(ctx)
	if err != nil {
		return false, nil, err
	}
	account := c.account
	if account == "me" {
		account = v.Owner()
	}
	n := slices.IndexFunc(members, func(m home.Member) bool { return m.Account == account })
	if n < 0 {
		return false, nil, home.Errorf(home.NotFound, "%.60q is no member of this house", c.account).Because("member_unknown")
	}
	seen, err := json.Marshal(map[string]bool{"at_home": members[n].Presence.AtHome})
	return members[n].Presence.AtHome == c.atHome, seen, err
}
