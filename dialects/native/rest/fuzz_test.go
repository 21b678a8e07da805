package rest_test

import (
	"testing"

	"latchkey/dialects/native/rest"
	"latchkey/home"
)

// FuzzCursor: what is taken is what was given out for that query, and for no
// other.
func FuzzCursor(f *testing.F) {
	f.Add("")
	f.Add("AAAA")
	f.Add(rest.Cursor(home.Cursor{At: 1, Seq: 2}, "q"))
	f.Add(rest.Cursor(home.Cursor{At: 1, Seq: 2}, "r"))
	f.Add(rest.Cursor(home.Cursor{At: -1, Seq: 2}, "q"))
	f.Fuzz(func(t *testing.T, s string) {
		at, err := rest.ParseCursor(s, "q")
		if err != nil {
			if home.CodeOf(err) != home.Invalid {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		if s == "" {
			return
		}
		if again := rest.Cursor(at, "q"); again != s {
			t.Fatalf("%q is taken as %+v, which is %q", s, at, again)
		}
		if _, err := rest.ParseCursor(s, "r"); err == nil {
			t.Fatalf("%q is taken for another query", s)
		}
	})
}
