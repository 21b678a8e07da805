package hub

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"latchkey/home"
)

const (
	wrongCodes  = 10 // wrong set-up codes that are taken in a minute, from everywhere together
	codeChars   = 16 // of 32 letters and digits: 80 bits
	commentMark = "#"
)

// SetupCodeLife is for how long after the start the set-up code is taken.
const SetupCodeLife = 15 * time.Minute

// door is what stands between a stranger and an account: the set-up code, the
// limiter of failed sign-ins and the places for reckoning password hashes.
type door struct {
	code    string             // one-time set-up code; never changes once open has run
	lapses  home.Time          // when the code is no longer taken; never changes either
	common  map[string]bool    // passwords that are tried first
	hashing chan struct{}      // holds one element for each hash being reckoned
	limit   int                // failures before waiting begins
	mu      sync.Mutex         // guards what follows
	waiting int                // sign-ins that want a place in hashing or have one
	wrong   []home.Time        // wrong set-up codes of the last minute
	tries   map[home.ID]*tries // failed sign-ins, by account and address
	old     map[home.ID]bool   // what the store still holds of those that have lapsed
}

// open makes the set-up code and reads what the limiter knew.
func (o *door) open(h *Hub) error {
	o.code, o.lapses = newSetupCode(), h.Now().Add(SetupCodeLife)
	o.common = map[string]bool{}
	for line := range strings.Lines(commonPasswords) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, commentMark) {
			o.common[line] = true
		}
	}
	o.hashing = make(chan struct{}, h.limits.Passwords)
	o.limit = h.limits.SignInPerMin
	o.tries, o.old = map[home.ID]*tries{}, map[home.ID]bool{}
	err := h.store.Records(context.Background(), home.RecordQuery{Kind: home.KindSetting, Parent: triesParent}, o.takeTries)
	if err != nil {
		return fmt.Errorf("read the failed sign-ins: %w", err)
	}
	return nil
}

// newSetupCode returns a code that a person can type: ABCD-EFGH-IJKL-MNOP.
func newSetupCode() string {
	groups := slices.Collect(slices.Chunk([]byte(rand.Text()[:codeChars]), 4))
	texts := make([]string, len(groups))
	for i, g := range groups {
		texts[i] = string(g)
	}
	return strings.Join(texts, "-")
}

// plainCode returns a code as it is compared: without dashes and spaces, in
// capitals.
func plainCode(code string) string {
	return strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(code))
}

// takeCode refuses a wrong set-up code, and every code once many were wrong.
func (o *door) takeCode(code string, now home.Time) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.wrong = slices.DeleteFunc(o.wrong, func(t home.Time) bool { return now.Sub(t) >= time.Minute || t > now })
	if len(o.wrong) >= wrongCodes {
		return &home.Error{Code: home.TooMany, Reason: "setup_code", RetryAfter: o.wrong[0].Add(time.Minute).Sub(now),
			Message: "many wrong set-up codes were given; try again in a minute"}
	}
	if subtle.ConstantTimeCompare([]byte(plainCode(code)), []byte(plainCode(o.code))) == 1 {
		if now < o.lapses {
			return nil
		}
		return home.Errorf(home.Forbidden, "this set-up code has lapsed; start the server again for a new one, or set up on the machine itself, where none is needed").Because("setup_code_expired")
	}
	o.wrong = append(o.wrong, now)
	return home.Errorf(home.Forbidden, "setting up from another machine needs the code that the server printed when it started; on the machine itself no code is needed").Because("setup_code")
}
