package hub

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"

	"latchkey/home"
)

// How many characters a password has.
const (
	MinPassword = 8
	MaxPassword = 256
)

// maxWaiting is how many sign-ins wait for a place to reckon a hash; more are
// sent away, so that a flood of them does not pile up.
const maxWaiting = 64

//go:embed passwords.txt
var commonPasswords string

// hashParams is what a password hash costs: about 25 ms and 19 MiB.
func hashParams() *argon2id.Params {
	return &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

// nobodysHash is compared with where there is no account, so that the answer
// takes as long and looks the same. No password has it.
const nobodysHash = "$argon2id$v=19$m=19456,t=2,p=1$bm8gYWNjb3VudCBoZXJlIQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// secret is the document that holds an account's password hash.
type secret struct {
	Hash string `json:"hash"`
}

// judgePassword notes in e what is wrong with a new password of an account.
func (o *door) judgePassword(e *home.Error, path, password string, names ...string) {
	lower := strings.ToLower(password)
	switch n := utf8.RuneCountInString(password); {
	case !utf8.ValidString(password):
		e.At(path, "a password is UTF-8 text")
	case n < MinPassword || n > MaxPassword:
		e.At(path, "a password has %d to %d characters, this one has %d", MinPassword, MaxPassword, n)
	case o.common[lower] || strings.Count(lower, lower[:1]) == len(lower):
		e.At(path, "this password is one of those that are tried first; choose another")
	default:
		for _, name := range names {
			if name != "" && strings.EqualFold(name, password) {
				e.At(path, "a password is not the name or the e-mail address")
			}
		}
	}
}

// reckoning runs f when there is a place for one more password hash. Unavailable
// when too many wait already.
func (o *door) reckoning(ctx context.Context, f func()) error {
	o.mu.Lock()
	full := o.waiting >= maxWaiting
	if !full {
		o.waiting++
	}
	o.mu.Unlock()
	if full {
		return &home.Error{Code: home.Unavailable, Reason: "overload", RetryAfter: 2 * time.Second,
			Message: "many people are signing in right now; try again in a few seconds"}
	}
	defer func() {
		o.mu.Lock()
		o.waiting--
		o.mu.Unlock()
	}()
	select {
	case o.hashing <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-o.hashing }()
	f()
	return nil
}

// hashPassword returns the hash to keep.
func (o *door) hashPassword(ctx context.Context, password string) (hash string, err error) {
	waited := o.reckoning(ctx, func() { hash, err = argon2id.CreateHash(password, hashParams()) })
	if err = errors.Join(waited, err); err != nil {
		return "", fmt.Errorf("hash the password: %w", err)
	}
	return hash, nil
}

// attempt is a try at a password: who and when.
type attempt struct {
	id  home.ID
	now func() home.Time
}

// tryPassword compares a password with a hash and counts a failure. The limiter
// is asked once more when a place is free, so that many tries at once do not
// slip past it. fresh is a new hash to keep when the old one was made at
// another cost.
func (o *door) tryPassword(ctx context.Context, password, hash string, a attempt) (ok bool, fresh string, err error) {
	if len(password) > 4*MaxPassword {
		password = "" // nobody has it, and hashing it would only be dear
	}
	waited := o.reckoning(ctx, func() {
		if err = o.admit(a.id, a.now()); err != nil {
			return
		}
		var params *argon2id.Params
		if ok, params, err = argon2id.CheckHash(password, hash); err != nil {
			return
		}
		if !ok {
			o.failed(a.id, a.now())
		} else if *params != *hashParams() {
			fresh, err = argon2id.CreateHash(password, hashParams())
		}
	})
	if err = errors.Join(waited, err); err != nil {
		return false, "", fmt.Errorf("check the password: %w", err)
	}
	return ok, fresh, nil
}

// passwordOf reads an account's hash; for an account that is not there it
// returns one that no password has.
func (h *Hub) passwordOf(ctx context.Context, account home.ID) (string, error) {
	hash := nobodysHash
	account = cmp.Or(account, "nobody") // looked up all the same: an answer is not to come sooner
	err := h.store.Records(ctx, home.RecordQuery{Kind: home.KindSecret, ID: account}, func(r home.Record) error {
		s, err := decodeInto[secret](r)
		if err == nil {
			hash = s.Hash
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("read the password's hash: %w", err)
	}
	return hash, nil
}

// putPassword drafts an account's new hash.
func (d *draft) putPassword(account home.ID, hash string) {
	d.put(home.Record{Kind: home.KindSecret, ID: account, Version: 1}, secret{Hash: hash}, nil)
}
