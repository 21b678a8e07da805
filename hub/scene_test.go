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

func TestASceneDoesNoMoreThanTheKeyThatSavedIt(t *testing.T) {
	f := open(t)
	_, secret, err := f.CreateKey(f.ctx, f.owner, hub.NewKey{Kind: home.TokenKey, Name: "scenes", Grants: []home.Grant{{Verbs: []home.Verb{home.ReadScene, home.WriteScene}}}})
	if err != nil {
		t.Fatal(err)
	}
	narrow := f.identify(secret)
	byKey, err := f.CreateScene(f.ctx, narrow, home.Scene{Name: "by key", Rights: []home.Grant{{Verbs: home.RoleRights(home.Owner)}}})
	if err != nil {
		t.Fatal(err)
	}
	inPerson, err := f.CreateScene(f.ctx, f.owner, home.Scene{Name: "in person"})
	if err != nil {
		t.Fatal(err)
	}
	for scene, may := range map[*home.Scene]bool{&byKey: false, &inPerson: true} {
		id, err := f.Actor(*scene, nil)
		if err != nil || id.May(home.ControlCritical, nil, nil) != may {
			t.Errorf("%s: unlocks %v, %v", scene.Name, !may, err)
		}
	}
	byKey.Version = 0
	if byKey, err = f.UpdateScene(f.ctx, f.owner, byKey); err != nil || byKey.Rights != nil {
		t.Errorf("saved again in person: %v, %v", byKey.Rights, err)
	}
}

func TestRunsCutOffAreInterrupted(t *testing.T) {
	f := open(t)
	run := home.Run{ID: "r1", House: f.house.ID, Scene: "s", Status: "running", Started: f.Now()}
	if err := f.SaveRun(f.ctx, run); err != nil {
		t.Fatal(err)
	}
	f.Close()
	again, err := hub.New(f.ctx, hub.Config{Store: f.store, Clock: f.clock.time, Drivers: []home.Driver{f.driver}})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	got, err := again.Run(f.ctx, f.owner, "r1")
	if err != nil || got.Status != "interrupted" || got.Finished == 0 {
		t.Errorf("%+v, %v", got, err)
	}
}
