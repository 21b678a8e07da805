// Package journal is the binary form of one group of points, events and
// erasures: the body of one row of the log.
//
//	row     = version changes entries erasures crc32c
//	changes = uvarint            what else the group changed: records, audit rows
//	entries = uvarint entry...   in the order of their numbers
//	entry   = head fields...     head says which fields repeat the entry before
//	string  = uvarint            an earlier string of the row, or the next new one, which follows
//
// Strings and causes are written once in a row.
package journal

import (
	"errors"
	"hash/crc32"

	"latchkey/home"
)

// Version is the form that Encode writes: the first byte of a row.
const Version = 1

// ErrCorrupt is what Decode's errors wrap.
var ErrCorrupt = errors.New("journal row is corrupt")

// Row is what one row holds.
type Row struct {
	Changes  int // records and audit rows that the same group wrote
	Entries  []home.Entry
	Erasures []home.Erasure
}

// Count returns how many changes the row stands for.
func (r *Row) Count() int { return r.Changes + len(r.Entries) + len(r.Erasures) }

// castagnoli returns the table of CRC32C, which hardware computes.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// Bits of an entry's head.
const (
	isEvent      = 1 << iota
	sameHouse    // as the entry before
	nextSeq      // one above the house's entry before
	sameAt       // as the entry before
	sameReceived // as the entry before
	sameCause    // as the entry before
	nextFeature  // one above the point before
)

// Bits of a point's flags.
const (
	flagged = 1 << iota
	live
	current
	history
	replace
	isText
	hasOld
	oldIsText
)
