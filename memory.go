package latchkey

import (
	"context"
	"os"
	"runtime/debug"
	figures "runtime/metrics"
	"time"
)

// The garbage collector's choices, in percent of what is alive.
const (
	calmPercent = 100
	busyPercent = 400
	// busyRoom is how many bytes the busy choice may cost.
	busyRoom = 64 << 20
	// busyCycles is from how many collections a second on there is much to do.
	busyCycles = 4
)

// BalanceMemory lets the garbage collector use more memory while it would
// otherwise run many times a second, and takes the memory back when there is
// little to do: a house at rest is small, one under load spends its processor
// on requests. It returns when ctx ends. Whoever has set GOGC is not overruled.
func BalanceMemory(ctx context.Context) {
	if os.Getenv("GOGC") != "" {
		return
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	read := []figures.Sample{{Name: "/gc/cycles/total:gc-cycles"}, {Name: "/gc/heap/live:bytes"}}
	figures.Read(read)
	set, cycles := calmPercent, read[0].Value.Uint64()
	for {
		select {
		case <-ctx.Done():
			if set != calmPercent {
				debug.SetGCPercent(calmPercent)
			}
			return
		case <-tick.C:
		}
		figures.Read(read)
		now := read[0].Value.Uint64()
		want := gcPercent(set, now-cycles, read[1].Value.Uint64())
		cycles = now
		if want != set {
			set = want
			debug.SetGCPercent(want)
		}
	}
}

// gcPercent is the choice after a second with so many collections and so many
// bytes alive.
func gcPercent(set int, cycles, alive uint64) int {
	switch {
	case cycles == 0:
		return calmPercent
	case cycles >= busyCycles || set != calmPercent:
		return max(calmPercent, min(busyPercent, int(busyRoom*100/max(alive, 1))))
	}
	return set
}
