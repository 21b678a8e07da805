//go:build !linux

package folder

import (
	"math"
	"os"
)

// Room returns the bytes that the folder's disk has left, as far as is known.
func Room(string) int64 { return math.MaxInt64 }

// Reserve makes f n bytes long, with real room behind them.
func Reserve(f *os.File, n int64) error { return writeZeros(f, n) }
