// Package chunk packs up to MaxPoints points of one feature into a few bytes
// each, without loss. A chunk has a head, which sums the points up, and a body,
// which holds them in blocks of 64 so that a reader needs no memory of its own.
//
// Times, order numbers and decimal values are whole-number series: each block
// says how far a series strays from a forecast and packs just those bits.
// Values that are no short decimals go through Gorilla's XOR coding; texts (and
// a mix of texts and numbers) through a dictionary.
package chunk

import (
	"errors"
	"hash/crc32"
)

// Version is the format written. It is the first byte of each head.
const Version = 1

// MaxPoints is the most that one chunk may hold.
const MaxPoints = 16384

// blockLen is how many points a block holds.
const blockLen = 64

// crcLen is the length of the checksum behind a head and behind a body.
const crcLen = 4

var (
	// ErrDamaged says that the bytes are not what Encode has written.
	ErrDamaged = errors.New("chunk is damaged")
	// ErrNewer says that the bytes are of a format that this program does not know.
	ErrNewer = errors.New("chunk is of a newer format")
	// ErrCount says that a chunk was to be made of no points, or of too many.
	ErrCount = errors.New("a chunk holds 1 to 16384 points")
)

// checksum returns the CRC32C of b, carried on from crc.
func checksum(crc uint32, b []byte) uint32 {
	return crc32.Update(crc, crc32.MakeTable(crc32.Castagnoli), b)
}
