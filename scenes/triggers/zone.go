package triggers

import (
	"encoding/json"
	"strings"

	"latchkey/bus"
	"latchkey/home"
	"latchkey/scenes"
)

// zone fires when a member enters a zone or leaves it:
//
//	{"type": "zone", "event": "entered", "zone": "School", "account": "me"}
//
// zone is its name or id, account a member's account id or "me"; without it
// anyone does.
func zone() scenes.TriggerKind {
	return scenes.TriggerKind{
		Described: home.Described{
			Name:  "zone",
			Title: home.Label{EN: "Somebody enters or leaves a zone", FR: "Quelqu'un entre dans une zone ou en sort"},
			Fields: []home.Field{
				{Name: "event", Title: home.Label{EN: "What happens", FR: "Ce qui se passe"}, Kind: "text", Required: true, Enum: []string{entered, left}},
				{Name: "zone", Title: home.Label{EN: "Zone: its name or id", FR: "Zone : son nom ou son id"}, Kind: "text", Required: true},
				{Name: "account", Title: home.Label{EN: "Member; anyone when left out", FR: "Membre ; n'importe qui par d\u00e9faut"}, Kind: "account"},
			},
		},
		Compile: compileZone,
	}
}

const (
	entered = "entered"
	left    = "left"
)

type zoneSettings struct {
	Event   string  `json:"event"`
	Zone    string  `json:"zone"`
	Account home.ID `json:"account"`
}

type zoneMatcher struct {
	event   string
	zone    string
	account home.ID // "" = anyone
}

func compileZone(raw json.RawMessage) (scenes.Matcher, error) {
	var s zoneSettings
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, home.Errorf(home.Unprocessable, "the settings do not read: %v", err)
	}
	m := zoneMatcher{event: home.EventZoneEntered, zone: strings.TrimSpace(s.Zone), account: s.Account}
	if s.Event == left {
		m.event = home.EventZoneLeft
	}
	return m, nil
}

// Of implements scenes.Owned.
func (m zoneMatcher) Of(owner home.ID) scenes.Matcher {
	m.account = meant(m.account, owner)
	return m
}

// meant is the account that a setting means: "me" is the scene's owner.
func meant(account, owner home.ID) home.ID {
	if account == "me" {
		return owner
	}
	return account
}

// Topics implements scenes.Matcher.
func (m zoneMatcher) Topics() []scenes.Topic { return []scenes.Topic{{Event: m.event}} }

// Match implements scenes.Matcher.
func (m zoneMatcher) Match(e *bus.Entry) (bool, json.RawMessage) {
	var c home.ZoneCrossing
	if e.Event == nil || json.Unmarshal(e.Event.Data, &c) != nil || m.account != "" && m.account != c.Account {
		return false, nil
	}
	if m.zone != string(c.Zone) && !strings.EqualFold(m.zone, strings.TrimSpace(c.Name)) {
		return false, nil
	}
	// Who it was is not for all who may read runs.
	input, err := json.Marshal(zoneInput{Event: e.Event.Type, Zone: c.Zone, Seq: e.Seq, At: e.Event.At})
	return err == nil, input
}

// zoneInput is what a run's trace keeps of the crossing that fired it.
type zoneInput struct {
	Event string    `json:"event"`
	Zone  home.ID   `json:"zone"`
	Seq   uint64    `json:"seq"`
	At    home.Time `json:"at"`
}
