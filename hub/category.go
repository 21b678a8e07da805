package hub

import "latchkey/home"

// ShapeOf returns how a feature's values look: by its category and type, as
// Gladys names them. "text" (text, select) is text; "binary" is 0 or 1 unless
// the feature's own maximum says that it counts further; all else are numbers.
func ShapeOf(f *home.Feature) home.Shape {
	switch {
	case f.Category == "text" || f.Type == "text" || f.Type == "select":
		return home.Text
	case (f.Type == "binary" || f.Type == "push") && (f.Max == nil || *f.Max <= 1) && (f.Min == nil || *f.Min >= 0):
		return home.Binary
	}
	return home.Number
}
