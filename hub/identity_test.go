package hub_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/home"
	"latchkey/hub"
	"latchkey/stores/memory"
)

func TestTransportsTakeCertainKinds(t *testing.T) {
	f := open(t)
	_, secret := f.key(f.owner, hub.NewKey{Kind: home.OpenKey})
	_, err := f.Identify(f.ctx, hub.Credential{Secret: secret, Kinds: []home.KeyKind{home.SessionKey, home.TokenKey}})
	wantCode(t, err, home.Unauthorized, "credential_kind")
	id, err := f.Identify(f.ctx, hub.Credential{Secret: secret, Kinds: []home.KeyKind{home.OpenKey}, Remote: "192.0.2.1"})
	if err != nil || id.Remote != "192.0.2.1" || id.Kind != home.OpenKey {
		t.Errorf("got %+v, %v", id, err)
	}
}

func TestTheHouseItselfIsNotAskedAgain(t *testing.T) {
	f := open(t)
	if err := f.Renew(&home.Identity{House: f.house.ID, Scene: "x"}); err != nil {
		t.Error(err)
	}
}

// What belongs to another house or account is answered like what is nowhere,
// for each role.
func TestOtherHousesAreUnknown(t *testing.T) {
	f := open(t)
	f.account("eve")
	lone := f.identify(f.signIn("eve"))
	theirs := must[home.House](t)(f.CreateHouse(f.ctx, lone, hub.NewHouse{Name: "Elsewhere"}))
	eve := f.identify(f.signIn("eve"))
	key, secret := f.key(eve, hub.NewKey{Kind: home.TokenKey})
	name, adult := "taken", home.Adult
	for _, role := range home.Roles {
		id := f.joined("a-"+string(role), role)
		calls := map[string]func(home.ID) error{
			"key":        func(x home.ID) error { _, err := f.Key(f.ctx, id, x); return err },
			"update key": func(x home.ID) error { _, err := f.UpdateKey(f.ctx, id, x, hub.KeyChange{Name: &name}); return err },
			"rotate key": func(x home.ID) error { _, _, err := f.RotateKey(f.ctx, id, x, 0); return err },
			"revoke key": func(x home.ID) error { return f.RevokeKey(f.ctx, id, x) },
			"account":    func(x home.ID) error { _, err := f.Account(f.ctx, id, x); return err },
			"update member": func(x home.ID) error {
				_, err := f.UpdateMember(f.ctx, id, x, hub.MemberChange{Role: &adult})
				return err
			},
			"remove member": func(x home.ID) error { return f.RemoveMember(f.ctx, id, x) },
			"update account": func(x home.ID) error {
				_, err := f.UpdateAccount(f.ctx, id, x, hub.AccountChange{Name: &name})
				return err
			},
		}
		for what, call := range calls {
			for _, foreign := range []home.ID{key.ID, eve.Key, eve.Account} {
				got, want := call(foreign), call("nowhere")
				if fmt.Sprintf("%#v", home.AsError(got)) != fmt.Sprintf("%#v", home.AsError(want)) || got == nil {
					t.Errorf("%s %s: foreign %v, unknown %v", role, what, got, want)
				}
			}
		}
		_, foreign := f.Identify(f.ctx, hub.Credential{Secret: f.signIn("a-" + string(role)), House: theirs.ID})
		_, unknown := f.Identify(f.ctx, hub.Credential{Secret: f.signIn("a-" + string(role)), House: "nowhere"})
		wantCode(t, foreign, home.NotFound, "house_unknown")
		if foreign.Error() != unknown.Error() {
			t.Errorf("%s: another house %q, no house %q", role, foreign, unknown)
		}
	}
	f.identify(secret)
	_, err := f.Identify(f.ctx, hub.Credential{Secret: secret, House: f.house.ID})
	wantCode(t, err, home.NotFound, "house_unknown")
}

// A member of two houses has in each the role of that house.
func TestOneAccountTwoHouses(t *testing.T) {
	f := open(t)
	bob := f.joined("bob", home.Guest)
	f.clock.forward(time.Second)
	hut := must[home.House](t)(f.CreateHouse(f.ctx, bob, hub.NewHouse{Name: "Hut"}))
	token := f.signIn("bob")
	for range 2 {
		first := f.identify(token)
		second := must[*home.Identity](t)(f.Identify(f.ctx, hub.Credential{Secret: token, House: hut.ID}))
		if first.House != f.house.ID || first.Role != home.Guest || first.MaySome(home.WriteDevice) {
			t.Errorf("in the first house: %+v", first)
		}
		if second.House != hut.ID || second.Role != home.Owner || !second.MaySome(home.WriteDevice) {
			t.Errorf("in the second house: %+v", second)
		}
	}
	keys := must[[]home.Key](t)(f.Keys(f.ctx, must[*home.Identity](t)(f.Identify(f.ctx, hub.Credential{Secret: token, House: hut.ID}))))
	for _, k := range keys {
		if k.Account != bob.Account {
			t.Errorf("bob sees the key %s of %s", k.ID, k.Account)
		}
	}
}

// A key for one house learns nothing of its account's other houses, nothing of
// where its own stands without house:read, and founds none without house:write.
func TestANarrowTokenAndHouses(t *testing.T) {
	f := open(t)
	north, east := 48.8, 2.3
	f.house = must[home.House](t)(f.UpdateHouse(f.ctx, f.owner, hub.HouseChange{Latitude: &north, Longitude: &east}))
	f.clock.forward(time.Second)
	hut := must[home.House](t)(f.CreateHouse(f.ctx, f.owner, hub.NewHouse{Name: "Hut", Latitude: &east, Longitude: &east}))
	token := func(n hub.NewKey) *home.Identity {
		t.Helper()
		n.Kind, n.Name = home.TokenKey, "script"
		_, secret, err := f.CreateKey(f.ctx, f.owner, n)
		if err != nil {
			t.Fatal(err)
		}
		return f.identify(secret)
	}
	narrow := token(hub.NewKey{Grants: []home.Grant{{Verbs: []home.Verb{home.ReadDevice}}}})
	houses := must[[]home.House](t)(f.Houses(f.ctx, narrow))
	if len(houses) != 1 || houses[0].ID != f.house.ID || houses[0].Latitude != nil || houses[0].Longitude != nil {
		t.Errorf("a token that may read devices of %s sees the houses %+v", f.house.ID, houses)
	}
	_, err := f.CreateHouse(f.ctx, narrow, hub.NewHouse{Name: "Castle"})
	wantCode(t, err, home.Forbidden, "right_missing")
	usual := token(hub.NewKey{})
	houses = must[[]home.House](t)(f.Houses(f.ctx, usual))
	if len(houses) != 1 || houses[0].Latitude == nil {
		t.Errorf("a token with the usual rights sees the houses %+v", houses)
	}
	must[home.House](t)(f.CreateHouse(f.ctx, usual, hub.NewHouse{Name: "Castle"}))
	houses = must[[]home.House](t)(f.Houses(f.ctx, token(hub.NewKey{AllHouses: true})))
	if len(houses) != 3 || houses[1].ID != hut.ID || houses[1].Latitude == nil {
		t.Errorf("a token for all houses sees %+v", houses)
	}
}

// While many identify, a revocation bites for all of them as soon as it returns.
func TestRevocationBitesAtOnce(t *testing.T) {
	f := open(t)
	k, secret := f.key(f.owner, hub.NewKey{Kind: home.OpenKey})
	_, other := f.key(f.owner, hub.NewKey{Kind: home.OpenKey})
	var revoked, stop atomic.Bool
	var before, after atomic.Int64
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			for !stop.Load() {
				gone := revoked.Load()
				id, err := f.Identify(f.ctx, hub.Credential{Secret: secret, Remote: fmt.Sprint(n)})
				switch {
				case gone && err == nil:
					t.Error("a revoked key was taken")
					return
				case gone:
					after.Add(1)
				case err == nil:
					before.Add(1)
					_ = f.Renew(id)
				}
				if _, err := f.Identify(f.ctx, hub.Credential{Secret: other}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for before.Load() < 100 {
		f.FlushUse(f.ctx)
	}
	if err := f.RevokeKey(f.ctx, f.owner, k.ID); err != nil {
		t.Error(err)
	}
	revoked.Store(true)
	for after.Load() < 100 && !t.Failed() {
		f.FlushUse(f.ctx)
	}
	stop.Store(true)
	wg.Wait()
}

func TestIdentifyMakesOneIdentity(t *testing.T) {
	f := open(t)
	_, secret := f.key(f.owner, hub.NewKey{Kind: home.OpenKey, Hex80: true})
	c := hub.Credential{Secret: secret, Kinds: []home.KeyKind{home.OpenKey}, Remote: "192.0.2.1"}
	got := testing.AllocsPerRun(200, func() {
		if _, err := f.Identify(f.ctx, c); err != nil {
			t.Fatal(err)
		}
	})
	if got > 1 {
		t.Errorf("%v allocations, want at most 1", got)
	}
}

func BenchmarkIdentify(b *testing.B) {
	ctx := context.Background()
	h, err := hub.New(ctx, hub.Config{Store: memory.New()})
	if err != nil {
		b.Fatal(err)
	}
	defer h.Close()
	got, err := h.Setup(ctx, hub.SetupRequest{Username: "ann", Password: goodPassword, Loopback: true})
	if err != nil {
		b.Fatal(err)
	}
	owner, err := h.Identify(ctx, hub.Credential{Secret: got.Token})
	if err != nil {
		b.Fatal(err)
	}
	for _, hex := range []bool{false, true} {
		_, secret, err := h.CreateKey(ctx, owner, hub.NewKey{Kind: home.OpenKey, Name: "phone", Hex80: hex})
		if err != nil {
			b.Fatal(err)
		}
		c := hub.Credential{Secret: secret, Kinds: []home.KeyKind{home.OpenKey}, Remote: "192.0.2.1"}
		b.Run(fmt.Sprintf("hex=%v", hex), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := h.Identify(ctx, c); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
