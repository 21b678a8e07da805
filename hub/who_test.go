package hub_test

import (
	"testing"

	"latchkey/home"
	"latchkey/hub"
)

const goodPassword = "correct horse battery"

// account makes an account.
func (f *fixture) account(name string) home.Account {
	f.t.Helper()
	a, err := f.CreateAccount(f.ctx, f.owner, hub.NewAccount{Username: name, Password: goodPassword})
	if err != nil {
		f.t.Fatal(err)
	}
	return a
}

// joined makes an account, adds it to the house and signs it in.
func (f *fixture) joined(name string, role home.Role) *home.Identity {
	f.t.Helper()
	a := f.account(name)
	if _, err := f.AddMember(f.ctx, f.owner, hub.NewMember{Account: a.ID, Role: role}); err != nil {
		f.t.Fatal(err)
	}
	return f.identify(f.signIn(name))
}

func (f *fixture) signIn(name string) string {
	f.t.Helper()
	got, err := f.SignIn(f.ctx, hub.SignInRequest{Username: name, Password: goodPassword, Remote: "192.0.2.1"})
	if err != nil {
		f.t.Fatal(err)
	}
	return got.Token
}

// key makes a key and returns its secret.
func (f *fixture) key(id *home.Identity, n hub.NewKey) (home.Key, string) {
	f.t.Helper()
	if n.Name == "" {
		n.Name = "a key"
	}
	k, secret, err := f.CreateKey(f.ctx, id, n)
	if err != nil {
		f.t.Fatal(err)
	}
	return k, secret
}

// refused checks that a credential does not hold.
func (f *fixture) refused(secret, reason string) {
	f.t.Helper()
	_, err := f.Identify(f.ctx, hub.Credential{Secret: secret})
	wantCode(f.t, err, home.Unauthorized, reason)
}

// reopen closes the hub and opens another on the same store.
func (f *fixture) reopen() {
	f.t.Helper()
	f.Hub.Close()
	h, err := hub.New(f.ctx, hub.Config{Store: f.store, Clock: f.clock.time, Drivers: []home.Driver{f.driver}})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(h.Close)
	f.Hub = h
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
