package phone

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/wire"
)

// setup is what an app on the phone needs to know.
type setup struct {
	Base    string // the server's address, as the phone asked for it
	Key     string
	Feature string // external id of the phone's presence
	Phone   string // its name, as a person reads it
	Device  string // and as a part of an id
	User    string // the account's username
}

// setupFor returns the set-up of the phone that took v, for the address that r
// asked for. Invalid (host_missing) when r names none.
func setupFor(r *http.Request, v *hub.PairingView) (*setup, error) {
	base := wire.Origin(r)
	if base == "" {
		return nil, home.Errorf(home.Invalid, "the request does not say under which address it asked for this server: a Host header is needed").Because("host_missing")
	}
	device := strings.TrimSuffix(strings.TrimPrefix(v.Feature, "phone:"), "-presence")
	return &setup{Base: base, Key: v.Secret, Feature: v.Feature, Phone: v.Name, Device: device, User: v.Username}, nil
}

// StateURL is where values go.
func (s *setup) StateURL() string { return s.Base + "/v1/api/device/state/" + s.Key }

// TrackURL is where positions go.
func (s *setup) TrackURL() string { return s.Base + "/v1/api/owntracks/" + s.Key }

// Arrive and Leave are the bodies that say that the phone came or left.
func (s *setup) Arrive() string { return s.body("1") }

// Leave is Arrive's counterpart.
func (s *setup) Leave() string { return s.body("0") }

func (s *setup) body(state string) string {
	return `{"device_feature_external_id": "` + s.Feature + `", "state": ` + state + `}`
}

// CurlArrive and CurlLeave say the same as lines for a terminal.
func (s *setup) CurlArrive() string { return s.curl(s.Arrive()) }

// CurlLeave is CurlArrive's counterpart.
func (s *setup) CurlLeave() string { return s.curl(s.Leave()) }

func (s *setup) curl(body string) string {
	return "curl -X POST '" + s.StateURL() + "' -H 'Content-Type: application/json' -d '" + body + "'"
}

// ownTracks is a configuration of the OwnTracks apps.
type ownTracks struct {
	Type       string `json:"_type"`
	Mode       int    `json:"mode"` // 3 = HTTP
	URL        string `json:"url"`
	Auth       bool   `json:"auth"` // the key stands in the address
	Username   string `json:"username"`
	DeviceID   string `json:"deviceId"`
	Tracker    string `json:"tid"`
	Monitoring int    `json:"monitoring"` // 1 = significant changes, which spares the battery
}

func ownTracksFile(s *setup) ([]byte, error) {
	return json.Marshal(ownTracks{Type: "configuration", Mode: 3, URL: s.TrackURL(), Username: s.User, DeviceID: s.Device, Tracker: tracker(s.Device), Monitoring: 1})
}

// tracker is the two characters by which OwnTracks shows a phone.
func tracker(device string) string {
	letters := strings.ToUpper(strings.NewReplacer("-", "", "_", "").Replace(device))
	return cmp.Or(letters[:min(len(letters), 2)], "PH")
}

// OwnTracks is the link that configures the app in one tap.
func (s *setup) OwnTracks() (template.URL, error) {
	b, err := ownTracksFile(s)
	if err != nil {
		return "", err
	}
	return template.URL("owntracks:///config?inline=" + url.QueryEscape(base64.StdEncoding.EncodeToString(b))), nil
}

// signal is what the light shows.
type signal struct {
	Light string    `json:"light"`          // waiting, refused, received or revoked
	What  string    `json:"what,omitempty"` // of received: home, away or position
	At    home.Time `json:"at"`             // of received: when the phone says that it was so
}

// lightOf says what has come from a phone: a value, nothing, or only requests
// that were not taken.
func lightOf(v *hub.PairingView) signal {
	switch {
	case v.Revoked:
		return signal{Light: "revoked"}
	case v.Last != nil && v.From != v.Feature:
		return signal{Light: "received", What: "position", At: v.Last.At}
	case v.Last != nil && v.Last.Value.Number == 0:
		return signal{Light: "received", What: "away", At: v.Last.At}
	case v.Last != nil:
		return signal{Light: "received", What: "home", At: v.Last.At}
	case v.UsedAt != 0:
		return signal{Light: "refused"}
	}
	return signal{Light: "waiting"}
}
