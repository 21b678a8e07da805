package home

// House is the tenant and the place.
type House struct {
	ID        ID       `json:"id"`
	Version   int64    `json:"version"`
	Name      string   `json:"name"`                // 1 to 100 characters
	TimeZone  string   `json:"time_zone"`           // IANA name, such as Europe/Paris
	Latitude  *float64 `json:"latitude,omitempty"`  // degrees, -90 to 90
	Longitude *float64 `json:"longitude,omitempty"` // degrees, -180 to 180
	Language  string   `json:"language"`            // "en" or "fr"
	CreatedAt Time     `json:"created_at"`
}

// Room is a place inside a house.
type Room struct {
	ID      ID     `json:"id"`
	House   ID     `json:"-"`
	Version int64  `json:"version"`
	Name    string `json:"name"` // 1 to 100 characters, unique in its house
}
