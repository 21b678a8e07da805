package hub_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/home"
	"latchkey/hub"
)

func (f *fixture) trySignIn(name, password, remote string) error {
	_, err := f.SignIn(f.ctx, hub.SignInRequest{Username: name, Password: password, Remote: remote})
	return err
}

func TestSigningIn(t *testing.T) {
	f := open(t)
	got, err := f.SignIn(f.ctx, hub.SignInRequest{Username: "ANN", Password: goodPassword, Remote: "192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	if got.Account.Username != "ann" || len(got.Houses) != 1 || got.Houses[0].ID != f.house.ID || got.Key.Hash != "" {
		t.Errorf("signed in as %+v", got)
	}
	id := f.identify(got.Token)
	if id.Kind != home.SessionKey || id.Key != got.Key.ID || id.KeyName != "ann" || id.Role != home.Owner {
		t.Errorf("the session is %+v", id)
	}
	if err := f.SignOut(f.ctx, id); err != nil {
		t.Fatal(err)
	}
	f.refused(got.Token, "credential_invalid")
	wantCode(t, f.Renew(id), home.Unauthorized, "credential_invalid")
	f.reopen()
	f.refused(got.Token, "credential_invalid")
}

func TestSigningInByEmail(t *testing.T) {
	f := open(t)
	email := "ann@example.org"
	must[home.Account](t)(f.UpdateAccount(f.ctx, f.owner, f.owner.Account, hub.AccountChange{Email: &email}))
	if err := f.trySignIn("Ann@Example.org", goodPassword, ""); err != nil {
		t.Error(err)
	}
	_, err := f.CreateAccount(f.ctx, f.owner, hub.NewAccount{Username: "ann@example.org", Password: goodPassword})
	wantCode(t, err, home.Conflict, "username_taken")
	_, err = f.CreateAccount(f.ctx, f.owner, hub.NewAccount{Username: "eve", Email: "ANN@example.org", Password: goodPassword})
	wantCode(t, err, home.Conflict, "email_taken")
}

// A wrong password, an unknown name and a disabled account look the same.
func TestFailuresLookAlike(t *testing.T) {
	f := open(t)
	bob := f.account("bob")
	no := true
	must[home.Account](t)(f.UpdateAccount(f.ctx, f.owner, bob.ID, hub.AccountChange{Disabled: &no}))
	seen := map[string]bool{}
	for _, c := range [][2]string{{"ann", "wrong password"}, {"nobody", goodPassword}, {"bob", goodPassword}, {"bob", "wrong password"},
		{"ann", strings.Repeat("x", 5000)}, {"ann", ""}, {"", ""}} {
		err := f.trySignIn(c[0], c[1], "192.0.2.9")
		wantCode(t, err, home.Unauthorized, "sign_in_failed")
		b, _ := json.Marshal(err)
		seen[string(b)] = true
	}
	if len(seen) != 1 {
		t.Errorf("failures differ: %v", seen)
	}
}

// A session ends 30 days after its last use, across restarts, and 90 days
// after it was made.
func TestSessionsEnd(t *testing.T) {
	f := open(t)
	idle, used := f.signIn("ann"), f.signIn("ann")
	f.clock.forward(20 * 24 * time.Hour)
	f.identify(used)
	f.reopen()
	f.clock.forward(11 * 24 * time.Hour)
	f.refused(idle, "credential_expired")
	id := f.identify(used)
	for range 2 {
		f.clock.forward(25 * 24 * time.Hour)
		if err := f.Renew(id); err != nil { // an open stream is a use
			t.Fatal(err)
		}
	}
	f.identify(used)
	f.clock.forward(10 * 24 * time.Hour)
	f.refused(used, "credential_expired")
	wantCode(t, f.Renew(id), home.Unauthorized, "")
}

// The limiter counts by account and address, grows, survives a restart and lets
// other addresses in.
func TestTheLimiter(t *testing.T) {
	f := open(t)
	const bad, other = "198.51.100.7:4711", "198.51.100.8:4711"
	for range 10 {
		wantCode(t, f.trySignIn("ann", "wrong password", bad), home.Unauthorized, "sign_in_failed")
	}
	limited := func(want time.Duration) {
		t.Helper()
		err := f.trySignIn("ann", goodPassword, "198.51.100.7:9999")
		wantCode(t, err, home.TooMany, "sign_in_limited")
		if got := home.AsError(err).RetryAfter; got != want {
			t.Errorf("retry after %s, want %s", got, want)
		}
	}
	limited(time.Minute)
	if err := f.trySignIn("ann", goodPassword, other); err != nil {
		t.Errorf("another address: %v", err)
	}
	f.reopen()
	limited(time.Minute)
	f.clock.forward(time.Minute)
	wantCode(t, f.trySignIn("ann", "wrong password", bad), home.Unauthorized, "sign_in_failed")
	limited(2 * time.Minute)
	f.clock.forward(2 * time.Minute)
	if err := f.trySignIn("ann", goodPassword, bad); err != nil {
		t.Fatal(err)
	}
	wantCode(t, f.trySignIn("ann", "wrong password", bad), home.Unauthorized, "sign_in_failed") // counted from one again
	if err := f.trySignIn("ann", goodPassword, bad); err != nil {
		t.Error(err)
	}
}

func TestTheLimiterCountsAnIPv6Line(t *testing.T) {
	f := open(t)
	for i := range 10 {
		wantCode(t, f.trySignIn("nobody", "x", fmt.Sprintf("2001:db8:1:2::%x", i)), home.Unauthorized, "sign_in_failed")
	}
	wantCode(t, f.trySignIn("NOBODY", "x", "[2001:db8:1:2:ffff::1]:80"), home.TooMany, "sign_in_limited")
	wantCode(t, f.trySignIn("nobody", "x", "2001:db8:1:3::1"), home.Unauthorized, "sign_in_failed")
}

// The limiter's records go once they have lapsed, and a clock that was far
// ahead keeps nobody out.
func TestTheLimiterForgets(t *testing.T) {
	f := open(t)
	for range 10 {
		f.trySignIn("ann", "wrong password", "192.0.2.5")
	}
	kept := func() (n int) {
		f.store.Records(f.ctx, home.RecordQuery{Kind: home.KindSetting}, func(home.Record) error { n++; return nil })
		return n
	}
	if kept() != 1 {
		t.Fatalf("%d records of who has to wait", kept())
	}
	f.clock.forward(-1000 * time.Hour)
	if err := f.trySignIn("ann", goodPassword, "192.0.2.5"); err != nil {
		t.Errorf("with the clock back: %v", err)
	}
	for range 10 {
		f.trySignIn("ann", "wrong password", "192.0.2.5")
	}
	f.clock.forward(25 * time.Hour)
	if err := f.FlushUse(f.ctx); err != nil {
		t.Fatal(err)
	}
	if kept() != 0 {
		t.Errorf("%d records a day later", kept())
	}
}

func TestChangingThePassword(t *testing.T) {
	f := open(t)
	mine, other := f.signIn("ann"), f.signIn("ann")
	_, program := f.key(f.owner, hub.NewKey{Kind: home.TokenKey})
	id := f.identify(mine)
	const fresh = "an even better horse"
	wantCode(t, f.ChangePassword(f.ctx, id, "wrong password", fresh), home.Forbidden, "password_wrong")
	wantCode(t, f.ChangePassword(f.ctx, id, goodPassword, "password"), home.Unprocessable, "password_refused")
	wantCode(t, f.ChangePassword(f.ctx, f.identify(program), goodPassword, fresh), home.Forbidden, "session_needed")
	if err := f.ChangePassword(f.ctx, id, goodPassword, fresh); err != nil {
		t.Fatal(err)
	}
	f.identify(mine)
	f.identify(program)
	f.refused(other, "credential_invalid")
	wantCode(t, f.trySignIn("ann", goodPassword, ""), home.Unauthorized, "sign_in_failed")
	if err := f.trySignIn("ann", fresh, ""); err != nil {
		t.Error(err)
	}
}

// A hash made at another cost is made anew when its owner signs in.
func TestOldHashesAreRenewed(t *testing.T) {
	f := open(t)
	hash := func() (doc string) {
		f.store.Records(f.ctx, home.RecordQuery{Kind: home.KindSecret, ID: f.owner.Account}, func(r home.Record) error {
			doc = string(r.Doc)
			return nil
		})
		return doc
	}
	if !strings.Contains(hash(), "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("the hash kept is %s", hash())
	}
	old := home.Record{Kind: home.KindSecret, ID: f.owner.Account, Version: 1, Doc: json.RawMessage(
		`{"hash":"$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$wZeUqErRQM9fr7+3IJVQyFsb5QPhYeqkXwNGZgBH/L4"}`)}
	if err := f.store.Write(context.Background(), &home.Group{Records: []home.RecordChange{old}}); err != nil {
		t.Fatal(err)
	}
	f.signIn("ann")
	if !strings.Contains(hash(), "$m=19456,t=2,p=1$") {
		t.Errorf("the hash kept is still %s", hash())
	}
	f.signIn("ann")
}

// An account has at most 100 sessions: the one unused for longest goes.
func TestSessionsAreBounded(t *testing.T) {
	f := open(t)
	var g home.Group
	for n := range 99 { // with the one from set-up that makes 100
		k := home.Key{ID: home.NewID(), Account: f.owner.Account, Kind: home.SessionKey, Hash: fmt.Sprint(n), Expires: f.Now().Add(time.Hour),
			CreatedAt: f.Now().Add(time.Duration(n+1) * time.Second), Idle: 3600}
		doc, _ := json.Marshal(k)
		g.Records = append(g.Records, home.Record{Kind: home.KindKey, ID: k.ID, Parent: k.Account, Version: 1, Doc: doc})
	}
	if err := f.store.Write(f.ctx, &g); err != nil {
		t.Fatal(err)
	}
	f.reopen()
	f.clock.forward(time.Minute)
	f.signIn("ann")
	wantCode(t, f.Renew(f.owner), home.Unauthorized, "credential_invalid")
	if keys := must[[]home.Key](t)(f.Keys(f.ctx, f.owner)); len(keys) != 100 {
		t.Errorf("%d sessions", len(keys))
	}
}
