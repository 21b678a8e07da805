package home

// Label is a text for people in each of the product's languages.
type Label struct {
	EN string `json:"en"`
	FR string `json:"fr"`
}

// Field describes one argument or setting; forms, docs and validation come
// from it.
type Field struct {
	Name     string   `json:"name"`
	Title    Label    `json:"title"`
	Kind     string   `json:"kind"` // text, number, boolean, value, feature, account, url, object, list
	Required bool     `json:"required,omitempty"`
	Enum     []string `json:"enum,omitempty"`
	Min      *float64 `json:"min,omitempty"`
	Max      *float64 `json:"max,omitempty"`
	Default  any      `json:"default,omitempty"`
}

// Described is what an action, a trigger or a condition says of itself.
type Described struct {
	Name   string  `json:"name"` // dotted words: device.command
	Title  Label   `json:"title"`
	Fields []Field `json:"fields"`
	Right  Verb    `json:"right,omitempty"` // what calling it needs
}
