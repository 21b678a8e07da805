package hub_test

import (
	"testing"

	"latchkey/home"
	"latchkey/hub"
)

func TestASceneActsOnlyWhileItsOwnerMay(t *testing.T) {
	f := open(t)
	bob, err := f.CreateAccount(f.ctx, f.owner, hub.NewAccount{Username: "bob", Password: "bob has a long one"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.AddMember(f.ctx, f.owner, hub.NewMember{Account: bob.ID, Role: home.Child}); err != nil {
		t.Fatal(err)
	}
	scene := home.Scene{ID: "s", House: f.house.ID, Owner: bob.ID, Name: "s"}
	id, err := f.Actor(scene, home.Cause{{Kind: "run", ID: "r"}})
	if err != nil || id.Role != home.Child || id.May(home.WriteScene, nil, nil) || id.Scene != "s" {
		t.Fatalf("acts as %+v, %v", id, err)
	}
	if _, err := f.UpdateAccount(f.ctx, f.owner, bob.ID, hub.AccountChange{Disabled: ptr(true)}); err != nil {
		t.Fatal(err)
	}
	_, err = f.Actor(scene, nil)
	wantCode(t, err, home.Forbidden, "scene_orphan")
	if _, err := f.UpdateAccount(f.ctx, f.owner, bob.ID, hub.AccountChange{Disabled: ptr(false)}); err != nil {
		t.Fatal(err)
	}
	if err := f.RemoveMember(f.ctx, f.owner, bob.ID); err != nil {
		t.Fatal(err)
	}
	_, err = f.Actor(scene, nil)
	wantCode(t, err, home.Forbidden, "scene_orphan")
}
