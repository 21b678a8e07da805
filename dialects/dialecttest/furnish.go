package dialecttest

import (
	"context"
	"fmt"

	"latchkey/home"
	"latchkey/hub"
)

// Password is the password of every account of the fixture, with its name
// before it: alice-opens-the-door.
const Password = "-opens-the-door"

// furnish makes two houses with their people, keys and devices. What is made
// is in the README.
func (k *Kit) furnish(h *hub.Hub, c *clock) error {
	ctx := context.Background()
	setup, err := h.Setup(ctx, hub.SetupRequest{Username: "alice", Password: "alice" + Password, Email: "alice@example.org", Name: "Alice",
		House: &hub.NewHouse{Name: "Home", TimeZone: "Europe/Paris", Language: "en"}, Loopback: true, Remote: "127.0.0.1"})
	if err != nil {
		return fmt.Errorf("set up: %w", err)
	}
	k.secret("password", "alice"+Password)
	k.vars["alice"], k.vars["house"] = string(setup.Account.ID), string(setup.House.ID)
	k.secret("token", setup.Token)
	alice, err := h.Identify(ctx, hub.Credential{Secret: setup.Token})
	if err != nil {
		return err
	}
	bob, err := k.neighbour(ctx, h, alice)
	if err != nil {
		return fmt.Errorf("the neighbour: %w", err)
	}
	for _, p := range []struct {
		name string
		role home.Role
	}{{"dora", home.Child}, {"gus", home.Guest}} {
		if _, err := k.person(ctx, h, alice, p.name, p.role); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	if err := k.things(ctx, h, alice, bob); err != nil {
		return fmt.Errorf("devices: %w", err)
	}
	if err := k.keys(ctx, h, alice, bob); err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	c.set(Start)
	return nil
}

// secret keeps a credential or password as a variable.
func (k *Kit) secret(name, text string) {
	k.vars[name] = text
	k.secrets = append(k.secrets, text)
}

// neighbour makes Bob, who owns the other house.
func (k *Kit) neighbour(ctx context.Context, h *hub.Hub, alice *home.Identity) (*home.Identity, error) {
	if _, err := k.person(ctx, h, alice, "bob", ""); err != nil {
		return nil, err
	}
	id, err := h.Identify(ctx, hub.Credential{Secret: k.vars["bob_token"]})
	if err != nil {
		return nil, err
	}
	house, err := h.CreateHouse(ctx, id, hub.NewHouse{Name: "Next door", TimeZone: "Europe/Paris", Language: "fr"})
	if err != nil {
		return nil, err
	}
	k.vars["other_house"] = string(house.ID)
	k.secret("other_ses", k.vars["bob_token"])
	return h.Identify(ctx, hub.Credential{Secret: k.vars["bob_token"]})
}

// person makes an account that is signed in, a member of Alice's house when it
// has a role.
func (k *Kit) person(ctx context.Context, h *hub.Hub, alice *home.Identity, name string, role home.Role) (home.ID, error) {
	account, err := h.CreateAccount(ctx, alice, hub.NewAccount{Username: name, Password: name + Password, Email: name + "@example.org", Name: name})
	if err != nil {
		return "", err
	}
	if role != "" {
		m, err := h.AddMember(ctx, alice, hub.NewMember{Account: account.ID, Role: role})
		if err != nil {
			return "", err
		}
		k.vars[name+"_member"] = string(m.ID)
	}
	in, err := h.SignIn(ctx, hub.SignInRequest{Username: name, Password: name + Password, Remote: "127.0.0.1"})
	if err != nil {
		return "", err
	}
	k.vars[name] = string(account.ID)
	k.secret(name+"_token", in.Token)
	k.secret(name+"_password", name+Password)
	return account.ID, nil
}

// keys makes keys of every kind: in force, the neighbour's, weak, expired,
// revoked.
func (k *Kit) keys(ctx context.Context, h *hub.Hub, alice, bob *home.Identity) error {
	soon := h.Now().Add(3600e9)
	for _, kind := range []home.KeyKind{home.OpenKey, home.TokenKey, home.GatewayKey, home.HookKey, home.PartnerKey} {
		word := string(kind)
		weak := []home.Grant{{Verbs: []home.Verb{home.ReadHouse}}}
		if kind == home.OpenKey {
			weak = []home.Grant{{Verbs: []home.Verb{home.WriteMessage}}}
		}
		for _, n := range []struct {
			state string
			id    *home.Identity
			key   hub.NewKey
		}{
			{"", alice, hub.NewKey{}},
			{"other", bob, hub.NewKey{}},
			{"weak", alice, hub.NewKey{Grants: weak}},
			{"expired", alice, hub.NewKey{Expires: soon}},
			{"revoked", alice, hub.NewKey{}},
		} {
			name := word
			if n.state != "" {
				name = n.state + "_" + word
			}
			n.key.Kind, n.key.Name, n.key.Hex80 = kind, name, kind == home.OpenKey
			made, text, err := h.CreateKey(ctx, n.id, n.key)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if n.state == "revoked" {
				if err := h.RevokeKey(ctx, n.id, made.ID); err != nil {
					return err
				}
			}
			k.secret(name, text)
			k.vars[name+"_id"] = string(made.ID)
		}
	}
	return nil
}
