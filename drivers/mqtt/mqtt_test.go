package mqtt_test

import (
	"context"
	"testing"

	"latchkey/drivers/drivertest"
	"latchkey/drivers/mqtt"
	"latchkey/home"
)

func TestDriver(t *testing.T) {
	drivertest.Run(t, drivertest.Suite{New: func(t *testing.T, clock home.Clock) home.Driver {
		return mqtt.New(func(_ context.Context, c home.Command) error {
			if now := clock.Now(); now > c.Expires {
				t.Error("an expired command was published")
			}
			return nil
		}, clock)
	}})
}

// TestUnreachable: what nobody hears is not reported as done.
func TestUnreachable(t *testing.T) {
	away := home.Errorf(home.Unavailable, "nobody listens")
	d := &home.Device{Features: []home.Feature{{ExternalID: "f"}}}
	c := home.Command{Device: d, Feature: &d.Features[0], Value: home.Num(1)}
	never := func(context.Context, home.ID, home.Cause, ...home.Report) error {
		t.Error("a command that nobody heard was reported")
		return nil
	}
	for name, publish := range map[string]mqtt.Publish{"away": func(context.Context, home.Command) error { return away }, "off": nil} {
		if err := mqtt.New(publish, nil).Command(t.Context(), c, never); home.CodeOf(err) != home.Unavailable {
			t.Errorf("%s: ended with %v, want unavailable", name, err)
		}
	}
}
