// Package storetest is the specification of home.Store as a test. Every store
// passes the same one.
package storetest

import (
	"testing"

	"latchkey/home"
)

// Subject is the store under test. Its functions are called from several
// goroutines, for different stores.
type Subject struct {
	// Open returns a fresh, empty store, which the suite closes.
	Open func(t *testing.T) home.Store
	// Reopen closes s and opens the same data again; nil when the store keeps
	// nothing over a restart.
	Reopen func(t *testing.T, s home.Store) home.Store
}

// Run checks every promise of home.Store against s.
func Run(t *testing.T, s Subject) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(newKit(t, s))
		})
	}
	t.Run("model", func(t *testing.T) {
		t.Parallel()
		model(t, s)
	})
}

type testCase struct {
	name string
	run  func(*kit)
}

var cases = []testCase{
	{"empty", empty},
	{"cancelled write", cancelledWrite},
	{"closed", closed},
	{"records", records},
	{"record order", recordOrder},
	{"record choice", recordChoice},
	{"record documents are the caller's", recordAliasing},
	{"visitors may stop and call again", visitors},
	{"points in order", pointOrder},
	{"points of one millisecond", pointsOfOneMillisecond},
	{"late points", latePoints},
	{"replacing points", replacingPoints},
	{"texts", texts},
	{"exact numbers", exactNumbers},
	{"points outside the history", outsideHistory},
	{"windows and limits", windows},
	{"pages", pages},
	{"erasures", erasures},
	{"erasing comes after the group's points", eraseAfterPoints},
	{"forgetting", forgetting},
	{"buckets", buckets},
	{"bucket durations", bucketDurations},
	{"bucket of texts", bucketTexts},
	{"bucket of the present", bucketNow},
	{"log", logOrder},
	{"log fields", logFields},
	{"log gap", logGap},
	{"heads", heads},
	{"current", current},
	{"audits", audits},
	{"whole group", wholeGroup},
	{"reading while writing", readWhileWriting},
}
