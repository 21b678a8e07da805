package latchkey_test

import (
	"context"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	"latchkey"
)

func gcPercent() uint64 {
	read := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(read)
	return read[0].Value.Uint64()
}

// TestBalanceMemory: the collector gets room while it is busy, and no longer
// than that.
func TestBalanceMemory(t *testing.T) {
	t.Setenv("GOGC", "")
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); latchkey.BalanceMemory(ctx) }()
	before := gcPercent()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for gcPercent() <= before {
		<-look.C
		runtime.GC()
	}
	for gcPercent() > before {
		<-look.C
	}
	stop()
	<-ended
	if got := gcPercent(); got != before {
		t.Errorf("at the end it is %d", got)
	}
}
