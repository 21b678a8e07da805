package gladys

import (
	"context"
	"slices"

	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/mqtt"
	"latchkey/internal/wire"
)

// deviceMessage is a device as the original's integrations describe it. Other
// members, such as selector, are not looked at.
type deviceMessage struct {
	Name       string           `json:"name"`
	ExternalID string           `json:"external_id"`
	Model      string           `json:"model"`
	Features   []featureMessage `json:"features"`
}

type featureMessage struct {
	Name        string `json:"name"`
	ExternalID  string `json:"external_id"`
	Category    string `json:"category"`
	Type        string `json:"type"`
	Unit        string `json:"unit"`
	Min         *loose `json:"min"`
	Max         *loose `json:"max"`
	ReadOnly    truth  `json:"read_only"`
	KeepHistory *truth `json:"keep_history"`
}

// truth is true and false, also written 1 and 0 as the original's database does.
type truth bool

// UnmarshalJSON implements json.Unmarshaler.
func (t *truth) UnmarshalJSON(b []byte) error {
	switch string(b) {
	case "true", "1":
		*t = true
	case "false", "0", "null":
		*t = false
	default:
		return home.Errorf(home.Invalid, "true or false has to stand where %.40s stands", b).Because("json_type")
	}
	return nil
}

// device makes a device, or brings one up to date.
func (t *topics) device(ctx context.Context, m *mqtt.Message) error {
	n, err := readDevice(m.Payload)
	if err != nil {
		return err
	}
	_, err = t.hub.CreateDevice(ctx, m.Who, n)
	if e := home.AsError(err); err == nil || e.Code != home.Conflict {
		return err
	}
	old, found := t.find(ctx, m.Who, n.ExternalID)
	if !found {
		return err // another device has one of the features
	}
	merged, changed := merge(old, n)
	if !changed {
		return nil
	}
	_, err = t.hub.UpdateDevice(ctx, m.Who, old.ID, hub.DeviceChange{Name: &n.Name, Model: &n.Model, Features: &merged, Version: old.Version})
	return err
}

func readDevice(payload []byte) (hub.NewDevice, error) {
	var in deviceMessage
	if err := wire.DecodeJSON(payload, &in, wire.JSONOptions{}); err != nil {
		return hub.NewDevice{}, err
	}
	n := hub.NewDevice{Name: in.Name, ExternalID: in.ExternalID, Model: in.Model, Driver: Driver}
	for _, f := range in.Features {
		n.Features = append(n.Features, hub.NewFeature{ExternalID: f.ExternalID, Name: f.Name, Category: f.Category, Type: f.Type, Unit: f.Unit,
			Min: f.Min.float(), Max: f.Max.float(), ReadOnly: bool(f.ReadOnly), KeepHistory: (*bool)(f.KeepHistory)})
	}
	return n, nil
}

// find returns the device of that external id as far as id may see it.
func (t *topics) find(ctx context.Context, id *home.Identity, externalID string) (*home.Device, bool) {
	inside := *id
	inside.Grants = append(slices.Clone(id.Grants), home.Grant{Verbs: []home.Verb{home.ReadDevice}}) // who may change devices may know which there are
	v, err := t.hub.Device(ctx, &inside, home.ID(externalID))
	if err != nil || v.Device.ExternalID != externalID {
		return nil, false
	}
	return v.Device, true
}

// merge returns the device's features with those of n in their places. Features
// that n leaves out stay: their history is not to go with a message that was
// cut short.
func merge(old *home.Device, n hub.NewDevice) ([]hub.NewFeature, bool) {
	out := make([]hub.NewFeature, 0, len(old.Features)+len(n.Features))
	changed := n.Name != old.Name || n.Model != old.Model
	for i := range old.Features {
		out = append(out, asNew(&old.Features[i]))
	}
	for _, f := range n.Features {
		i := slices.IndexFunc(out, func(o hub.NewFeature) bool { return o.ExternalID == f.ExternalID })
		if i < 0 {
			out, changed = append(out, f), true
			continue
		}
		if f.KeepHistory == nil {
			f.KeepHistory = out[i].KeepHistory
		}
		f.Retention, f.Critical = out[i].Retention, out[i].Critical
		if !same(f, out[i]) {
			out[i], changed = f, true
		}
	}
	return out, changed
}

func asNew(f *home.Feature) hub.NewFeature {
	return hub.NewFeature{ExternalID: f.ExternalID, Name: f.Name, Category: f.Category, Type: f.Type, Unit: f.Unit, Min: f.Min, Max: f.Max,
		ReadOnly: f.ReadOnly, KeepHistory: &f.KeepHistory, Retention: f.Retention, Critical: f.Critical}
}

func same(a, b hub.NewFeature) bool {
	equal := func(x, y *float64) bool { return x == y || x != nil && y != nil && *x == *y }
	if !equal(a.Min, b.Min) || !equal(a.Max, b.Max) || *a.KeepHistory != *b.KeepHistory {
		return false
	}
	a.Min, a.Max, a.KeepHistory, b.Min, b.Max, b.KeepHistory = nil, nil, nil, nil, nil, nil
	return a == b
}
