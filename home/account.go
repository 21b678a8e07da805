package home

// Account is a person known to this server.
type Account struct {
	ID        ID     `json:"id"`
	UID       int64  `json:"uid"` // public integer, counted from 1
	Version   int64  `json:"version"`
	Username  string `json:"username"` // unique whatever the case; an e-mail address may be one
	Email     string `json:"email"`
	Name      string `json:"name"`
	Operator  bool   `json:"operator"` // runs this server; the first account is one
	CreatedBy ID     `json:"created_by,omitempty"`
	CreatedAt Time   `json:"created_at"`
	Disabled  bool   `json:"disabled,omitempty"`
}

// Role is what a member is in a house. It bounds what each of the member's
// keys may do; see RoleRights.
type Role string

// The roles.
const (
	Owner Role = "owner"
	Adult Role = "adult"
	Child Role = "child"
	Guest Role = "guest"
)

// Roles lists the roles from the widest to the narrowest.
var Roles = [...]Role{Owner, Adult, Child, Guest}

// Member is an account in a house.
type Member struct {
	ID       ID        `json:"id"`
	House    ID        `json:"-"`
	Account  ID        `json:"account"`
	Version  int64     `json:"version"`
	Role     Role      `json:"role"`
	Expires  Time      `json:"expires_at"` // 0 = never
	Presence Presence  `json:"presence"`
	Position *Position `json:"position,omitempty"`
	// Zones are those that the member is in, for who may know; nil = not for this
	// reader. The hub fills it in when it is asked.
	Zones   []InZone         `json:"zones,omitempty"`
	Sources []PresenceSource `json:"presence_sources,omitempty"` // what shows that the member is at home
	// Uncounted members, such as a guest who works there, leave the house empty.
	Uncounted bool `json:"uncounted,omitempty"`
	JoinedAt  Time `json:"joined_at"`
}

// Presence says whether a member is at home.
type Presence struct {
	AtHome bool  `json:"at_home"`
	Since  Time  `json:"since"` // 0 = never told
	Cause  Cause `json:"cause"`
}

// Position is where a member's phone last said it was.
type Position struct {
	At        Time     `json:"at"`
	Latitude  float64  `json:"latitude"`           // degrees
	Longitude float64  `json:"longitude"`          // degrees
	Accuracy  *float64 `json:"accuracy,omitempty"` // metres
	Altitude  *float64 `json:"altitude,omitempty"` // metres
	Velocity  *float64 `json:"velocity,omitempty"` // km/h
	Battery   *float64 `json:"battery,omitempty"`  // percent
	Tracker   string   `json:"tracker,omitempty"`  // the phone's own short name (OwnTracks tid)
	Phone     string   `json:"phone,omitempty"`    // external id of the phone's device
}
