package hub_test

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/home"
	"latchkey/hub"
)

// pair makes a pairing and opens it.
func (f *fixture) pair(id *home.Identity, n hub.NewPairing) hub.PairingView {
	f.t.Helper()
	_, code, err := f.CreatePairing(f.ctx, id, n)
	if err != nil {
		f.t.Fatal(err)
	}
	v, err := f.OpenPairing(f.ctx, code, "192.0.2.9")
	if err != nil {
		f.t.Fatal(err)
	}
	return v
}

// A phone that opens its link has a device and a key that can do two things.
func TestPairingGivesANarrowKey(t *testing.T) {
	f := open(t)
	g, code, err := f.CreatePairing(f.ctx, f.owner, hub.NewPairing{Name: "Ann's phone"})
	if err != nil || g.Account != f.owner.Account || g.Expires != g.CreatedAt.Add(15*time.Minute) || g.OpenedAt != 0 {
		t.Fatal(g, err)
	}
	if v, err := f.Pairing(f.ctx, code, ""); err != nil || v.Username != "ann" || v.Secret != "" {
		t.Errorf("before: %+v %v", v, err)
	}
	v, err := f.OpenPairing(f.ctx, code, "192.0.2.9")
	if err != nil || v.Feature != "phone:anns-phone-presence" {
		t.Fatal(v, err)
	}
	phone := f.identify(v.Secret)
	if phone.Account != f.owner.Account || phone.Kind != home.OpenKey || phone.KeyName != "Ann's phone" {
		t.Errorf("the key is %+v", phone)
	}
	if _, err := f.Report(f.ctx, phone, home.Report{Feature: v.Feature, Value: home.Num(1)}); err != nil {
		t.Error(err)
	}
	_, err = f.Report(f.ctx, phone, home.Report{Feature: "mqtt:my-phone-presence", Value: home.Num(1)})
	if err == nil {
		t.Error("it writes another phone's value")
	}
	if _, err := f.Locate(f.ctx, phone, hub.Fix{Kind: "location", Phone: "anns-phone", Position: home.Position{Latitude: 48.8, Longitude: 2.3}}); err != nil {
		t.Error(err)
	}
	for _, verb := range home.Verbs {
		if want := verb == home.WriteState || verb == home.WriteLocation; phone.MaySome(verb) != want {
			t.Errorf("%s: %v", verb, !want)
		}
	}
	keys, err := f.Keys(f.ctx, f.owner)
	if err != nil || !slices.ContainsFunc(keys, func(k home.Key) bool { return k.ID == v.Key && k.Name == "Ann's phone" }) {
		t.Errorf("it is not listed: %v %v", keys, err)
	}
	d, err := f.Device(f.ctx, f.owner, "phone:anns-phone")
	if err != nil || d.Driver != hub.VirtualDriver || len(d.Features) != 1 {
		t.Errorf("the device is %+v %v", d, err)
	}
}

// What a phone sends is seen with its key; nothing that others send is.
func TestPairingSeesWhatArrives(t *testing.T) {
	f := open(t)
	_, code, err := f.CreatePairing(f.ctx, f.owner, hub.NewPairing{Name: "Phone"})
	if err != nil {
		t.Fatal(err)
	}
	opened, err := f.OpenPairing(f.ctx, code, "")
	if err != nil {
		t.Fatal(err)
	}
	see := func() hub.PairingView {
		v, err := f.Pairing(f.ctx, code, opened.Secret)
		if err != nil || v.Secret != opened.Secret {
			t.Fatal(v, err)
		}
		return v
	}
	if _, err := f.Report(f.ctx, f.owner, home.Report{Feature: opened.Feature, Value: home.Num(1)}); err != nil {
		t.Fatal(err)
	}
	if v := see(); v.Last != nil {
		t.Errorf("another's value counts as the phone's: %+v", v.Last)
	}
	if _, err := f.Report(f.ctx, f.identify(opened.Secret), home.Report{Feature: opened.Feature, Value: home.Num(0)}); err != nil {
		t.Fatal(err)
	}
	if v := see(); v.Last == nil || v.Last.Value.Number != 0 || v.From != opened.Feature || v.UsedAt == 0 {
		t.Errorf("the phone's own is not seen: %+v", v)
	}
	if v, err := f.Pairing(f.ctx, code, "lk_key_other"); err != nil || v.Secret != "" {
		t.Errorf("another secret: %+v %v", v, err)
	}
	if err := f.RevokeKey(f.ctx, f.owner, opened.Key); err != nil {
		t.Fatal(err)
	}
	if v := see(); !v.Revoked {
		t.Error("it does not say that the key was taken back")
	}
}

// A link works once, however many come at the same moment.
func TestPairingWorksOnce(t *testing.T) {
	f := open(t)
	_, code, err := f.CreatePairing(f.ctx, f.owner, hub.NewPairing{Name: "Phone"})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var wait sync.WaitGroup
	secrets := []string{}
	for range 20 {
		wait.Go(func() {
			v, err := f.OpenPairing(f.ctx, code, "")
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				secrets = append(secrets, v.Secret)
			} else if home.CodeOf(err) != home.Conflict {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if len(secrets) != 1 {
		t.Errorf("%d keys", len(secrets))
	}
	f.reopen()
	_, err = f.OpenPairing(f.ctx, code, "")
	wantCode(t, err, home.Conflict, "pairing_used")
}

// A link ends after 15 minutes, with the session that made it, and when it is
// deleted.
func TestPairingEnds(t *testing.T) {
	f := open(t)
	make := func(id *home.Identity) (home.Pairing, string) {
		g, code, err := f.CreatePairing(f.ctx, id, hub.NewPairing{Name: "Phone"})
		if err != nil {
			t.Fatal(err)
		}
		return g, code
	}
	_, late := make(f.owner)
	f.clock.forward(15*time.Minute - time.Millisecond)
	if _, err := f.Pairing(f.ctx, late, ""); err != nil {
		t.Error(err)
	}
	f.clock.forward(time.Millisecond)
	_, err := f.Pairing(f.ctx, late, "")
	wantCode(t, err, home.NotFound, "pairing_unknown")
	_, err = f.OpenPairing(f.ctx, late, "")
	wantCode(t, err, home.NotFound, "pairing_unknown")

	g, deleted := make(f.owner)
	if err := f.DeletePairing(f.ctx, f.owner, g.ID); err != nil {
		t.Fatal(err)
	}
	_, err = f.OpenPairing(f.ctx, deleted, "")
	wantCode(t, err, home.NotFound, "pairing_unknown")

	bob := f.joined("bob", home.Adult)
	_, orphan := make(bob)
	if err := f.RevokeKey(f.ctx, bob, bob.Key); err != nil {
		t.Fatal(err)
	}
	_, err = f.OpenPairing(f.ctx, orphan, "")
	wantCode(t, err, home.Forbidden, "pairing_over")
	for _, wrong := range []string{"", "x", late[:len(late)-1], strings.ToUpper(late), "lk_rst_" + strings.Repeat("0", 36), f.owner.KeyName} {
		_, err := f.OpenPairing(f.ctx, wrong, "")
		wantCode(t, err, home.NotFound, "pairing_unknown")
	}
}

// A house that is gone takes its links along.
func TestPairingsEndWithTheirHouse(t *testing.T) {
	f := open(t)
	_, code, err := f.CreatePairing(f.ctx, f.owner, hub.NewPairing{Name: "Phone"})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.DeleteHouse(f.ctx, f.owner, 0); err != nil {
		t.Fatal(err)
	}
	_, err = f.OpenPairing(f.ctx, code, "")
	wantCode(t, err, home.NotFound, "pairing_unknown")
}

func TestWhoMayPair(t *testing.T) {
	f := open(t)
	bob, kid, gus := f.joined("bob", home.Adult), f.joined("kid", home.Child), f.joined("gus", home.Guest)
	_, pat := f.key(f.owner, hub.NewKey{Kind: home.TokenKey, Grants: grant(home.WriteKey, home.WriteState, home.WriteLocation)})
	for name, c := range map[string]struct {
		by      *home.Identity
		account home.ID
		code    home.Code
		reason  string
	}{
		"own":                  {bob, "", "", ""},
		"an adult for a child": {bob, kid.Account, "", ""},
		"an owner for another": {f.owner, bob.Account, "", ""},
		"an adult for another": {bob, f.owner.Account, home.Forbidden, "right_missing"},
		"a child":              {kid, "", home.Forbidden, "right_missing"},
		"a guest":              {gus, "", home.Forbidden, "right_missing"},
		"for a guest":          {f.owner, gus.Account, home.Unprocessable, "pairing_refused"},
		"for nobody":           {f.owner, "zzz", home.NotFound, "member_unknown"},
		"a token":              {f.identify(pat), "", home.Forbidden, "right_missing"},
	} {
		g, _, err := f.CreatePairing(f.ctx, c.by, hub.NewPairing{Name: "Phone", Account: c.account})
		if c.code == "" {
			if err != nil || c.account != "" && g.Account != c.account {
				t.Errorf("%s: %+v %v", name, g, err)
			}
			continue
		}
		if home.CodeOf(err) != c.code || home.AsError(err).Reason != c.reason {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, _, err := f.CreatePairing(f.ctx, f.owner, hub.NewPairing{Name: " "})
	wantCode(t, err, home.Unprocessable, "pairing_refused")
	if v := f.pair(bob, hub.NewPairing{Name: "Kid's", Account: kid.Account}); f.identify(v.Secret).Account != kid.Account {
		t.Error("the key is not the child's")
	}
}

// Everybody sees and ends their own; deleting one that is taken revokes its key.
func TestPairingsAreListedAndEnded(t *testing.T) {
	f := open(t)
	bob, eve := f.joined("bob", home.Adult), f.joined("eve", home.Adult)
	v := f.pair(bob, hub.NewPairing{Name: "Phone"})
	count := func(id *home.Identity) int {
		all, err := f.Pairings(f.ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	f.clock.forward(time.Hour)
	if count(bob) != 1 || count(f.owner) != 1 || count(eve) != 0 {
		t.Errorf("bob sees %d, the owner %d, eve %d", count(bob), count(f.owner), count(eve))
	}
	wantCode(t, f.DeletePairing(f.ctx, eve, v.ID), home.NotFound, "pairing_unknown")
	wantCode(t, f.DeletePairing(f.ctx, bob, ""), home.NotFound, "pairing_unknown")
	if err := f.DeletePairing(f.ctx, bob, v.ID); err != nil {
		t.Fatal(err)
	}
	_, err := f.Identify(f.ctx, hub.Credential{Secret: v.Secret})
	wantCode(t, err, home.Unauthorized, "credential_invalid")
	if count(bob) != 0 {
		t.Error("it is still listed")
	}
	for range 20 {
		if _, _, err := f.CreatePairing(f.ctx, bob, hub.NewPairing{Name: "Phone"}); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err = f.CreatePairing(f.ctx, bob, hub.NewPairing{Name: "Phone"})
	wantCode(t, err, home.Conflict, "too_many_pairings")
	f.clock.forward(time.Hour)
	if _, _, err := f.CreatePairing(f.ctx, bob, hub.NewPairing{Name: "Phone"}); err != nil {
		t.Errorf("those that are over still count: %v", err)
	}
}

// The same phone goes on with its device; another's of the same name has its own.
func TestPairingAgain(t *testing.T) {
	f := open(t)
	bob := f.joined("bob", home.Adult)
	first := f.pair(f.owner, hub.NewPairing{Name: "Phone"})
	if second := f.pair(f.owner, hub.NewPairing{Name: "phone"}); second.Feature != first.Feature || second.Key == first.Key {
		t.Errorf("first %+v, then %+v", first, second)
	}
	if other := f.pair(bob, hub.NewPairing{Name: "Phone"}); other.Feature != "phone:phone-2-presence" {
		t.Errorf("bob's is %s", other.Feature)
	}
	if odd := f.pair(bob, hub.NewPairing{Name: "\u0414 !"}); odd.Feature != "phone:phone-2-presence" {
		t.Errorf("a name without letters: %s", odd.Feature)
	}
}

// A name becomes a part of an id that a person can read and type.
func TestPairedNames(t *testing.T) {
	f := open(t)
	for name, want := range map[string]string{"T\u00e9l\u00e9phone d\u2019Ana\u00efs": "telephone-danais", "\u00c9cran": "ecran", "My Pixel 9": "my-pixel-9", "--": "phone"} {
		if v := f.pair(f.owner, hub.NewPairing{Name: name}); v.Feature != "phone:"+want+"-presence" {
			t.Errorf("%s: %s", name, v.Feature)
		}
	}
}

// No record, event or audit row holds the code or the key; all of it is told.
func TestPairingKeepsNoSecret(t *testing.T) {
	f := open(t)
	_, code, err := f.CreatePairing(f.ctx, f.owner, hub.NewPairing{Name: "Phone"})
	if err != nil {
		t.Fatal(err)
	}
	v, err := f.OpenPairing(f.ctx, code, "192.0.2.9")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.DeletePairing(f.ctx, f.owner, v.ID); err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, err := range []error{
		f.store.Records(f.ctx, home.RecordQuery{}, func(r home.Record) error { all.Write(r.Doc); return nil }),
		f.store.Audits(f.ctx, "", 0, 1000, func(a home.Audit) error { return json.NewEncoder(&all).Encode(a) }),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err = f.store.Log(f.ctx, f.house.ID, 0, 1000, func(e home.Entry) error { return json.NewEncoder(&all).Encode(e) })
	if err != nil {
		t.Fatal(err)
	}
	text := all.String()
	if strings.Contains(text, code) || strings.Contains(text, v.Secret) {
		t.Error("a secret is kept in plain text")
	}
	for _, word := range []string{"pairing.created", "pairing.opened", "pairing.deleted", "key.created", "key.revoked", "device.created"} {
		if !strings.Contains(text, `"action":"`+word) || !strings.Contains(text, `"Type":"`+word) && !strings.Contains(text, `"type":"`+word) {
			t.Errorf("%s is not told as event and in the audit", word)
		}
	}
}

// A paired phone shows whether its member is at home, without any scene.
func TestAPairedPhoneSetsPresence(t *testing.T) {
	f := open(t)
	v := f.pair(f.owner, hub.NewPairing{Name: "Ann's phone"})
	phone := f.identify(v.Secret)
	for _, c := range []struct {
		state float64
		wait  time.Duration
		home  bool
	}{{1, 0, true}, {0, 30 * time.Second, true}, {0, 31 * time.Second, false}, {1, 0, true}} {
		if _, err := f.Report(f.ctx, phone, home.Report{Feature: v.Feature, Value: home.Num(c.state)}); err != nil {
			t.Fatal(err)
		}
		f.clock.forward(c.wait)
		if err := f.SettlePresence(f.ctx); err != nil {
			t.Fatal(err)
		}
		if m := f.member(f.owner.Account); m.Presence.AtHome != c.home {
			t.Errorf("%v after %v: at home %v, want %v", c.state, c.wait, m.Presence.AtHome, c.home)
		}
	}
	f.pair(f.owner, hub.NewPairing{Name: "Ann's phone"})
	if m := f.member(f.owner.Account); len(m.Sources) != 1 {
		t.Errorf("paired again: %d sources", len(m.Sources))
	}
}
