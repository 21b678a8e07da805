package home_test

import (
	"testing"

	"pgregory.net/rapid"

	"latchkey/home"
)

// TestMomentsAsJSON: a moment is written as the standard library would.
func TestMomentsAsJSON(t *testing.T) {
	check := func(t interface{ Errorf(string, ...any) }, at home.Time) {
		if got, want := string(at.AppendJSON([]byte("x"))), at.Std().Format(`x"2006-01-02T15:04:05.000Z"`); got != want {
			t.Errorf("%d is written %s, not %s", at, got, want)
		}
	}
	for _, at := range []home.Time{-62167219200000, -62167219200001, -1, 1, 951782400000, 253402300799999, 253402300800000} {
		check(t, at)
	}
	for at := home.Time(1); at < 253402300799999; at += 24 * 60 * 60 * 1000 * 11 { // all kinds of years and months
		check(t, at)
	}
	rapid.Check(t, func(t *rapid.T) {
		check(t, home.Time(rapid.Int64Range(-62167219200000, 253402300799999).Filter(func(n int64) bool { return n != 0 }).Draw(t, "at")))
	})
	if got := string(home.Time(0).AppendJSON(nil)); got != "null" {
		t.Errorf("never is written %s", got)
	}
}
