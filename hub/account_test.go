package hub_test

import (
	"testing"

	"latchkey/home"
	"latchkey/hub"
)

func TestAccountsAreMadeByOwnersAndOperators(t *testing.T) {
	f := open(t)
	for _, role := range []home.Role{home.Adult, home.Child, home.Guest} {
		id := f.joined("a-"+string(role), role)
		_, err := f.CreateAccount(f.ctx, id, hub.NewAccount{Username: "more", Password: goodPassword})
		wantCode(t, err, home.Forbidden, "right_missing")
	}
	second := f.joined("second", home.Owner)
	a, err := f.CreateAccount(f.ctx, second, hub.NewAccount{Username: "more", Password: goodPassword})
	if err != nil || a.Operator || a.UID != 6 || a.CreatedBy != second.Account {
		t.Errorf("made %+v, %v", a, err)
	}
	_, err = f.CreateAccount(f.ctx, f.owner, hub.NewAccount{Username: "MORE", Password: goodPassword})
	wantCode(t, err, home.Conflict, "username_taken")
}

func TestAnAccountWithoutAHouse(t *testing.T) {
	f := open(t)
	f.account("lone")
	id := f.identify(f.signIn("lone"))
	if id.House != "" || len(id.Grants) != 0 || !id.May(home.Signed, nil, nil) {
		t.Errorf("without a house: %+v", id)
	}
	_, err := f.Members(f.ctx, id)
	wantCode(t, err, home.Conflict, "no_house")
	if _, err := f.CreateHouse(f.ctx, id, hub.NewHouse{Name: "Hut"}); err != nil {
		t.Fatal(err)
	}
	if err := f.Renew(id); err != nil {
		t.Fatal(err)
	}
	if got := f.identify(f.signIn("lone")); got.Role != home.Owner {
		t.Errorf("in the new house: %+v", got)
	}
}

func TestWhoSeesWhichAccounts(t *testing.T) {
	f := open(t)
	bob := f.joined("bob", home.Adult)
	email := "bob@example.org"
	must[home.Account](t)(f.UpdateAccount(f.ctx, bob, bob.Account, hub.AccountChange{Email: &email}))
	f.account("stranger")
	kid := f.joined("kid", home.Child)
	guest := f.joined("guest", home.Guest)
	for _, c := range []struct {
		name  string
		id    *home.Identity
		count int
		email string
	}{{"operator", f.owner, 5, email}, {"self", bob, 4, email}, {"child", kid, 4, ""}, {"guest", guest, 1, "unseen"}} {
		all := must[[]home.Account](t)(f.Accounts(f.ctx, c.id))
		if len(all) != c.count {
			t.Errorf("%s sees %d accounts, want %d", c.name, len(all), c.count)
		}
		got, err := f.Account(f.ctx, c.id, bob.Account)
		if c.email == "unseen" {
			wantCode(t, err, home.NotFound, "account_unknown")
		} else if err != nil || got.Email != c.email {
			t.Errorf("%s sees %+v, %v", c.name, got, err)
		}
	}
}

func TestChangingAccounts(t *testing.T) {
	f := open(t)
	bob := f.joined("bob", home.Adult)
	name, yes, bad := "Bob", true, "not an address"
	_, err := f.UpdateAccount(f.ctx, bob, bob.Account, hub.AccountChange{Disabled: &yes})
	wantCode(t, err, home.Forbidden, "")
	_, err = f.UpdateAccount(f.ctx, bob, f.owner.Account, hub.AccountChange{Name: &name})
	wantCode(t, err, home.Forbidden, "")
	_, err = f.UpdateAccount(f.ctx, bob, bob.Account, hub.AccountChange{Email: &bad})
	wantCode(t, err, home.Unprocessable, "")
	_, err = f.UpdateAccount(f.ctx, bob, bob.Account, hub.AccountChange{Name: &name, Version: 9})
	wantCode(t, err, home.Stale, "")
	got := must[home.Account](t)(f.UpdateAccount(f.ctx, bob, bob.Account, hub.AccountChange{Name: &name, Version: 1}))
	if got.Name != "Bob" || got.Version != 2 {
		t.Errorf("changed to %+v", got)
	}
	_, secret := f.key(bob, hub.NewKey{Kind: home.TokenKey})
	_, err = f.UpdateAccount(f.ctx, f.identify(secret), bob.Account, hub.AccountChange{Name: &name})
	wantCode(t, err, home.Forbidden, "session_needed")
	_, err = f.UpdateAccount(f.ctx, f.owner, f.owner.Account, hub.AccountChange{Disabled: &yes})
	wantCode(t, err, home.Conflict, "last_operator")
}

func TestDisablingAnAccount(t *testing.T) {
	f := open(t)
	bob := f.joined("bob", home.Adult)
	session := f.signIn("bob")
	_, program := f.key(bob, hub.NewKey{Kind: home.TokenKey})
	yes, no := true, false
	must[home.Account](t)(f.UpdateAccount(f.ctx, f.owner, bob.Account, hub.AccountChange{Disabled: &yes}))
	wantCode(t, f.Renew(bob), home.Unauthorized, "credential_invalid")
	f.refused(session, "credential_invalid")
	f.refused(program, "credential_invalid")
	f.reopen()
	f.refused(program, "credential_invalid")
	must[home.Account](t)(f.UpdateAccount(f.ctx, f.owner, bob.Account, hub.AccountChange{Disabled: &no}))
	f.refused(session, "credential_invalid")
	f.identify(program)
}
