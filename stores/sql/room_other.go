//go:build !linux

package sql

import (
	"math"
	"os"
)

// room returns the bytes that the folder's disk has left, as far as is known.
func room(string) int64 { return math.MaxInt64 }

// reserve makes f n bytes long, with real room behind them.
func reserve(f *os.File, n int64) error { return writeZeros(f, n) }
