package gladys

import (
	"bytes"
	"encoding/json"
	"net/http"

	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/wire"
)

// trackBody is the largest body from OwnTracks: a long list of waypoints.
const trackBody int64 = 64 << 10

// postTrack takes in what an OwnTracks app sends. It answers a list, as
// OwnTracks wants: where the other members last were.
func (a *api) postTrack(w http.ResponseWriter, r *http.Request) error {
	id, err := a.identify(r)
	if err != nil {
		return err
	}
	t, raw, err := a.readTrack(r)
	if err != nil {
		return err
	}
	if t == nil || t.unused() {
		if !id.MaySome(home.WriteLocation) {
			return home.Errorf(home.Forbidden, "this needs the right %s, which the credential does not hold", home.WriteLocation).Because("right_missing")
		}
		return a.nobody.write(w)
	}
	user, phone := t.names(r)
	fix, err := t.fix(user, phone, raw)
	if err != nil {
		return err
	}
	others, err := a.hub.Locate(r.Context(), id, fix)
	if err != nil {
		return err
	}
	if len(others) == 0 {
		return a.nobody.write(w)
	}
	return wire.WriteJSON(w, http.StatusOK, friends(others))
}

// readTrack reads the body; nil for an empty one, which some versions of the
// app send to try the address out.
func (a *api) readTrack(r *http.Request) (t *track, raw json.RawMessage, err error) {
	err = a.withBody(r, func(b []byte) error {
		if first(b) == 0 {
			return nil
		}
		if err := wantType(r); err != nil {
			return err
		}
		if raw, err = trackJSON(r, b); err != nil {
			return err
		}
		t = &track{}
		return wire.DecodeJSON(raw, t, wire.JSONOptions{})
	})
	return t, raw, err
}

// trackJSON returns the body as JSON of its own, a form as if it were an object.
func trackJSON(r *http.Request, b []byte) (json.RawMessage, error) {
	if !isForm(r, b) {
		return bytes.Clone(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))), nil
	}
	m, err := parseForm(b)
	if err != nil {
		return nil, err
	}
	return json.Marshal(m)
}

// friend is another member as an OwnTracks app shows it.
type friend struct {
	Type      string   `json:"_type"`
	Tracker   string   `json:"tid"`
	Name      string   `json:"name,omitempty"` // of a card
	Topic     string   `json:"topic,omitempty"`
	Latitude  *float64 `json:"lat,omitempty"`
	Longitude *float64 `json:"lon,omitempty"`
	Time      int64    `json:"tst,omitempty"` // seconds
	Accuracy  *float64 `json:"acc,omitempty"`
	Altitude  *float64 `json:"alt,omitempty"`
	Velocity  *float64 `json:"vel,omitempty"`
	Battery   *float64 `json:"batt,omitempty"`
}

// friends returns a card with the name and a location for each member.
func friends(others []hub.MemberPosition) []friend {
	out := make([]friend, 0, 2*len(others))
	for i := range others {
		p, account := &others[i].Position, &others[i].Account
		name := account.Name
		if name == "" {
			name = account.Username
		}
		tracker := p.Tracker
		if tracker == "" {
			tracker = initials(name)
		}
		topic := "owntracks/" + account.Username + "/phone"
		out = append(out, friend{Type: "card", Tracker: tracker, Name: name, Topic: topic},
			friend{Type: "location", Tracker: tracker, Topic: topic, Latitude: &p.Latitude, Longitude: &p.Longitude, Time: int64(p.At) / 1000,
				Accuracy: p.Accuracy, Altitude: p.Altitude, Velocity: p.Velocity, Battery: p.Battery})
	}
	return out
}

// initials are the last two characters of a name, which is what OwnTracks takes
// where no tracker id is set.
func initials(name string) string {
	r := []rune(name)
	return string(r[max(0, len(r)-2):])
}
