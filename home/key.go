package home

// KeyKind is the kind of a credential. Each transport takes certain kinds.
type KeyKind string

// The kinds, with the word that stands in the credential's text.
const (
	SessionKey KeyKind = "ses" // a person signed in
	TokenKey   KeyKind = "pat" // a person's own programs
	OpenKey    KeyKind = "key" // open API key: may stand in a URL, so it only writes
	GatewayKey KeyKind = "gw"  // a gateway
	HookKey    KeyKind = "hk"  // an incoming hook
	PartnerKey KeyKind = "prt" // a partner application
	SetupKey   KeyKind = "rst" // one-time set-up or reset code
	InsideKey  KeyKind = ""    // no credential: the house itself (scenes, drivers)
)

// Key is a credential without its secret. The secret is shown once, when it is
// made, and kept only as a SHA-256 hash.
type Key struct {
	ID        ID      `json:"id"`
	House     ID      `json:"house,omitempty"` // "" = every house of the account
	Account   ID      `json:"account"`
	Version   int64   `json:"version"`
	Kind      KeyKind `json:"kind"`
	Name      string  `json:"name"`
	Hint      string  `json:"hint"`               // first and last characters, to tell keys apart
	Hash      string  `json:"hash,omitempty"`     // hex SHA-256; never leaves the hub
	OldHash   string  `json:"old_hash,omitempty"` // the secret before a rotation; never leaves the hub
	OldUntil  Time    `json:"old_until"`          // when the secret before stops working
	Grants    []Grant `json:"rights"`
	CreatedAt Time    `json:"created_at"`
	UsedAt    Time    `json:"last_used_at"`
	UsedFrom  string  `json:"last_used_from,omitempty"`
	Expires   Time    `json:"expires_at"`             // 0 = never
	Revoked   Time    `json:"revoked_at"`             // 0 = in force
	Idle      int64   `json:"idle_seconds,omitempty"` // ends when unused for so long; 0 = no such limit
}

// Public returns k without its hashes.
func (k Key) Public() Key { k.Hash, k.OldHash = "", ""; return k }
