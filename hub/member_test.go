package hub_test

import (
	"slices"
	"testing"
	"time"

	"latchkey/home"
	"latchkey/hub"
)

// Every role's session holds exactly what the role allows.
func TestRolesBoundWhatSessionsMay(t *testing.T) {
	f := open(t)
	for _, role := range home.Roles {
		id := f.joined("a-"+string(role), role)
		for _, v := range home.Verbs {
			if got, want := id.May(v, nil, nil), slices.Contains(home.RoleRights(role), v); got != want {
				t.Errorf("%s %s: %v, want %v", role, v, got, want)
			}
		}
	}
}

func TestAChangeOfRoleBitesAtOnce(t *testing.T) {
	f := open(t)
	bob := f.joined("bob", home.Adult)
	_, secret := f.key(bob, hub.NewKey{Kind: home.TokenKey})
	if !f.identify(secret).May(home.WriteDevice, nil, nil) {
		t.Fatal("an adult's token lacks device:write")
	}
	guest := home.Guest
	must[home.Member](t)(f.UpdateMember(f.ctx, f.owner, bob.Account, hub.MemberChange{Role: &guest}))
	if f.identify(secret).May(home.WriteDevice, nil, nil) {
		t.Error("the token outlives the role")
	}
	if err := f.Renew(bob); err != nil || bob.Role != home.Guest || bob.May(home.WriteDevice, nil, nil) {
		t.Errorf("renewed to %+v, %v", bob, err)
	}
	f.clock.forward(8 * 24 * time.Hour) // what was made as an adult's lasts no longer than a guest's
	f.refused(secret, "credential_expired")
}

func TestMembershipsExpire(t *testing.T) {
	f := open(t)
	a := f.account("bob")
	m := hub.NewMember{Username: "BOB", Role: home.Adult, Expires: f.Now().Add(time.Hour)}
	must[home.Member](t)(f.AddMember(f.ctx, f.owner, m))
	id := f.identify(f.signIn("bob"))
	_, bound := f.key(id, hub.NewKey{Kind: home.TokenKey})
	_, wide := f.key(id, hub.NewKey{Kind: home.TokenKey, AllHouses: true})
	f.clock.forward(time.Hour)
	f.refused(bound, "credential_expired")
	if got := f.identify(wide); got.House != "" || len(got.Grants) != 0 {
		t.Errorf("past the end: %+v", got)
	}
	_, err := f.Identify(f.ctx, hub.Credential{Secret: wide, House: f.house.ID})
	wantCode(t, err, home.NotFound, "house_unknown")
	wantCode(t, f.Renew(id), home.Unauthorized, "")
	never := home.Time(0)
	must[home.Member](t)(f.UpdateMember(f.ctx, f.owner, a.ID, hub.MemberChange{Expires: &never}))
	f.identify(bound)
}

func TestAddingMembers(t *testing.T) {
	f := open(t)
	bob := f.account("bob")
	for name, c := range map[string]struct {
		m    hub.NewMember
		code home.Code
	}{
		"unknown account": {hub.NewMember{Account: "nope", Role: home.Adult}, home.NotFound},
		"unknown name":    {hub.NewMember{Username: "nope", Role: home.Adult}, home.NotFound},
		"role":            {hub.NewMember{Account: bob.ID, Role: "king"}, home.Unprocessable},
		"past":            {hub.NewMember{Account: bob.ID, Role: home.Adult, Expires: 1}, home.Unprocessable},
		"again":           {hub.NewMember{Account: f.owner.Account, Role: home.Adult}, home.Conflict},
	} {
		_, err := f.AddMember(f.ctx, f.owner, c.m)
		if home.CodeOf(err) != c.code {
			t.Errorf("%s: got %v, want %s", name, err, c.code)
		}
	}
	kid := f.joined("kid", home.Child)
	_, err := f.AddMember(f.ctx, kid, hub.NewMember{Account: bob.ID, Role: home.Owner})
	wantCode(t, err, home.Forbidden, "")
}

func TestTheLastOwnerStays(t *testing.T) {
	f := open(t)
	adult, later := home.Adult, f.Now().Add(time.Hour)
	try := func() {
		t.Helper()
		_, err := f.UpdateMember(f.ctx, f.owner, f.owner.Account, hub.MemberChange{Role: &adult})
		wantCode(t, err, home.Conflict, "last_owner")
		_, err = f.UpdateMember(f.ctx, f.owner, f.owner.Account, hub.MemberChange{Expires: &later})
		wantCode(t, err, home.Conflict, "last_owner")
		wantCode(t, f.RemoveMember(f.ctx, f.owner, f.owner.Account), home.Conflict, "last_owner")
	}
	try()
	bob := f.account("bob")
	must[home.Member](t)(f.AddMember(f.ctx, f.owner, hub.NewMember{Account: bob.ID, Role: home.Owner, Expires: later}))
	try() // an owner who goes again does not count
	never := home.Time(0)
	must[home.Member](t)(f.UpdateMember(f.ctx, f.owner, bob.ID, hub.MemberChange{Expires: &never}))
	if err := f.RemoveMember(f.ctx, f.owner, f.owner.Account); err != nil {
		t.Fatal(err)
	}
}

func TestRemovingAMemberEndsTheirKeys(t *testing.T) {
	f := open(t)
	bob := f.joined("bob", home.Adult)
	kid := f.joined("kid", home.Child)
	_, secret := f.key(bob, hub.NewKey{Kind: home.OpenKey})
	wantCode(t, f.RemoveMember(f.ctx, kid, bob.Account), home.Forbidden, "")
	if err := f.RemoveMember(f.ctx, f.owner, bob.Account); err != nil {
		t.Fatal(err)
	}
	f.refused(secret, "credential_invalid")
	wantCode(t, f.Renew(bob), home.Unauthorized, "")
	must[home.Member](t)(f.AddMember(f.ctx, f.owner, hub.NewMember{Account: bob.Account, Role: home.Adult}))
	f.refused(secret, "credential_invalid")
	wantCode(t, f.RemoveMember(f.ctx, f.owner, "nope"), home.NotFound, "member_unknown")
	if err := f.RemoveMember(f.ctx, kid, kid.Account); err != nil {
		t.Errorf("leaving: %v", err)
	}
}

// told returns the types of the house's events above after.
func (f *fixture) told(after uint64) (types []string) {
	f.t.Helper()
	_, err := f.store.Log(f.ctx, f.house.ID, after, 1000, func(e home.Entry) error {
		if e.Event != nil {
			types = append(types, e.Event.Type)
			if len(e.Event.Cause) == 0 || e.Event.Verb == "" {
				f.t.Errorf("%s has the cause %v and needs %q", e.Event.Type, e.Event.Cause, e.Event.Verb)
			}
		}
		return nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return types
}

func TestChangesOfMembersAndKeysAreTold(t *testing.T) {
	f := open(t)
	before := must[uint64](t)(f.Head(f.owner))
	bob := f.joined("bob", home.Adult)
	child, name := home.Child, "renamed"
	k, _ := f.key(bob, hub.NewKey{Kind: home.OpenKey})
	must[home.Key](t)(f.UpdateKey(f.ctx, bob, k.ID, hub.KeyChange{Name: &name}))
	if _, _, err := f.RotateKey(f.ctx, bob, k.ID, 0); err != nil {
		t.Fatal(err)
	}
	if err := f.RevokeKey(f.ctx, bob, k.ID); err != nil {
		t.Fatal(err)
	}
	must[home.Member](t)(f.UpdateMember(f.ctx, f.owner, bob.Account, hub.MemberChange{Role: &child}))
	if err := f.RemoveMember(f.ctx, f.owner, bob.Account); err != nil {
		t.Fatal(err)
	}
	want := []string{"member.added", "key.created", "key.updated", "key.rotated", "key.revoked", "member.updated", "member.removed"}
	if got := f.told(before); !slices.Equal(got, want) {
		t.Errorf("told %v, want %v", got, want)
	}
}

// What was asked for before a revocation does not slip in behind it.
func TestARevokedCredentialHandsOutNothing(t *testing.T) {
	f := open(t)
	second := f.joined("second", home.Owner)
	a := f.account("bob")
	if err := f.SignOut(f.ctx, second); err != nil {
		t.Fatal(err)
	}
	_, _, err := f.CreateKey(f.ctx, second, hub.NewKey{Kind: home.OpenKey, Name: "x"})
	wantCode(t, err, home.Unauthorized, "credential_invalid")
	_, err = f.AddMember(f.ctx, second, hub.NewMember{Account: a.ID, Role: home.Owner})
	wantCode(t, err, home.Unauthorized, "credential_invalid")
}

// A key that may write members makes nobody mightier than itself.
func TestAMemberKeyGivesNoMoreThanItHolds(t *testing.T) {
	f := open(t)
	bob, err := f.CreateAccount(f.ctx, f.owner, hub.NewAccount{Username: "bob", Password: "bob has a long one"})
	if err != nil {
		t.Fatal(err)
	}
	_, secret, err := f.CreateKey(f.ctx, f.owner, hub.NewKey{Kind: home.TokenKey, Name: "members", Grants: []home.Grant{{Verbs: append(home.RoleRights(home.Guest), home.WriteMember)}}})
	if err != nil {
		t.Fatal(err)
	}
	narrow := f.identify(secret)
	_, err = f.AddMember(f.ctx, narrow, hub.NewMember{Account: bob.ID, Role: home.Owner})
	wantCode(t, err, home.Forbidden, "right_missing")
	if _, err := f.AddMember(f.ctx, narrow, hub.NewMember{Account: bob.ID, Role: home.Guest}); err != nil {
		t.Fatal(err)
	}
	_, err = f.UpdateMember(f.ctx, narrow, bob.ID, hub.MemberChange{Role: ptr(home.Adult)})
	wantCode(t, err, home.Forbidden, "right_missing")
	if _, err := f.UpdateMember(f.ctx, f.owner, bob.ID, hub.MemberChange{Role: ptr(home.Owner)}); err != nil {
		t.Error(err)
	}
}
