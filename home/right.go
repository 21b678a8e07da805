package home

import "slices"

// Verb is one thing that a credential may do.
type Verb string

// The verbs. Each route, action and command names the one it needs.
const (
	ReadHouse       Verb = "house:read"
	WriteHouse      Verb = "house:write" // house settings and rooms
	ReadMember      Verb = "member:read" // who lives here and whether they are at home
	WriteMember     Verb = "member:write"
	WritePresence   Verb = "presence:write"
	ReadDevice      Verb = "device:read"
	WriteDevice     Verb = "device:write"            // create, change, delete devices
	Control         Verb = "device:control"          // command a device
	ControlCritical Verb = "device:control-critical" // command a lock, an alarm, a garage door
	ReadState       Verb = "state:read"              // current values and history
	WriteState      Verb = "state:write"             // report values
	CorrectState    Verb = "state:correct"           // change or erase history
	ReadEvent       Verb = "event:read"
	WriteEvent      Verb = "event:write"
	WriteMessage    Verb = "message:write"
	ReadLocation    Verb = "location:read" // members' positions
	WriteLocation   Verb = "location:write"
	ReadScene       Verb = "scene:read"
	WriteScene      Verb = "scene:write"
	RunScene        Verb = "scene:run"
	ReadKey         Verb = "key:read"
	WriteKey        Verb = "key:write" // mint, change, revoke keys
	ReadAudit       Verb = "audit:read"
	EgressWorld     Verb = "egress:world"   // make the house call addresses on the internet
	Operate         Verb = "server:operate" // the server itself: accounts, metrics
	Signed          Verb = "signed-in"      // any credential that belongs to an account
	Anyone          Verb = "public"         // no credential at all
)

// Verbs lists every verb that may be granted to a key.
var Verbs = [...]Verb{ReadHouse, WriteHouse, ReadMember, WriteMember, WritePresence, ReadDevice, WriteDevice, Control,
	ControlCritical, ReadState, WriteState, CorrectState, ReadEvent, WriteEvent, WriteMessage, ReadLocation, WriteLocation,
	ReadScene, WriteScene, RunScene, ReadKey, WriteKey, ReadAudit, EgressWorld, Operate}

// RoleRights returns the verbs of a role. Nobody's key holds more than its
// account's role in the house. An unknown role has none.
func RoleRights(r Role) []Verb {
	switch r {
	case Owner:
		return Verbs[:len(Verbs)-1] // all but Operate, which belongs to the server, not to a house
	case Adult:
		return []Verb{ReadHouse, ReadMember, WritePresence, ReadDevice, WriteDevice, Control, ControlCritical, ReadState, WriteState,
			ReadEvent, WriteEvent, WriteMessage, ReadLocation, WriteLocation, ReadScene, WriteScene, RunScene, ReadKey, WriteKey}
	case Child:
		return []Verb{ReadHouse, ReadMember, ReadDevice, Control, ReadState, WriteState, ReadEvent, WriteEvent, WriteMessage,
			WriteLocation, ReadScene, RunScene}
	case Guest:
		return []Verb{ReadHouse, ReadDevice, Control, ReadState, WriteMessage}
	}
	return nil
}

// Grant gives verbs on a part of a house. With no device, feature and room it
// is the whole house; otherwise it holds for whatever any of the lists names.
type Grant struct {
	Verbs    []Verb   `json:"verbs"`
	Devices  []ID     `json:"devices,omitempty"`
	Features []string `json:"features,omitempty"` // external ids
	Rooms    []ID     `json:"rooms,omitempty"`
}

// Everything reports whether g is not narrowed to a part of the house.
func (g Grant) Everything() bool {
	return len(g.Devices) == 0 && len(g.Features) == 0 && len(g.Rooms) == 0
}

// Covers reports whether g gives v on the feature f of d. With f nil it asks
// for the whole device, which a grant on single features does not give; with d
// nil too it asks for the house.
func (g Grant) Covers(v Verb, d *Device, f *Feature) bool {
	if !slices.Contains(g.Verbs, v) {
		return false
	}
	if g.Everything() {
		return true
	}
	if d == nil {
		return false
	}
	return slices.Contains(g.Devices, d.ID) || d.Room != "" && slices.Contains(g.Rooms, d.Room) ||
		f != nil && slices.Contains(g.Features, f.ExternalID)
}

// Identity is who is asking, where, and what they may do. The hub makes it
// from a credential; from there on nobody knows which dialect it came by.
type Identity struct {
	Kind     KeyKind
	Key      ID // the key used; "" for the house itself
	KeyName  string
	Account  ID // "" for the house itself and for keys without an owner
	House    ID // the house asked for; "" when the account has none yet
	Role     Role
	Operator bool
	Grants   []Grant // already cut to what the role allows
	Scene    ID      // set while a scene acts
	Self     Cause   // the chain of just this identity, made once; see Cause
	Cause    Cause   // what came before, carried on to whatever this identity does
	Remote   string  // network address, for the audit; "" inside
	Proof    uint64  // which of the key's secrets was shown; only the hub reads it
}

// May reports whether i holds v on f of d; see Grant.Covers for nil.
func (i *Identity) May(v Verb, d *Device, f *Feature) bool {
	switch v {
	case Anyone:
		return true
	case Signed:
		return i.Account != ""
	case Operate:
		if !i.Operator {
			return false
		}
	}
	for n := range i.Grants {
		if i.Grants[n].Covers(v, d, f) {
			return true
		}
	}
	return false
}

// MaySome reports whether i holds v on any part of the house.
func (i *Identity) MaySome(v Verb) bool {
	for n := range i.Grants {
		if slices.Contains(i.Grants[n].Verbs, v) {
			return true
		}
	}
	return false
}
