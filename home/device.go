package home

// Device is one thing in a house.
type Device struct {
	ID         ID        `json:"id"`
	House      ID        `json:"-"`
	Version    int64     `json:"version"`
	ExternalID string    `json:"external_id"` // the driver's own id, unique in the house
	Name       string    `json:"name"`        // 1 to 100 characters
	Model      string    `json:"model,omitempty"`
	Driver     string    `json:"driver"` // who reaches it; "virtual" for devices made over an API
	Room       ID        `json:"room,omitempty"`
	Features   []Feature `json:"features"`
	CreatedAt  Time      `json:"created_at"`
}

// Feature is one value of a device.
type Feature struct {
	Num         uint32   `json:"num"`         // the store's number for it; never used again
	ExternalID  string   `json:"external_id"` // unique in the house
	Name        string   `json:"name"`
	Category    string   `json:"category"` // such as light, motion-sensor; see Categories
	Type        string   `json:"type"`     // such as binary, brightness
	Unit        string   `json:"unit,omitempty"`
	Min         *float64 `json:"min,omitempty"`
	Max         *float64 `json:"max,omitempty"`
	ReadOnly    bool     `json:"read_only"`
	KeepHistory bool     `json:"keep_history"`
	Retention   int      `json:"retention_days,omitempty"` // 0 = for ever
	Critical    bool     `json:"critical,omitempty"`       // a lock, an alarm, a garage door
}

// Feature returns d's feature with that external id, or nil.
func (d *Device) Feature(externalID string) *Feature {
	for i := range d.Features {
		if d.Features[i].ExternalID == externalID {
			return &d.Features[i]
		}
	}
	return nil
}

// Shape is how a feature's values look.
type Shape string

// The shapes.
const (
	Number Shape = "number"
	Binary Shape = "binary" // 0 or 1
	Text   Shape = "text"   // up to 4,096 bytes of UTF-8 without NUL
)
