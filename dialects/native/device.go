package native

import (
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"latchkey/dialects/native/rest"
	"latchkey/dialects/native/stream"
	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/wire"
)

type device struct {
	ID         home.ID   `json:"id"`
	Version    int64     `json:"version"`
	ExternalID string    `json:"external_id"`
	Name       string    `json:"name"`
	Model      string    `json:"model,omitempty"`
	Driver     string    `json:"driver"`
	Room       home.ID   `json:"room,omitempty"`
	CreatedAt  home.Time `json:"created_at"`
	Features   []feature `json:"features"`
	newest     uint64
}

// Tag implements rest.Tagged: behind the version, the newest state shown.
func (d device) Tag() string { return version(d.Version) + "." + strconv.FormatUint(d.newest, 10) }

type feature struct {
	ExternalID  string    `json:"external_id"`
	Name        string    `json:"name"`
	Category    string    `json:"category"`
	Type        string    `json:"type"`
	Unit        string    `json:"unit,omitempty"`
	Min         *float64  `json:"min,omitempty"`
	Max         *float64  `json:"max,omitempty"`
	ReadOnly    bool      `json:"read_only"`
	KeepHistory bool      `json:"keep_history"`
	Retention   int       `json:"retention_days,omitempty"`
	Critical    bool      `json:"critical,omitempty"`
	LastValue   shown     `json:"last_value"`
	LastChanged home.Time `json:"last_value_changed"`
	LastSeq     uint64    `json:"last_seq,omitempty"`
}

// shown is a value as it stands in an answer: a number, a text or null.
type shown struct{ value *home.Value }

// MarshalJSON implements json.Marshaler.
func (s shown) MarshalJSON() ([]byte, error) { return stream.AppendValue(nil, s.value), nil }

// Schema implements huma.SchemaProvider.
func (shown) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{{Type: huma.TypeNumber}, {Type: huma.TypeString}, {Type: "null"}}}
}

type deviceList struct {
	Devices []device `json:"devices"`
}

type newFeature struct {
	ExternalID  string   `json:"external_id" doc:"unique in the house"`
	Name        string   `json:"name,omitempty"`
	Category    string   `json:"category" example:"temperature-sensor"`
	Type        string   `json:"type" example:"decimal"`
	Unit        string   `json:"unit,omitempty"`
	Min         *float64 `json:"min,omitempty"`
	Max         *float64 `json:"max,omitempty"`
	ReadOnly    bool     `json:"read_only,omitempty"`
	KeepHistory *bool    `json:"keep_history,omitempty" doc:"true when left out"`
	Retention   int      `json:"retention_days,omitempty" doc:"0 = for ever"`
	Critical    bool     `json:"critical,omitempty" doc:"a lock, an alarm, a garage door"`
}

type newDevice struct {
	Name       string       `json:"name"`
	ExternalID string       `json:"external_id" doc:"unique in the house"`
	Model      string       `json:"model,omitempty"`
	Driver     string       `json:"driver,omitempty" doc:"virtual when left out: a device whose values come over an API"`
	Room       home.ID      `json:"room,omitempty"`
	Features   []newFeature `json:"features,omitempty"`
}

type deviceChange struct {
	Name     *string       `json:"name,omitempty"`
	Model    *string       `json:"model,omitempty" clear:"true" nullable:"true"`
	Room     *home.ID      `json:"room,omitempty" clear:"true" nullable:"true"`
	Features *[]newFeature `json:"features,omitempty" doc:"the whole list; a feature left out is deleted with its history"`
}

type oneDevice struct {
	Device home.ID `path:"id" doc:"the device's id or external id"`
}

func (a *api) devices() []rest.Operation {
	const path, sample = "/devices/{id}", "/devices/d1"
	return []rest.Operation{
		rest.Op(rest.Spec{Method: http.MethodGet, Path: "/devices", Name: "list_devices", Tag: "devices", Right: home.ReadDevice, Class: wire.Read,
			Title: home.Label{EN: "List devices with their current values", FR: "Lister les appareils avec leurs valeurs actuelles"}}, a.listDevices),
		rest.Op(rest.Spec{Method: http.MethodPost, Path: "/devices", Name: "create_device", Tag: "devices", Right: home.WriteDevice, Status: http.StatusCreated, Acts: true,
			Title: home.Label{EN: "Make a device with its features", FR: "Créer un appareil et ses fonctions"}}, a.createDevice),
		rest.Op(rest.Spec{Method: http.MethodGet, Path: path, Name: "get_device", Tag: "devices", Right: home.ReadDevice, Class: wire.Read, Sample: sample,
			Title: home.Label{EN: "Show a device", FR: "Montrer un appareil"}}, a.getDevice),
		rest.Op(rest.Spec{Method: http.MethodPatch, Path: path, Name: "update_device", Tag: "devices", Right: home.WriteDevice, Versioned: true, Sample: sample,
			Title: home.Label{EN: "Change a device", FR: "Modifier un appareil"}}, a.updateDevice),
		rest.Op(rest.Spec{Method: http.MethodDelete, Path: path, Name: "delete_device", Tag: "devices", Right: home.WriteDevice, Sample: sample,
			Title: home.Label{EN: "Delete a device with its history", FR: "Supprimer un appareil et son historique"}},
			func(c *rest.Call, in *oneDevice) (rest.None, error) {
				return rest.None{}, a.hub.DeleteDevice(c, c.ID, in.Device)
			}),
	}
}

func shownDevice(v hub.DeviceView) device {
	out := device{ID: v.ID, Version: v.Version, ExternalID: v.ExternalID, Name: v.Name, Model: v.Model, Driver: v.Driver, Room: v.Room,
		CreatedAt: v.CreatedAt, Features: make([]feature, len(v.Features))}
	for i := range v.Features {
		f := &v.Features[i]
		out.Features[i] = feature{ExternalID: f.ExternalID, Name: f.Name, Category: f.Category, Type: f.Type, Unit: f.Unit, Min: f.Min, Max: f.Max,
			ReadOnly: f.ReadOnly, KeepHistory: f.KeepHistory, Retention: f.Retention, Critical: f.Critical}
		if i < len(v.States) && v.States[i] != nil {
			s := v.States[i]
			out.Features[i].LastValue, out.Features[i].LastChanged, out.Features[i].LastSeq = shown{&s.Value}, s.At, s.Seq
			out.newest = max(out.newest, s.Seq)
		}
	}
	return out
}

func shownDevices(all []hub.DeviceView) []device {
	out := make([]device, 0, len(all))
	for _, v := range all {
		out = append(out, shownDevice(v))
	}
	return out
}

func (a *api) listDevices(c *rest.Call, _ *struct{}) (deviceList, error) {
	all, err := a.hub.Devices(c, c.ID)
	return deviceList{shownDevices(all)}, err
}

func (a *api) getDevice(c *rest.Call, in *oneDevice) (device, error) {
	v, err := a.hub.Device(c, c.ID, in.Device)
	if err != nil {
		return device{}, err
	}
	return shownDevice(v), nil
}

func hubFeatures(all []newFeature) []hub.NewFeature {
	out := make([]hub.NewFeature, 0, len(all))
	for _, n := range all {
		out = append(out, hub.NewFeature(n))
	}
	return out
}

func (a *api) createDevice(c *rest.Call, in *struct {
	Body newDevice `example:"{\"name\":\"Thermometer\",\"external_id\":\"mqtt:thermometer\",\"features\":[{\"external_id\":\"mqtt:thermometer:temperature\",\"category\":\"temperature-sensor\",\"type\":\"decimal\",\"unit\":\"celsius\",\"read_only\":true}]}"`
}) (device, error) {
	b := in.Body
	v, err := a.hub.CreateDevice(c, c.ID, hub.NewDevice{Name: b.Name, ExternalID: b.ExternalID, Model: b.Model, Driver: b.Driver, Room: b.Room, Features: hubFeatures(b.Features)})
	if err != nil {
		return device{}, err
	}
	c.Made("/devices/" + string(v.ID))
	return shownDevice(hub.DeviceView{Device: &v}), nil
}

func (a *api) updateDevice(c *rest.Call, in *struct {
	oneDevice
	Body deviceChange
}) (device, error) {
	b := in.Body
	change := hub.DeviceChange{Name: b.Name, Model: b.Model, Room: b.Room, Version: c.Version}
	if b.Features != nil {
		features := hubFeatures(*b.Features)
		change.Features = &features
	}
	v, err := a.hub.UpdateDevice(c, c.ID, in.Device, change)
	if err != nil {
		return device{}, err
	}
	if now, err := a.hub.Device(c, c.ID, v.ID); err == nil && now.Version == v.Version {
		return shownDevice(now), nil
	}
	return shownDevice(hub.DeviceView{Device: &v}), nil
}
