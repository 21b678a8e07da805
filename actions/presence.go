package actions

import (
	"context"
	"strings"

	"latchkey/home"
	"latchkey/hub"
	"latchkey/scenes"
)

// presenceSet is presence.set: say that a member is at home, or is not.
//
//	{"account": "me", "at_home": true}
//
// account is "me", which in a scene is its owner, an account's id or a member's
// username.
func presenceSet() hub.Action {
	fields := []home.Field{
		{Name: "account", Title: home.Label{EN: "Member", FR: "Membre"}, Kind: "account", Required: true},
		{Name: "at_home", Title: home.Label{EN: "At home", FR: "\u00c0 la maison"}, Kind: "boolean", Required: true},
	}
	return hub.Action{
		Described: home.Described{
			Name:   "presence.set",
			Title:  home.Label{EN: "Set somebody as at home or away", FR: "Mettre quelqu'un pr\u00e9sent ou absent"},
			Fields: fields,
			Right:  home.WritePresence,
		},
		Run: func(ctx context.Context, h *hub.Hub, c hub.ActionCall) (any, error) {
			var a struct {
				Account string `json:"account"`
				AtHome  bool   `json:"at_home"`
			}
			if err := scenes.Decode(fields, c.Args, &a); err != nil {
				return nil, err
			}
			account, err := memberNamed(ctx, h, c.Identity, a.Account)
			if err != nil {
				return nil, err
			}
			changed, err := h.SetPresence(ctx, c.Identity, account, a.AtHome)
			if err != nil {
				return nil, err
			}
			return presence{Account: account, AtHome: a.AtHome, Changed: changed}, nil
		},
	}
}

// presence is the result of presence.set.
type presence struct {
	Account home.ID `json:"account"`
	AtHome  bool    `json:"at_home"`
	Changed bool    `json:"changed"` // false: it was so before, nothing was told
}

// memberNamed returns the account that a person means. An id needs no right to
// read who lives here; a username does.
func memberNamed(ctx context.Context, h *hub.Hub, id *home.Identity, name string) (home.ID, error) {
	if name == "me" {
		if id.Account == "" {
			return "", home.Errorf(home.Unprocessable, "nobody stands behind this credential, so \"me\" means nobody").
				Because("member_unknown").At("account", "give the member's id or username")
		}
		return id.Account, nil
	}
	members, err := h.Members(ctx, id)
	if home.CodeOf(err) == home.Forbidden {
		return home.ID(name), nil
	}
	if err != nil {
		return "", err
	}
	for _, m := range members {
		if string(m.Account) == name {
			return m.Account, nil
		}
	}
	for _, m := range members {
		a, err := h.Account(ctx, id, m.Account)
		if err == nil && strings.EqualFold(a.Username, name) {
			return a.ID, nil
		}
	}
	return "", home.Errorf(home.NotFound, "%.60q is no member of this house; give a member's username, account id, or \"me\"", name).
		Because("member_unknown").At("account", "no member has this username or id")
}
