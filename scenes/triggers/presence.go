package triggers

import (
	"encoding/json"

	"latchkey/bus"
	"latchkey/home"
	"latchkey/scenes"
)

// presence fires when a member comes home or leaves, or when the house becomes
// empty or is so no longer:
//
//	{"type": "presence", "event": "arrived", "account": "me"}
//	{"type": "presence", "event": "empty"}
//
// account is a member's account id or "me"; without it anyone does. It does not
// go with empty and occupied.
func presence() scenes.TriggerKind {
	return scenes.TriggerKind{
		Described: home.Described{
			Name:  "presence",
			Title: home.Label{EN: "Somebody comes home or leaves", FR: "Quelqu'un rentre \u00e0 la maison ou la quitte"},
			Fields: []home.Field{
				{Name: "event", Title: home.Label{EN: "What happens", FR: "Ce qui se passe"}, Kind: "text", Required: true, Enum: []string{"arrived", left, "empty", "occupied"}},
				{Name: "account", Title: home.Label{EN: "Member; anyone when left out", FR: "Membre ; n'importe qui par d\u00e9faut"}, Kind: "account"},
			},
		},
		Compile: compilePresence,
	}
}

type presenceSettings struct {
	Event   string  `json:"event"`
	Account home.ID `json:"account"`
}

type presenceMatcher struct {
	event   string
	account home.ID // "" = anyone, or the house
}

func compilePresence(raw json.RawMessage) (scenes.Matcher, error) {
	var s presenceSettings
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, home.Errorf(home.Unprocessable, "the settings do not read: %v", err)
	}
	m := presenceMatcher{account: s.Account}
	switch s.Event {
	case "arrived":
		m.event = home.EventArrived
	case left:
		m.event = home.EventLeft
	case "empty":
		m.event = home.EventHouseEmpty
	default:
		m.event = home.EventHouseOccupied
	}
	e := home.Errorf(home.Unprocessable, "the trigger is not acceptable")
	if m.account != "" && (m.event == home.EventHouseEmpty || m.event == home.EventHouseOccupied) {
		e.At("account", "empty and occupied are about the house, not about a member")
	}
	return m, e.OrNil()
}

// Of implements scenes.Owned.
func (m presenceMatcher) Of(owner home.ID) scenes.Matcher {
	m.account = meant(m.account, owner)
	return m
}

// Topics implements scenes.Matcher.
func (m presenceMatcher) Topics() []scenes.Topic { return []scenes.Topic{{Event: m.event}} }

// Match implements scenes.Matcher.
func (m presenceMatcher) Match(e *bus.Entry) (bool, json.RawMessage) {
	if e.Event == nil || m.account != "" && string(m.account) != e.Event.Subject {
		return false, nil
	}
	input, err := json.Marshal(eventInput{Event: e.Event.Type, Subject: e.Event.Subject, Seq: e.Seq, At: e.Event.At})
	return err == nil, input
}
