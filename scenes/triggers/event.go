package triggers

import (
	"encoding/json"

	"latchkey/bus"
	"latchkey/home"
	"latchkey/scenes"
)

// event fires on an event of a type, if its data holds what match names:
//
//	{"type": "event", "event": "custom.doorbell", "match": {"button": "front"}}
//
// match compares the data's own members with texts, numbers, true and false;
// subject asks for the event's subject too.
func event() scenes.TriggerKind {
	return scenes.TriggerKind{
		Described: home.Described{
			Name:  "event",
			Title: home.Label{EN: "An event happens", FR: "Un \u00e9v\u00e9nement se produit"},
			Fields: []home.Field{
				{Name: "event", Title: home.Label{EN: "Event type", FR: "Type d'\u00e9v\u00e9nement"}, Kind: "text", Required: true},
				{Name: "subject", Title: home.Label{EN: "Subject", FR: "Sujet"}, Kind: "text"},
				{Name: "match", Title: home.Label{EN: "Data that must be equal", FR: "Donn\u00e9es qui doivent \u00eatre \u00e9gales"}, Kind: "object"},
			},
		},
		Compile: compileEvent,
	}
}

type eventSettings struct {
	Event   string                     `json:"event"`
	Subject string                     `json:"subject"`
	Match   map[string]json.RawMessage `json:"match"`
}

type eventMatcher struct {
	event   string
	subject string
	wanted  map[string]scalar
}

// scalar is a text, a number, true or false.
type scalar struct {
	kind   byte // of the JSON: " 0 t f
	text   string
	number float64
}

func compileEvent(raw json.RawMessage) (scenes.Matcher, error) {
	var s eventSettings
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, home.Errorf(home.Unprocessable, "the settings do not read: %v", err)
	}
	e := home.Errorf(home.Unprocessable, "the trigger is not acceptable")
	m := eventMatcher{event: s.Event, subject: s.Subject, wanted: map[string]scalar{}}
	for name, value := range s.Match {
		v, ok := scalarOf(value)
		if !ok {
			e.At("match."+name, "only a text, a number, true or false can be compared")
		}
		m.wanted[name] = v
	}
	return m, e.OrNil()
}

func scalarOf(raw json.RawMessage) (scalar, bool) {
	if len(raw) == 0 {
		return scalar{}, false
	}
	switch c := raw[0]; c {
	case '"':
		v := scalar{kind: c}
		return v, json.Unmarshal(raw, &v.text) == nil
	case 't', 'f':
		return scalar{kind: c}, true
	case '{', '[', 'n':
		return scalar{}, false
	default:
		v := scalar{kind: '0'}
		return v, json.Unmarshal(raw, &v.number) == nil
	}
}

// Topics implements scenes.Matcher.
func (m eventMatcher) Topics() []scenes.Topic { return []scenes.Topic{{Event: m.event}} }

// Match implements scenes.Matcher.
func (m eventMatcher) Match(e *bus.Entry) (bool, json.RawMessage) {
	if e.Event == nil || m.subject != "" && m.subject != e.Event.Subject || !m.matches(e.Event.Data) {
		return false, nil
	}
	in := eventInput{Event: e.Event.Type, Subject: e.Event.Subject, Seq: e.Seq, At: e.Event.At}
	if v := e.Event.Verb; v == "" || v == home.ReadEvent { // others' data, such as a position, is not for all who may read runs
		in.Data = e.Event.Data
	}
	input, err := json.Marshal(in)
	return err == nil, input
}

func (m eventMatcher) matches(data json.RawMessage) bool {
	if len(m.wanted) == 0 {
		return true
	}
	var have map[string]json.RawMessage
	if json.Unmarshal(data, &have) != nil {
		return false
	}
	for name, want := range m.wanted {
		if v, ok := scalarOf(have[name]); !ok || v != want {
			return false
		}
	}
	return true
}

// eventInput is what a run's trace keeps of the event that fired it.
type eventInput struct {
	Event   string          `json:"event"`
	Subject string          `json:"subject,omitempty"`
	Data    json.RawMessage `json:"data,omitempty"`
	Seq     uint64          `json:"seq"`
	At      home.Time       `json:"at"`
}
