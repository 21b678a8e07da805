package hub_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"latchkey/home"
	"latchkey/hub"
	"latchkey/stores/memory"
)

// tampered is a store whose audit rows come out changed.
type tampered struct {
	*memory.Store
	change func(home.Audit) (home.Audit, bool)
}

func (s *tampered) Audits(ctx context.Context, house home.ID, after uint64, limit int, visit func(home.Audit) error) error {
	return s.Store.Audits(ctx, house, after, limit, func(a home.Audit) error {
		if a, keep := s.change(a); keep {
			return visit(a)
		}
		return nil
	})
}

func TestTamperingShows(t *testing.T) {
	store := &tampered{Store: memory.New()}
	f := open(t, func(c *hub.Config) { c.Store = store })
	for range 5 {
		f.key(f.owner, hub.NewKey{Kind: home.OpenKey})
	}
	for name, c := range map[string]struct {
		change func(home.Audit) (home.Audit, bool)
		want   []uint64
	}{
		"nothing": {func(a home.Audit) (home.Audit, bool) { return a, true }, nil},
		"altered": {func(a home.Audit) (home.Audit, bool) {
			return alter(a, 4, func(a *home.Audit) { a.Actor = "server" }), true
		}, []uint64{4}},
		"altered time": {func(a home.Audit) (home.Audit, bool) { return alter(a, 1, func(a *home.Audit) { a.At++ }), true }, []uint64{1}},
		"missing":      {func(a home.Audit) (home.Audit, bool) { return a, a.Num != 5 && a.Num != 6 }, []uint64{5, 6}},
		"first gone":   {func(a home.Audit) (home.Audit, bool) { return a, a.Num != 1 }, []uint64{1}},
	} {
		store.change = c.change
		got, err := f.VerifyAudits(f.ctx)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: rows %v are at fault (%v), want %v", name, got, err, c.want)
		}
	}
}

func alter(a home.Audit, num uint64, how func(*home.Audit)) home.Audit {
	if a.Num == num {
		how(&a)
	}
	return a
}

func TestTheAuditNamesWhoDidWhat(t *testing.T) {
	f := open(t)
	kid := f.joined("kid", home.Child)
	_, secret := f.key(f.owner, hub.NewKey{Kind: home.TokenKey, Grants: []home.Grant{{Verbs: []home.Verb{home.WriteKey, home.WriteState}}}})
	program := must[*home.Identity](t)(f.Identify(f.ctx, hub.Credential{Secret: secret, Remote: "192.0.2.77"}))
	k, _ := f.key(program, hub.NewKey{Kind: home.OpenKey, Name: "phone"})
	rows := must[[]home.Audit](t)(f.Audits(f.ctx, f.owner, 0, 0))
	last := rows[len(rows)-1]
	if last.Actor != "key:"+string(program.Key) || last.Action != "key.created" || last.Target != "key:"+string(k.ID) ||
		last.Remote != "192.0.2.77" || last.House != f.house.ID || last.Detail != "key phone" {
		t.Errorf("the last row is %+v", last)
	}
	page := must[[]home.Audit](t)(f.Audits(f.ctx, f.owner, rows[0].Num, 2))
	if !slices.Equal(page, rows[1:3]) {
		t.Errorf("the page after the first is %+v", page)
	}
	_, err := f.Audits(f.ctx, kid, 0, 0)
	wantCode(t, err, home.Forbidden, "")
	f.reopen()
	f.signIn("ann")
	if broken, err := f.VerifyAudits(f.ctx); err != nil || len(broken) > 0 {
		t.Errorf("after a restart the chain is broken at %v (%v)", broken, err)
	}
}

// failing refuses every group that holds an audit row.
type failing struct {
	*memory.Store
	fail bool
}

func (s *failing) Write(ctx context.Context, g *home.Group) error {
	if s.fail && len(g.Audits) > 0 {
		return home.Errorf(home.Unavailable, "the disk is full").Because("storage_full")
	}
	return s.Store.Write(ctx, g)
}

func TestWithoutItsRowNothingChanges(t *testing.T) {
	store := &failing{Store: memory.New()}
	f := open(t, func(c *hub.Config) { c.Store = store })
	k, secret := f.key(f.owner, hub.NewKey{Kind: home.OpenKey})
	store.fail = true
	wantCode(t, f.RevokeKey(f.ctx, f.owner, k.ID), home.Unavailable, "storage_full")
	f.identify(secret)
	_, err := f.SignIn(f.ctx, hub.SignInRequest{Username: "ann", Password: goodPassword})
	wantCode(t, err, home.Unavailable, "storage_full")
	store.fail = false
	if err := f.RevokeKey(f.ctx, f.owner, k.ID); err != nil {
		t.Fatal(err)
	}
	if broken, err := f.VerifyAudits(f.ctx); err != nil || len(broken) > 0 {
		t.Errorf("the chain is broken at %v (%v)", broken, err)
	}
}

// Neither secrets nor passwords are in anything that is kept or told.
func TestNoSecretIsKept(t *testing.T) {
	f := open(t)
	session := f.signIn("ann")
	_, pat := f.key(f.owner, hub.NewKey{Kind: home.TokenKey})
	open, phone := f.key(f.owner, hub.NewKey{Kind: home.OpenKey, Hex80: true})
	_, rotated, err := f.RotateKey(f.ctx, f.owner, open.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.trySignIn("ann", "a wrong guess", "192.0.2.1")
	for range 10 {
		f.trySignIn("my secret as a name", "x", "192.0.2.1")
	}
	var all strings.Builder
	keep := func(v any) error { return json.NewEncoder(&all).Encode(v) }
	for _, kind := range []string{home.KindAccount, home.KindSecret, home.KindKey, home.KindMember, home.KindSetting, home.KindHouse} {
		f.store.Records(f.ctx, home.RecordQuery{Kind: kind}, func(r home.Record) error { return keep(r) })
	}
	f.store.Audits(f.ctx, "", 0, 1000, func(a home.Audit) error { return keep(a) })
	f.store.Log(f.ctx, f.house.ID, 0, 1000, func(e home.Entry) error { return keep(e) })
	keys := must[[]home.Key](t)(f.Keys(f.ctx, f.owner))
	for _, k := range keys {
		if k.Hash != "" || k.OldHash != "" {
			t.Errorf("%s shows its hash", k.Name)
		}
	}
	if all.Len() < 1000 {
		t.Fatal("there is nothing to look at")
	}
	for _, s := range []string{session, pat, phone, rotated, goodPassword, "a wrong guess", "my secret as a name"} {
		if strings.Contains(all.String(), s) {
			t.Errorf("%q is kept", s)
		}
	}
}
