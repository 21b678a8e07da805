package home

// KindPairing is the record kind of pairings.
const KindPairing = "pairing"

// Pairing is a one-time link with which a phone gets a key of its own. Its ID is
// a hash of the code in the link; the code itself is not kept.
type Pairing struct {
	ID        ID     `json:"id"`
	House     ID     `json:"house"`
	Version   int64  `json:"version"`
	Name      string `json:"name"`    // of the phone, 1 to 100 characters
	Account   ID     `json:"account"` // whose phone it is
	By        ID     `json:"by"`      // the account that made the link
	Session   ID     `json:"session"` // the session it was made in; the link ends with it
	CreatedAt Time   `json:"created_at"`
	Expires   Time   `json:"expires_at"`
	OpenedAt  Time   `json:"opened_at"` // when a phone took it; 0 = not yet
	// What the phone got, once it is taken.
	Key     ID     `json:"key,omitempty"`
	Device  ID     `json:"device,omitempty"`
	Feature string `json:"feature,omitempty"` // external id: 1 = at home, 0 = away
}
