package stores_test

import (
	"testing"

	"latchkey/home"
	"latchkey/stores"
)

func TestAll(t *testing.T) {
	seen := map[string]bool{}
	for _, kind := range stores.All() {
		if seen[kind.Name] {
			t.Errorf("two stores are named %q", kind.Name)
		}
		seen[kind.Name] = true
		dir := t.TempDir()
		s, err := kind.Open(t.Context(), stores.Config{Dir: dir})
		if err != nil {
			t.Fatalf("%s: %v", kind.Name, err)
		}
		if err := s.Write(t.Context(), &home.Group{Audits: []home.Audit{{Num: 1}}}); err != nil {
			t.Errorf("%s: %v", kind.Name, err)
		}
		if again, err := kind.Open(t.Context(), stores.Config{Dir: dir}); kind.Name == "sql" && (err == nil || again != nil) {
			t.Errorf("%s opened twice: %v, %v", kind.Name, again, err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("%s: %v", kind.Name, err)
		}
	}
}
