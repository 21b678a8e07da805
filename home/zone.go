package home

// Zone is a part of the world that members come to and leave, such as the home
// or a school.
type Zone struct {
	ID      ID     `json:"id"`
	House   ID     `json:"-"`
	Version int64  `json:"version"`
	Name    string `json:"name"` // 1 to 100 characters, unique in its house
	Area    Area   `json:"area"`
	// Home says that who is in the zone is at home, and who leaves it is not.
	Home  bool   `json:"home"`
	Enter int    `json:"enter_seconds"` // how long a member is inside before it counts; 0 to 3,600
	Leave int    `json:"leave_seconds"` // and outside; 0 to 3,600
	Color string `json:"color,omitempty"`
}

// LeaveSeconds is how long a member is outside a zone before it counts, unless
// the zone says otherwise: a phone's jumps are shorter.
const LeaveSeconds = 30

// Area is a circle or a polygon, not both.
type Area struct {
	Circle  *Circle      `json:"circle,omitempty"`
	Polygon []Coordinate `json:"polygon,omitempty"` // 3 to 100 corners in order, the last joined to the first
}

// Circle is all that lies within a distance of a point.
type Circle struct {
	Latitude  float64 `json:"latitude"`  // degrees, -90 to 90
	Longitude float64 `json:"longitude"` // degrees, -180 to 180
	Radius    float64 `json:"radius"`    // metres, 10 to 100,000
}

// Coordinate is a point on the earth.
type Coordinate struct {
	Latitude  float64 `json:"latitude"`  // degrees, -90 to 90
	Longitude float64 `json:"longitude"` // degrees, -180 to 180
}

// InZone is a zone that a member is in.
type InZone struct {
	Zone  ID     `json:"zone"`
	Name  string `json:"name"`
	Since Time   `json:"since"`
}

// PresenceSource is a feature that shows that a member is at home: a phone on
// the network, a key, a motion sensor. A report that compares so with Value
// means seen.
type PresenceSource struct {
	Feature  string `json:"feature"`  // external id
	Operator string `json:"operator"` // = != > >= < <=
	Value    Value  `json:"value"`
	Timeout  int    `json:"timeout_seconds"` // seen for so long after the last such report; 10 to 604,800
	// Holds says that the member is seen for as long as the value stays so, and
	// for the time-out after that, as with a phone's presence; otherwise each
	// report counts by itself, as a motion does.
	Holds bool `json:"holds,omitempty"`
}

// The event types of zones, told to whoever may read locations. Their data is
// a ZoneCrossing.
const (
	EventZoneEntered = "zone.entered"
	EventZoneLeft    = "zone.left"
	EventPhoneGone   = "phone.unavailable" // a phone's connection has broken off
)

// ZoneCrossing is what a zone.entered or zone.left holds.
type ZoneCrossing struct {
	Account ID     `json:"account"`
	Zone    ID     `json:"zone"`
	Name    string `json:"name"`
}
