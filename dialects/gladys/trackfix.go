package gladys

import (
	"cmp"
	"encoding/json"
	"math"
	"net/http"
	"strings"
	"unicode/utf8"

	"latchkey/home"
	"latchkey/hub"
)

// track is one OwnTracks message; the booklet calls the fields so.
type track struct {
	Type      string       `json:"_type"`
	Latitude  *loose       `json:"lat"`
	Longitude *loose       `json:"lon"`
	Time      *loose       `json:"tst"` // seconds since 1970
	Accuracy  *loose       `json:"acc"`
	Altitude  *loose       `json:"alt"`
	Velocity  *loose       `json:"vel"`
	Battery   *loose       `json:"batt"`
	Tracker   string       `json:"tid"`
	Topic     string       `json:"topic"`
	Event     string       `json:"event"`
	Desc      string       `json:"desc"`
	Radius    *loose       `json:"rad"` // metres, of a waypoint
	Waypoints []waypointOf `json:"waypoints"`
}

// waypointOf is one waypoint of a list. What it says is judged where zones are.
type waypointOf struct {
	Type      string `json:"_type"`
	Desc      string `json:"desc"`
	Latitude  *loose `json:"lat"`
	Longitude *loose `json:"lon"`
	Radius    *loose `json:"rad"`
}

// region returns a waypoint as the hub takes it. One without a place and a
// radius, such as a beacon, is a name only.
func (p *waypointOf) region() hub.Region {
	r := hub.Region{Name: shortName(p.Desc)}
	if p.Latitude != nil && p.Longitude != nil && p.Radius != nil && *p.Radius > 0 {
		r.Circle = &home.Circle{Latitude: float64(*p.Latitude), Longitude: float64(*p.Longitude), Radius: float64(*p.Radius)}
	}
	return r
}

// loose is a number that old versions of the app write as a text.
type loose float64

// UnmarshalJSON implements json.Unmarshaler.
func (l *loose) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `"`)
	n, ok := numeric(text)
	if !ok || text == "true" || text == "false" {
		return home.Errorf(home.Invalid, "a number has to stand where %.40s stands", b).Because("json_type")
	}
	*l = loose(n)
	return nil
}

func (l *loose) float() *float64 { return (*float64)(l) }

// unused reports whether the message is one that the apps send and that means
// nothing to a house. It is answered and not kept: configuration, for one,
// holds passwords.
func (t *track) unused() bool {
	switch t.Type {
	case "card", "cmd", "configuration", "dump", "steps", "beacon", "request", "request_location":
		return true
	}
	return false
}

// fix returns the message of a phone and its user as the hub takes it.
func (t *track) fix(user, phone string, raw json.RawMessage) (hub.Fix, error) {
	f := hub.Fix{Kind: t.Type, Raw: raw, User: user, Phone: phone}
	e := home.Errorf(home.Unprocessable, "the message is not acceptable").Because("position_refused")
	f.Position.At = t.moment(e)
	switch t.Type {
	case "location":
		if t.Latitude == nil || t.Longitude == nil {
			e.At("lat", "lat and lon are needed, in degrees")
			break
		}
		p := &f.Position
		p.Latitude, p.Longitude, p.Tracker = float64(*t.Latitude), float64(*t.Longitude), t.Tracker
		p.Accuracy, p.Altitude, p.Velocity, p.Battery = t.Accuracy.float(), t.Altitude.float(), t.Velocity.float(), t.Battery.float()
	case "transition":
		if t.Event != "enter" && t.Event != "leave" {
			e.At("event", "event is enter or leave")
		}
		f.Regions = []hub.Region{{Name: shortName(t.Desc), Entered: t.Event == "enter"}}
	case "waypoint":
		if t.Desc == "" {
			e.At("desc", "a waypoint has a name")
		}
		one := waypointOf{Desc: t.Desc, Latitude: t.Latitude, Longitude: t.Longitude, Radius: t.Radius}
		f.Regions = []hub.Region{one.region()}
	case "waypoints":
		if t.Waypoints == nil {
			e.At("waypoints", "a list of waypoints is needed")
		}
		for i := range t.Waypoints {
			f.Regions = append(f.Regions, t.Waypoints[i].region())
		}
	case "lwt", "status":
	case "encrypted":
		return f, home.Errorf(home.Unprocessable, "this server cannot read encrypted OwnTracks messages; clear the app's encryption key and send over https instead").
			Because("encrypted").At("_type", "encrypted messages cannot be read here")
	default:
		e.At("_type", "location, transition, waypoint, waypoints, lwt and status are accepted")
	}
	return f, e.OrNil()
}

// moment reads tst. A waypoint's tst is its name, the moment it was made, so
// that it does not say when this message came.
func (t *track) moment(e *home.Error) home.Time {
	if t.Time == nil || t.Type == "waypoint" || t.Type == "waypoints" {
		return 0
	}
	seconds := float64(*t.Time)
	if !(seconds >= 0 && seconds < 253402300800) {
		e.At("tst", "tst is in seconds since 1970")
		return 0
	}
	return home.Time(math.Round(seconds * 1000))
}

// names returns what user and phone are called: X-Limit-U and X-Limit-D, the
// parts of topic, u and d in the address, or the name of Basic.
func (t *track) names(r *http.Request) (user, phone string) {
	user, phone = r.Header.Get("X-Limit-U"), r.Header.Get("X-Limit-D")
	if parts := strings.Split(t.Topic, "/"); len(parts) >= 3 {
		user, phone = cmp.Or(user, parts[1]), cmp.Or(phone, parts[2])
	}
	if r.URL.RawQuery != "" {
		q := r.URL.Query()
		user, phone = cmp.Or(user, q.Get("u")), cmp.Or(phone, q.Get("d"))
	}
	if name, _, ok := r.BasicAuth(); ok && len(name) < 40 {
		user = cmp.Or(user, name)
	}
	return shortName(user), shortName(phone)
}

// shortName is a name as a device may have it: printable and at most 60
// characters.
func shortName(s string) string {
	if !utf8.ValidString(s) {
		return ""
	}
	s = strings.TrimSpace(strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || 0x80 <= c && c < 0xa0 {
			return -1
		}
		return c
	}, s))
	if r := []rune(s); len(r) > 60 {
		return string(r[:60])
	}
	return s
}
