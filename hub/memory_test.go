package hub_test

import (
	"runtime"
	"testing"

	"latchkey/bus"
	"latchkey/home"
	"latchkey/hub"
)

// TestWhatWasToldIsLetGo: however many values a feature has had, memory holds
// those that the bus keeps and the current one.
func TestWhatWasToldIsLetGo(t *testing.T) {
	f := open(t, func(c *hub.Config) { c.Store, c.Bus = discard{c.Store}, bus.New(64) })
	list := make([]home.Report, hub.MaxReports)
	for i := range list {
		list[i] = home.Report{Feature: "probe:t", Value: home.Num(float64(i % 50))}
	}
	report := func(times int) uint64 {
		for range times {
			if _, err := f.Report(f.ctx, f.owner, list...); err != nil {
				t.Fatal(err)
			}
		}
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := report(2)
	if after := report(60); after > before+8<<20 {
		t.Errorf("60,000 values left %d kB behind", (after-before)>>10)
	}
}
