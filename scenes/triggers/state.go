package triggers

import (
	"encoding/json"

	"latchkey/bus"
	"latchkey/home"
	"latchkey/scenes"
)

// state fires on what a feature says:
//
//	{"type": "state", "feature": "mqtt:my-phone-presence", "operator": "=", "value": 1}
//
// It fires when the value becomes one that matches, not each time it is
// reported again; "repeat": true fires on each matching report. The operator
// "changed" takes no value and fires whenever the value is another.
func state() scenes.TriggerKind {
	return scenes.TriggerKind{
		Described: home.Described{
			Name:  "state",
			Title: home.Label{EN: "A value is reported", FR: "Une valeur est envoy\u00e9e"},
			Fields: []home.Field{
				{Name: "feature", Title: home.Label{EN: "Feature", FR: "Fonctionnalit\u00e9"}, Kind: "feature", Required: true},
				{Name: "operator", Title: home.Label{EN: "Operator", FR: "Op\u00e9rateur"}, Kind: "text", Required: true, Enum: append(scenes.Operators(), changed)},
				{Name: "value", Title: home.Label{EN: "Value", FR: "Valeur"}, Kind: "value"},
				{Name: "repeat", Title: home.Label{EN: "Each time it is reported", FR: "\u00c0 chaque envoi"}, Kind: "boolean", Default: false},
			},
		},
		Compile: compileState,
	}
}

const changed = "changed"

type stateSettings struct {
	Feature  string      `json:"feature"`
	Operator string      `json:"operator"`
	Value    *home.Value `json:"value"`
	Repeat   *bool       `json:"repeat"`
}

type stateMatcher struct {
	feature    string
	changed    bool
	repeat     bool
	comparison scenes.Comparison
}

func compileState(raw json.RawMessage) (scenes.Matcher, error) {
	var s stateSettings
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, home.Errorf(home.Unprocessable, "the settings do not read: %v", err)
	}
	e := home.Errorf(home.Unprocessable, "the trigger is not acceptable")
	if s.Operator == changed {
		if s.Value != nil {
			e.At("value", "the operator changed takes no value")
		}
		if s.Repeat != nil {
			e.At("repeat", "the operator changed fires on changes only")
		}
		return stateMatcher{feature: s.Feature, changed: true}, e.OrNil()
	}
	if s.Value == nil {
		return nil, e.At("value", "is missing; it is a number or a text to compare with").OrNil()
	}
	c, err := scenes.NewComparison(s.Operator, *s.Value)
	return stateMatcher{feature: s.Feature, comparison: c, repeat: s.Repeat != nil && *s.Repeat}, err
}

// Topics implements scenes.Matcher.
func (m stateMatcher) Topics() []scenes.Topic { return []scenes.Topic{{Feature: m.feature}} }

// Match implements scenes.Matcher.
func (m stateMatcher) Match(e *bus.Entry) (bool, json.RawMessage) {
	c := e.State
	if c == nil || !m.matches(c) {
		return false, nil
	}
	in := stateInput{Feature: m.feature, Value: c.New.Value, Seq: c.New.Seq, At: c.New.At}
	if c.Old != nil {
		in.Old = &c.Old.Value
	}
	input, err := json.Marshal(in)
	return err == nil, input
}

func (m stateMatcher) matches(c *home.StateChange) bool {
	if m.changed {
		return c.Changed
	}
	if !m.comparison.Holds(c.New.Value) {
		return false
	}
	return m.repeat || c.Old == nil || !m.comparison.Holds(c.Old.Value)
}

// stateInput is what a run's trace keeps of the state that fired it.
type stateInput struct {
	Feature string      `json:"feature"`
	Value   home.Value  `json:"value"`
	Old     *home.Value `json:"old"`
	Seq     uint64      `json:"seq"`
	At      home.Time   `json:"at"`
}
