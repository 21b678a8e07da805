package conditions_test

import (
	"testing"

	"latchkey/scenes/conditions"
)

// Every condition describes itself in both languages.
func TestDescriptions(t *testing.T) {
	for _, k := range conditions.All() {
		if k.Title.EN == "" || k.Title.FR == "" {
			t.Errorf("the condition %s lacks a title", k.Name)
		}
		for _, f := range k.Fields {
			if f.Title.EN == "" || f.Title.FR == "" {
				t.Errorf("%s: the setting %s lacks a title", k.Name, f.Name)
			}
		}
	}
}
