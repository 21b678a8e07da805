package conditions

import (
	"context"
	"encoding/json"

	"latchkey/home"
	"latchkey/scenes"
)

// state holds while a feature's current value compares so:
//
//	{"type": "state", "feature": "lamp", "operator": "<", "value": 50}
//
// A feature that has no value yet does not compare.
func state() scenes.ConditionKind {
	return scenes.ConditionKind{
		Described: home.Described{
			Name:  "state",
			Title: home.Label{EN: "A value is so", FR: "Une valeur est ainsi"},
			Fields: []home.Field{
				{Name: "feature", Title: home.Label{EN: "Feature", FR: "Fonctionnalit\u00e9"}, Kind: "feature", Required: true},
				{Name: "operator", Title: home.Label{EN: "Operator", FR: "Op\u00e9rateur"}, Kind: "text", Required: true, Enum: scenes.Operators()},
				{Name: "value", Title: home.Label{EN: "Value", FR: "Valeur"}, Kind: "value", Required: true},
			},
		},
		Compile: compileState,
	}
}

type stateSettings struct {
	Feature  string     `json:"feature"`
	Operator string     `json:"operator"`
	Value    home.Value `json:"value"`
}

type stateCondition struct {
	feature    string
	comparison scenes.Comparison
}

func compileState(raw json.RawMessage) (scenes.Condition, error) {
	var s stateSettings
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, home.Errorf(home.Unprocessable, "the settings do not read: %v", err)
	}
	c, err := scenes.NewComparison(s.Operator, s.Value)
	return stateCondition{feature: s.Feature, comparison: c}, err
}

// Holds implements scenes.Condition.
func (c stateCondition) Holds(ctx context.Context, v scenes.Values) (bool, json.RawMessage, error) {
	s, err := v.State(ctx, c.feature)
	if err != nil {
		return false, nil, err
	}
	if s == nil {
		return false, nil, home.Errorf(home.Unprocessable, "%s has no value yet", c.feature)
	}
	seen, err := json.Marshal(stateSeen{Value: s.Value, At: s.At})
	return c.comparison.Holds(s.Value), seen, err
}

// stateSeen is what a run's trace keeps of the value it compared.
type stateSeen struct {
	Value home.Value `json:"value"`
	At    home.Time  `json:"at"`
}
