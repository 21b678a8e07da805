package hub_test

import (
	"context"
	"testing"

	"latchkey/home"
	"latchkey/hub"
	"latchkey/stores/memory"
)

// discard is a store whose writes cost nothing: what is left is the hub's.
type discard struct{ home.Store }

func (discard) Write(context.Context, *home.Group) error { return nil }

func BenchmarkReport(b *testing.B) {
	h, err := hub.New(b.Context(), hub.Config{Store: discard{memory.New()}, Drivers: []home.Driver{&virtual{}}})
	if err != nil {
		b.Fatal(err)
	}
	defer h.Close()
	got, err := h.Setup(b.Context(), hub.SetupRequest{Username: "ann", Password: "correct horse battery", Loopback: true})
	if err != nil {
		b.Fatal(err)
	}
	id, err := h.Identify(b.Context(), hub.Credential{Secret: got.Token})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := h.CreateDevice(b.Context(), id, hub.NewDevice{Name: "d", ExternalID: "d", Features: []hub.NewFeature{{ExternalID: "f", Category: "sensor", Type: "decimal"}}}); err != nil {
		b.Fatal(err)
	}
	b.SetParallelism(32)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			id, err := h.Identify(b.Context(), hub.Credential{Secret: got.Token})
			if err != nil {
				b.Error(err)
				return
			}
			if _, err := h.Report(b.Context(), id, home.Report{Feature: "f", Value: home.Num(1)}); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
