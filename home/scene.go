package home

import "encoding/json"

// Scene is triggers, conditions and steps. It is one document: the API, the
// files and every dialect show this one.
type Scene struct {
	ID         ID        `json:"id"`
	House      ID        `json:"-"`
	Version    int64     `json:"version"`
	Name       string    `json:"name"` // 1 to 100 characters
	Enabled    bool      `json:"enabled"`
	Triggers   []Trigger `json:"triggers"`   // any of them starts a run
	Conditions []Trigger `json:"conditions"` // all of them must hold
	Steps      []Step    `json:"steps"`
	Owner      ID        `json:"owner"` // the account in whose rights it acts
	// Rights bounds it further, to those of the key that saved it; empty when the
	// owner saved it in person.
	Rights    []Grant `json:"rights,omitempty"`
	CreatedAt Time    `json:"created_at"`
}

// Trigger is one trigger or condition: a type and that type's own settings,
// in one flat object.
type Trigger struct {
	Type     string
	Settings json.RawMessage // the whole object, type included
}

// MarshalJSON implements json.Marshaler.
func (t Trigger) MarshalJSON() ([]byte, error) {
	if len(t.Settings) == 0 {
		return json.Marshal(map[string]string{"type": t.Type})
	}
	return t.Settings, nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *Trigger) UnmarshalJSON(b []byte) error {
	var head struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return Errorf(Invalid, "a trigger is an object with a type, such as {\"type\": \"state\", ...}")
	}
	t.Type, t.Settings = head.Type, append(json.RawMessage(nil), b...)
	return nil
}

// Step is one step of a scene: an action called with arguments.
type Step struct {
	Name   string          `json:"name,omitempty"`
	Action string          `json:"action"`
	Args   json.RawMessage `json:"args,omitempty"` // an object
}

// Run is one execution of a scene, or one that was refused, as it is kept for
// people to see why.
type Run struct {
	ID       ID      `json:"id"`
	House    ID      `json:"-"`
	Scene    ID      `json:"scene"`
	Status   string  `json:"status"` // running, done, failed, refused, interrupted
	Reason   string  `json:"reason,omitempty"`
	Started  Time    `json:"started_at"`
	Finished Time    `json:"finished_at"`
	Trigger  Trace   `json:"trigger"`
	Checks   []Trace `json:"conditions"`
	Steps    []Trace `json:"steps"`
	Cause    Cause   `json:"cause"`
}

// Trace is what one trigger, condition or step did.
type Trace struct {
	Type     string          `json:"type"` // trigger or condition type, or action name
	Name     string          `json:"name,omitempty"`
	Started  Time            `json:"started_at"`
	Finished Time            `json:"finished_at"`
	Input    json.RawMessage `json:"input,omitempty"`
	Result   json.RawMessage `json:"result,omitempty"`
	Error    string          `json:"error,omitempty"`
	Held     *bool           `json:"held,omitempty"` // for a condition
}
