package hub

import (
	"crypto/rand"
	"sync"

	"latchkey/home"
)

// door is what stands between a stranger and an account: the set-up code, the
// limiter of failed sign-ins and the places for reckoning password hashes.
type door struct {
	mu      sync.Mutex
	code    string      // one-time set-up code; never changes once open has run
	wrong   []home.Time // wrong set-up codes of the last minute
	tries   map[home.ID]*tries
	hashing chan struct{} // one element for each password hash being reckoned
	waiting int           // sign-ins that wait for a place in hashing
	common  map[string]bool
}

// open makes the set-up code and reads what the limiter knew.
func (o *door) open(h *Hub) error {
	o.code = newSetupCode()
	o.tries = map[home.ID]*tries{}
	return nil
}

type tries struct{}

func newSetupCode() string { return rand.Text() }
