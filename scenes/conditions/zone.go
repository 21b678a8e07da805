package conditions

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"latchkey/home"
	"latchkey/scenes"
)

// zone holds while a member is in a zone, or is not:
//
//	{"type": "zone", "zone": "School", "account": "me", "inside": true}
//
// zone is its name or id, account a member's account id, or "me" for the
// scene's owner. Without account it asks whether anyone is inside.
func zone() scenes.ConditionKind {
	return scenes.ConditionKind{
		Described: home.Described{
			Name:  "zone",
			Title: home.Label{EN: "Somebody is in a zone, or is not", FR: "Quelqu'un est dans une zone, ou n'y est pas"},
			Fields: []home.Field{
				{Name: "zone", Title: home.Label{EN: "Zone: its name or id", FR: "Zone : son nom ou son id"}, Kind: "text", Required: true},
				{Name: "account", Title: home.Label{EN: "Member; anyone when left out", FR: "Membre ; n'importe qui par d\u00e9faut"}, Kind: "account"},
				{Name: "inside", Title: home.Label{EN: "Inside", FR: "\u00c0 l'int\u00e9rieur"}, Kind: "boolean", Required: true},
			},
		},
		Compile: compileZone,
	}
}

type zoneSettings struct {
	Zone    string  `json:"zone"`
	Account home.ID `json:"account"`
	Inside  bool    `json:"inside"`
}

type zoneCondition struct{ zoneSettings }

func compileZone(raw json.RawMessage) (scenes.Condition, error) {
	var s zoneSettings
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, home.Errorf(home.Unprocessable, "the settings do not read: %v", err)
	}
	s.Zone = strings.TrimSpace(s.Zone)
	return zoneCondition{s}, nil
}

// Holds implements scenes.Condition.
func (c zoneCondition) Holds(ctx context.Context, v scenes.Values) (bool, json.RawMessage, error) {
	members, err := v.Members(ctx)
	if err != nil {
		return false, nil, err
	}
	account := c.Account
	if account == "me" {
		account = v.Owner()
	}
	known, inside := false, false
	for _, m := range members {
		if account != "" && m.Account != account {
			continue
		}
		if m.Zones == nil {
			return false, nil, home.Errorf(home.Forbidden, "where a member is needs the right %s, which the scene's owner does not hold", home.ReadLocation).Because("right_missing")
		}
		known = true
		inside = inside || slices.ContainsFunc(m.Zones, c.names)
	}
	if !known {
		return false, nil, home.Errorf(home.NotFound, "%.60q is no member of this house", c.Account).Because("member_unknown")
	}
	seen, err := json.Marshal(map[string]bool{"inside": inside})
	return inside == c.Inside, seen, err
}

func (c zoneCondition) names(z home.InZone) bool {
	return c.Zone == string(z.Zone) || strings.EqualFold(c.Zone, strings.TrimSpace(z.Name))
}
