package hub_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/home"
	"latchkey/hub"
)

func grant(verbs ...home.Verb) []home.Grant { return []home.Grant{{Verbs: verbs}} }

// An open API key may stand in a URL, so nothing but writing can be had of it.
func TestOpenKeysOnlyWrite(t *testing.T) {
	f := open(t)
	may := []home.Verb{home.WriteState, home.WriteEvent, home.WriteMessage, home.WriteLocation}
	for _, v := range home.Verbs {
		_, _, err := f.CreateKey(f.ctx, f.owner, hub.NewKey{Kind: home.OpenKey, Name: "phone", Grants: grant(home.WriteState, v)})
		if slices.Contains(may, v) {
			if err != nil {
				t.Errorf("%s: %v", v, err)
			}
			continue
		}
		wantCode(t, err, home.Unprocessable, "rights_refused")
	}
	_, secret := f.key(f.owner, hub.NewKey{Kind: home.OpenKey})
	id := f.identify(secret)
	for _, v := range home.Verbs {
		if got := id.May(v, nil, nil); got != slices.Contains(may, v) {
			t.Errorf("by default %s: %v", v, got)
		}
	}
	_, _, err := f.CreateKey(f.ctx, id, hub.NewKey{Kind: home.OpenKey, Name: "more"})
	wantCode(t, err, home.Forbidden, "")
	_, err = f.Keys(f.ctx, id)
	wantCode(t, err, home.Forbidden, "")
	wantCode(t, f.RevokeKey(f.ctx, id, id.Key), home.Forbidden, "")
}

// A key that was stored with more than its kind allows gets no more.
func TestStoredRightsAreCut(t *testing.T) {
	f := open(t)
	k, secret := f.key(f.owner, hub.NewKey{Kind: home.OpenKey})
	err := f.store.Records(f.ctx, home.RecordQuery{Kind: home.KindKey, ID: k.ID}, func(r home.Record) error {
		r.Doc = []byte(strings.Replace(string(r.Doc), `"state:write"`, `"state:write","device:control","state:read","server:operate"`, 1))
		return f.store.Write(f.ctx, &home.Group{Records: []home.RecordChange{r}})
	})
	if err != nil {
		t.Fatal(err)
	}
	f.reopen()
	id := f.identify(secret)
	if id.MaySome(home.Control) || id.MaySome(home.ReadState) || id.MaySome(home.Operate) || !id.MaySome(home.WriteState) {
		t.Errorf("it holds %v", id.Grants)
	}
}

func TestWhoMayMakeKeys(t *testing.T) {
	f := open(t)
	kid := f.joined("kid", home.Child)
	_, _, err := f.CreateKey(f.ctx, kid, hub.NewKey{Kind: home.OpenKey, Name: "x"})
	wantCode(t, err, home.Forbidden, "right_missing")
	_, plain := f.key(f.owner, hub.NewKey{Kind: home.TokenKey})
	if id := f.identify(plain); id.MaySome(home.WriteKey) || id.MaySome(home.Operate) || id.MaySome(home.WriteMember) {
		t.Errorf("a token's default rights are %v", id.Grants)
	}
	_, _, err = f.CreateKey(f.ctx, f.identify(plain), hub.NewKey{Kind: home.OpenKey, Name: "x"})
	wantCode(t, err, home.Forbidden, "right_missing")
	for _, kind := range []home.KeyKind{home.GatewayKey, home.HookKey, home.PartnerKey} { // whatever their rights
		_, secret := f.key(f.owner, hub.NewKey{Kind: kind, Grants: grant(home.WriteKey, home.WriteState)})
		_, _, err = f.CreateKey(f.ctx, f.identify(secret), hub.NewKey{Kind: home.OpenKey, Name: "x"})
		wantCode(t, err, home.Forbidden, "right_missing")
	}
	for _, kind := range []home.KeyKind{home.SessionKey, home.SetupKey, home.InsideKey, "zzz"} {
		_, _, err = f.CreateKey(f.ctx, f.owner, hub.NewKey{Kind: kind, Name: "x"})
		wantCode(t, err, home.Unprocessable, "key_refused")
	}
	_, _, err = f.CreateKey(f.ctx, f.owner, hub.NewKey{Kind: home.TokenKey, Name: "x", Hex80: true})
	wantCode(t, err, home.Unprocessable, "key_refused")
	_, _, err = f.CreateKey(f.ctx, f.owner, hub.NewKey{Kind: home.TokenKey})
	wantCode(t, err, home.Unprocessable, "key_refused")
	_, _, err = f.CreateKey(f.ctx, f.owner, hub.NewKey{Kind: home.TokenKey, Name: "x", Grants: []home.Grant{}})
	wantCode(t, err, home.Unprocessable, "rights_refused")
	_, _, err = f.CreateKey(f.ctx, f.owner, hub.NewKey{Kind: home.TokenKey, Name: "x", Grants: grant("all:things")})
	wantCode(t, err, home.Unprocessable, "rights_refused")
}

// Nobody gives what they lack: not by another right, not by a wider part of
// the house, not by a key for every house, not by taking over a stronger key.
func TestNobodyGivesMoreThanTheyHave(t *testing.T) {
	f := open(t)
	lamp := f.device("lamp-two", hub.NewFeature{ExternalID: "two:on", Category: "light", Type: "binary"})
	other := f.device("lamp-three", hub.NewFeature{ExternalID: "three:on", Category: "light", Type: "binary"})
	adult := f.joined("bob", home.Adult)
	_, _, err := f.CreateKey(f.ctx, adult, hub.NewKey{Kind: home.TokenKey, Name: "x", Grants: grant(home.WriteMember)})
	wantCode(t, err, home.Forbidden, "right_missing")
	_, _, err = f.CreateKey(f.ctx, adult, hub.NewKey{Kind: home.TokenKey, Name: "x", Grants: grant(home.Operate)})
	wantCode(t, err, home.Forbidden, "right_missing")
	_, secret := f.key(f.owner, hub.NewKey{Kind: home.TokenKey, Grants: []home.Grant{
		{Verbs: []home.Verb{home.WriteKey}}, {Verbs: []home.Verb{home.Control}, Devices: []home.ID{lamp.ID}}}})
	id := f.identify(secret)
	for name, c := range map[string]struct {
		grant home.Grant
		ok    bool
	}{
		"its device":      {home.Grant{Verbs: []home.Verb{home.Control}, Devices: []home.ID{lamp.ID}}, true},
		"its feature":     {home.Grant{Verbs: []home.Verb{home.Control}, Features: []string{"two:on"}}, true},
		"other device":    {home.Grant{Verbs: []home.Verb{home.Control}, Devices: []home.ID{other.ID}}, false},
		"one of two":      {home.Grant{Verbs: []home.Verb{home.Control}, Devices: []home.ID{lamp.ID, other.ID}}, false},
		"other feature":   {home.Grant{Verbs: []home.Verb{home.Control}, Features: []string{"three:on"}}, false},
		"unknown feature": {home.Grant{Verbs: []home.Verb{home.Control}, Features: []string{"later:on"}}, false},
		"the house":       {home.Grant{Verbs: []home.Verb{home.Control}}, false},
		"another right":   {home.Grant{Verbs: []home.Verb{home.ReadState}, Devices: []home.ID{lamp.ID}}, false},
	} {
		_, _, err := f.CreateKey(f.ctx, id, hub.NewKey{Kind: home.TokenKey, Name: "x", Grants: []home.Grant{c.grant}})
		if (err == nil) != c.ok || !c.ok && home.CodeOf(err) != home.Forbidden {
			t.Errorf("%s: %v", name, err)
		}
	}
	strong, _ := f.key(f.owner, hub.NewKey{Kind: home.TokenKey, Grants: grant(home.WriteMember)})
	_, _, err = f.RotateKey(f.ctx, id, strong.ID, 0)
	wantCode(t, err, home.Forbidden, "right_missing")
	_, _, err = f.RotateKey(f.ctx, id, f.owner.Key, 0)
	wantCode(t, err, home.Forbidden, "right_missing")
	wide := grant(home.WriteMember)
	_, err = f.UpdateKey(f.ctx, id, id.Key, hub.KeyChange{Grants: &wide})
	wantCode(t, err, home.Forbidden, "right_missing")
	_, _, err = f.CreateKey(f.ctx, id, hub.NewKey{Kind: home.TokenKey, Name: "x", AllHouses: true, Grants: grant(home.WriteKey)})
	wantCode(t, err, home.Forbidden, "right_missing")
	_, _, err = f.CreateKey(f.ctx, f.owner, hub.NewKey{Kind: home.TokenKey, Name: "x", AllHouses: true,
		Grants: []home.Grant{{Verbs: []home.Verb{home.Control}, Devices: []home.ID{lamp.ID}}}})
	wantCode(t, err, home.Unprocessable, "rights_refused")
}

func TestKeysExpire(t *testing.T) {
	f := open(t)
	year := f.Now().Add(365 * 24 * time.Hour)
	for _, c := range []struct {
		kind        home.KeyKind
		asked, want home.Time
	}{
		{home.TokenKey, 0, year}, {home.TokenKey, hub.Never, 0}, {home.PartnerKey, 0, year}, {home.OpenKey, 0, 0}, {home.GatewayKey, 0, 0},
		{home.OpenKey, year + 7, year + 7},
	} {
		if k, _ := f.key(f.owner, hub.NewKey{Kind: c.kind, Expires: c.asked}); k.Expires != c.want {
			t.Errorf("%s asked for %d: ends %s, want %s", c.kind, c.asked, k.Expires, c.want)
		}
	}
	for _, bad := range []home.Time{1, f.Now(), -2} {
		_, _, err := f.CreateKey(f.ctx, f.owner, hub.NewKey{Kind: home.OpenKey, Name: "x", Expires: bad})
		wantCode(t, err, home.Unprocessable, "key_refused")
	}
	k, secret := f.key(f.owner, hub.NewKey{Kind: home.OpenKey, Expires: f.Now().Add(time.Minute)})
	id := f.identify(secret)
	f.clock.forward(time.Minute)
	f.refused(secret, "credential_expired")
	wantCode(t, f.Renew(id), home.Unauthorized, "")
	later := f.Now().Add(time.Minute)
	must[home.Key](t)(f.UpdateKey(f.ctx, f.owner, k.ID, hub.KeyChange{Expires: &later}))
	f.identify(secret)
}

func TestRotation(t *testing.T) {
	f := open(t)
	k, first := f.key(f.owner, hub.NewKey{Kind: home.OpenKey, Hex80: true})
	stream := f.identify(first)
	rotated, second, err := f.RotateKey(f.ctx, f.owner, k.ID, 0)
	if err != nil || len(second) != 80 || second == first || rotated.Version != 2 || rotated.OldUntil != f.Now().Add(24*time.Hour) {
		t.Fatalf("rotated to %+v, %v", rotated, err)
	}
	f.reopen()
	f.identify(first)
	f.identify(second)
	f.clock.forward(24 * time.Hour)
	f.refused(first, "credential_expired")
	wantCode(t, f.Renew(stream), home.Unauthorized, "credential_expired") // it came by the old secret
	f.identify(second)
	if _, _, err := f.RotateKey(f.ctx, f.owner, k.ID, -1); err != nil {
		t.Fatal(err)
	}
	f.refused(second, "credential_invalid")
	f.refused(first, "credential_invalid")
	_, _, err = f.RotateKey(f.ctx, f.owner, k.ID, 8*24*time.Hour)
	wantCode(t, err, home.Unprocessable, "key_refused")
	_, _, err = f.RotateKey(f.ctx, f.owner, f.owner.Key, 0)
	wantCode(t, err, home.Conflict, "not_a_key")
}

func TestRevocationIsForEver(t *testing.T) {
	f := open(t)
	k, secret := f.key(f.owner, hub.NewKey{Kind: home.OpenKey})
	_, second, err := f.RotateKey(f.ctx, f.owner, k.ID, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	f.identify(secret)
	if err := f.RevokeKey(f.ctx, f.owner, k.ID); err != nil {
		t.Fatal(err)
	}
	f.refused(secret, "credential_invalid")
	f.refused(second, "credential_invalid")
	wantCode(t, f.RevokeKey(f.ctx, f.owner, k.ID), home.NotFound, "key_unknown")
	for range 2 {
		f.reopen()
		f.refused(secret, "credential_invalid")
		f.refused(second, "credential_invalid")
	}
	f.clock.forward(91 * 24 * time.Hour)
	if err := f.FlushUse(f.ctx); err != nil {
		t.Fatal(err)
	}
	f.store.Records(f.ctx, home.RecordQuery{Kind: home.KindKey, ID: k.ID}, func(home.Record) error {
		t.Error("a key revoked 91 days ago is still on record")
		return nil
	})
	f.refused(secret, "credential_invalid")
}

func TestChangingKeys(t *testing.T) {
	f := open(t)
	bob := f.joined("bob", home.Adult)
	k, secret := f.key(bob, hub.NewKey{Kind: home.OpenKey, Name: "phone"})
	name, empty, narrow := "my phone", " ", grant(home.WriteEvent)
	_, err := f.UpdateKey(f.ctx, bob, k.ID, hub.KeyChange{Name: &empty})
	wantCode(t, err, home.Unprocessable, "key_refused")
	_, err = f.UpdateKey(f.ctx, bob, k.ID, hub.KeyChange{Name: &name, Version: 7})
	wantCode(t, err, home.Stale, "")
	_, err = f.UpdateKey(f.ctx, f.owner, k.ID, hub.KeyChange{Name: &name}) // an owner sees and revokes, no more
	wantCode(t, err, home.Forbidden, "key_foreign")
	_, _, err = f.RotateKey(f.ctx, f.owner, k.ID, 0)
	wantCode(t, err, home.Forbidden, "key_foreign")
	got := must[home.Key](t)(f.UpdateKey(f.ctx, bob, k.ID, hub.KeyChange{Name: &name, Grants: &narrow, Version: 1}))
	if got.Name != name || got.Version != 2 || got.Hash != "" {
		t.Errorf("changed to %+v", got)
	}
	if id := f.identify(secret); id.MaySome(home.WriteState) || !id.MaySome(home.WriteEvent) || id.KeyName != name {
		t.Errorf("after the change: %+v", id)
	}
	if err := f.RevokeKey(f.ctx, f.owner, k.ID); err != nil {
		t.Fatal(err)
	}
	f.refused(secret, "credential_invalid")
}

func TestLastUseIsWritten(t *testing.T) {
	f := open(t)
	k, secret := f.key(f.owner, hub.NewKey{Kind: home.OpenKey})
	f.clock.forward(time.Hour)
	must[*home.Identity](t)(f.Identify(f.ctx, hub.Credential{Secret: secret, Remote: "192.0.2.3"}))
	at := f.Now()
	check := func() {
		t.Helper()
		if got := must[home.Key](t)(f.Key(f.ctx, f.owner, k.ID)); got.UsedAt != at || got.UsedFrom != "192.0.2.3" || got.Version != 1 {
			t.Errorf("last used %s from %s", got.UsedAt, got.UsedFrom)
		}
	}
	check()
	f.reopen() // Close has written it
	check()
	f.clock.forward(time.Hour)
	f.identify(secret)
	at = f.Now()
	must[*home.Identity](t)(f.Identify(f.ctx, hub.Credential{Secret: secret, Remote: "192.0.2.3"}))
	if err := f.FlushUse(f.ctx); err != nil {
		t.Fatal(err)
	}
	h := must[*hub.Hub](t)(hub.New(f.ctx, hub.Config{Store: f.store, Clock: f.clock.time}))
	defer h.Close()
	if got := must[home.Key](t)(h.Key(f.ctx, f.owner, k.ID)); got.UsedAt != at {
		t.Errorf("after FlushUse: %s, want %s", got.UsedAt, at)
	}
}
