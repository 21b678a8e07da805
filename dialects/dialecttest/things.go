package dialecttest

import (
	"context"

	"latchkey/home"
	"latchkey/hub"
)

func number(n float64) *float64 { return &n }

// things makes the devices of both houses and their first values.
func (k *Kit) things(ctx context.Context, h *hub.Hub, alice, bob *home.Identity) error {
	room, err := h.CreateRoom(ctx, alice, "Kitchen")
	if err != nil {
		return err
	}
	k.vars["room"] = string(room.ID)
	for _, n := range []struct {
		name string
		id   *home.Identity
		make hub.NewDevice
	}{
		{"phone", alice, hub.NewDevice{Name: "My phone", ExternalID: "mqtt:my-phone", Features: []hub.NewFeature{
			{ExternalID: "mqtt:my-phone-presence", Name: "Presence", Category: "motion-sensor", Type: "binary", Min: number(0), Max: number(1), ReadOnly: true}}}},
		{"lamp", alice, hub.NewDevice{Name: "Kitchen lamp", ExternalID: "demo:lamp", Room: room.ID, Features: []hub.NewFeature{
			{ExternalID: "demo:lamp:on", Name: "On", Category: "light", Type: "binary", Min: number(0), Max: number(1)},
			{ExternalID: "demo:lamp:brightness", Name: "Brightness", Category: "light", Type: "brightness", Unit: "percent", Min: number(0), Max: number(100)}}}},
		{"board", alice, hub.NewDevice{Name: "Notice board", ExternalID: "demo:board", Features: []hub.NewFeature{
			{ExternalID: "demo:board:text", Name: "Text", Category: "text", Type: "text"}}}},
		{"sensor", alice, hub.NewDevice{Name: "Thermometer", ExternalID: "demo:sensor", Features: []hub.NewFeature{
			{ExternalID: "demo:sensor:temperature", Name: "Temperature", Category: "temperature-sensor", Type: "decimal", Unit: "celsius", Min: number(-40), Max: number(80), ReadOnly: true}}}},
		{"lock", alice, hub.NewDevice{Name: "Front door", ExternalID: "demo:lock", Features: []hub.NewFeature{
			{ExternalID: "demo:lock:on", Name: "Locked", Category: "lock", Type: "binary", Min: number(0), Max: number(1), Critical: true}}}},
		{"other_lamp", bob, hub.NewDevice{Name: "Bob's lamp", ExternalID: "demo:bobs-lamp", Features: []hub.NewFeature{
			{ExternalID: "demo:bobs-lamp:on", Name: "On", Category: "light", Type: "binary", Min: number(0), Max: number(1)}}}},
	} {
		d, err := h.CreateDevice(ctx, n.id, n.make)
		if err != nil {
			return err
		}
		k.vars[n.name] = string(d.ID)
	}
	_, err = h.Report(ctx, alice, home.Report{Feature: "demo:lamp:on", Value: home.Num(0)},
		home.Report{Feature: "demo:lamp:brightness", Value: home.Num(40)}, home.Report{Feature: "demo:sensor:temperature", Value: home.Num(19.5)})
	return err
}
