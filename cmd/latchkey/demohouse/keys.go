package demohouse

import (
	"context"
	"fmt"

	"latchkey/drivers/demo"
	"latchkey/home"
	"latchkey/hub"
)

// MakeKeys makes two keys of the owner's: one that may write your phone's
// presence and nothing else, and one that may see the phone and the lamp and
// command the lamp. They do not expire: a fast house's year is over soon.
func MakeKeys(ctx context.Context, h *hub.Hub, owner *home.Identity) (phoneKey, screenKey string, err error) {
	lamp, err := h.Device(ctx, owner, "lamp")
	if err != nil {
		return "", "", fmt.Errorf("make the demo's keys: %w", err)
	}
	phone, err := h.Device(ctx, owner, "mqtt:my-phone")
	if err != nil {
		return "", "", fmt.Errorf("make the demo's keys: %w", err)
	}
	_, phoneKey, err = h.CreateKey(ctx, owner, hub.NewKey{Kind: home.OpenKey, Name: "demo phone", Expires: hub.Never,
		Grants: []home.Grant{{Verbs: []home.Verb{home.WriteState}, Features: []string{demo.YourPhone}}}})
	if err != nil {
		return "", "", fmt.Errorf("make the phone's key: %w", err)
	}
	_, screenKey, err = h.CreateKey(ctx, owner, hub.NewKey{Kind: home.TokenKey, Name: "demo screen", Expires: hub.Never, Grants: []home.Grant{
		{Verbs: []home.Verb{home.ReadDevice, home.ReadState}, Devices: []home.ID{lamp.ID, phone.ID}},
		{Verbs: []home.Verb{home.Control}, Devices: []home.ID{lamp.ID}}}})
	if err != nil {
		return "", "", fmt.Errorf("make the screen's key: %w", err)
	}
	return phoneKey, screenKey, nil
}
