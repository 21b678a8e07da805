package hub

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"

	"latchkey/home"
)

// Credential is what somebody shows to say who they are.
type Credential struct {
	Secret string
	Kinds  []home.KeyKind // the kinds that the transport takes; nil = any
	House  home.ID        // "" = the key's own, else the first that the account joined
	Remote string         // network address, for the audit and the key's last use
}

// Identify says who shows c and what they may do. Errors: Unauthorized with
// reason credential_missing, credential_invalid, credential_expired or
// credential_kind; NotFound (house_unknown) for a house that the credential does
// not reach.
func (h *Hub) Identify(_ context.Context, c Credential) (*home.Identity, error) {
	if c.Secret == "" {
		return nil, unauthorized("credential_missing", "this needs a credential: send a token or an API key")
	}
	if _, ok := TokenKind(c.Secret); !ok {
		return nil, credentialInvalid()
	}
	var text [hexChars]byte // the longest form; a copy here costs no memory
	sum := sha256.Sum256(text[:copy(text[:], c.Secret)])
	var digits [2 * sha256.Size]byte
	hex.Encode(digits[:], sum[:])
	h.registry.mu.RLock()
	cred := h.registry.hashes[string(digits[:])]
	h.registry.mu.RUnlock()
	if cred == nil {
		return nil, credentialInvalid()
	}
	now := h.Now()
	cached, err := h.identityOf(cred, c.House, now)
	if err != nil {
		return nil, err
	}
	if err := cached.holds(cred, binary.BigEndian.Uint64(sum[:]), now); err != nil {
		return nil, err
	}
	id := cached.identity
	if c.Kinds != nil && !slices.Contains(c.Kinds, id.Kind) {
		return nil, unauthorized("credential_kind", "this kind of credential is not taken here")
	}
	id.Proof, id.Remote = binary.BigEndian.Uint64(sum[:]), c.Remote
	cred.use(now, c.Remote)
	return &id, nil
}

// Renew says whether the credential that id was made from still holds and
// brings id's role and rights up to date. Whoever serves one credential for
// long, such as an open stream, calls it now and then; that counts as a use.
// Errors: Unauthorized.
func (h *Hub) Renew(id *home.Identity) error {
	cred, err := h.holding(id)
	if cred != nil && err == nil {
		cred.use(h.Now(), id.Remote)
	}
	return err
}

// Holds is Renew for whoever only remembers a credential, such as the session
// of a client that is away. It does not count as a use.
func (h *Hub) Holds(id *home.Identity) error {
	_, err := h.holding(id)
	return err
}

// holding returns the credential that id was made from, if it holds; nil for
// the house itself.
func (h *Hub) holding(id *home.Identity) (*credential, error) {
	if id.Kind == home.InsideKey {
		return nil, nil
	}
	h.registry.mu.RLock()
	cred := h.registry.keys[id.Key]
	h.registry.mu.RUnlock()
	if cred == nil {
		return nil, credentialInvalid()
	}
	now := h.Now()
	cached, err := h.identityOf(cred, id.House, now)
	if err != nil {
		return nil, credentialInvalid()
	}
	if err := cached.holds(cred, id.Proof, now); err != nil {
		return nil, err
	}
	if now := &cached.identity; now.House == id.House { // an account without a house may have got one since
		id.Role, id.Operator, id.Grants = now.Role, now.Operator, now.Grants
	}
	return cred, nil
}

// still says in the committer whether id may do v on the house even now: what
// hands out rights is not to slip in behind the revocation of who hands them out.
func (h *Hub) still(id *home.Identity, v home.Verb) error {
	now := *id
	if err := h.Renew(&now); err != nil {
		return err
	}
	if !now.May(v, nil, nil) {
		return forbidden(v)
	}
	return nil
}

// identityOf returns the identity of cred in a house, reckoned anew when keys,
// members or accounts have changed since it was last asked for.
func (h *Hub) identityOf(cred *credential, house home.ID, now home.Time) (*cachedIdentity, error) {
	epoch := h.registry.epoch.Load() // before anything is read: what changes meanwhile counts it up
	if k := cred.cached.Load(); k != nil && k.epoch == epoch && k.asked == house && (k.expires == 0 || k.expires > now) {
		return k, nil
	}
	k, err := h.registry.reckon(cred.snapshot(), house, now)
	if err != nil {
		return nil, err
	}
	k.epoch, k.asked = epoch, house
	k.identity.Self = causeOf(&k.identity)
	cred.cached.Store(k)
	return k, nil
}

func unauthorized(reason, message string) *home.Error {
	return &home.Error{Code: home.Unauthorized, Reason: reason, Message: message}
}

func credentialInvalid() *home.Error {
	return unauthorized("credential_invalid", "this credential is not known here, or it has been revoked")
}

func credentialExpired() *home.Error {
	return unauthorized("credential_expired", "this credential has expired; sign in again or make a new key")
}

func houseUnknown() *home.Error {
	return home.Errorf(home.NotFound, "there is no such house").Because("house_unknown")
}
