package scenes

import (
	"slices"
	"strings"

	"latchkey/home"
)

// Operators lists how a value may be compared.
func Operators() []string { return []string{"=", "!=", ">", ">=", "<", "<="} }

// Comparison is an operator with the value on its right.
type Comparison struct {
	Operator string
	Value    home.Value
}

// NewComparison checks that op can be asked of v: a text is only equal or not.
// It returns Unprocessable with the field at fault.
func NewComparison(op string, v home.Value) (Comparison, error) {
	switch {
	case !slices.Contains(Operators(), op):
		return Comparison{}, home.Errorf(home.Unprocessable, "unknown operator").
			At("operator", "%.20q is not an operator; accepted: %s", op, strings.Join(Operators(), " "))
	case v.IsText && op != "=" && op != "!=":
		return Comparison{}, home.Errorf(home.Unprocessable, "a text is not more or less than another").
			At("operator", "a text is compared with = or !=, not with %s", op)
	}
	return Comparison{Operator: op, Value: v}, nil
}

// Holds reports whether "v operator value" is so. A number never equals a text.
func (c Comparison) Holds(v home.Value) bool {
	switch c.Operator {
	case "=":
		return v == c.Value
	case "!=":
		return v != c.Value
	}
	if v.IsText || c.Value.IsText {
		return false
	}
	switch c.Operator {
	case ">":
		return v.Number > c.Value.Number
	case ">=":
		return v.Number >= c.Value.Number
	case "<":
		return v.Number < c.Value.Number
	case "<=":
		return v.Number <= c.Value.Number
	}
	return false
}
