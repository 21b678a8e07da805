package actions

import (
	"context"

	"latchkey/home"
	"latchkey/hub"
	"latchkey/scenes"
)

// deviceCommand is device.command: ask a feature for a value.
//
//	{"feature": "lamp.on", "value": 1}
func deviceCommand() hub.Action {
	fields := []home.Field{
		{Name: "feature", Title: home.Label{EN: "Feature", FR: "Fonctionnalit\u00e9"}, Kind: "feature", Required: true},
		{Name: "value", Title: home.Label{EN: "Value", FR: "Valeur"}, Kind: "value", Required: true},
	}
	return hub.Action{
		Described: home.Described{
			Name:   "device.command",
			Title:  home.Label{EN: "Command a device", FR: "Commander un appareil"},
			Fields: fields,
			Right:  home.Control,
		},
		Run: func(ctx context.Context, h *hub.Hub, c hub.ActionCall) (any, error) {
			var a struct {
				Feature string     `json:"feature"`
				Value   home.Value `json:"value"`
			}
			if err := scenes.Decode(fields, c.Args, &a); err != nil {
				return nil, err
			}
			done, err := h.Command(ctx, c.Identity, a.Feature, a.Value)
			if err != nil {
				return nil, err
			}
			return commanded{Command: done.ID, Seq: done.Seq, Status: done.Status}, nil
		},
	}
}

// commanded is the result of device.command.
type commanded struct {
	Command home.ID `json:"command"`
	Seq     uint64  `json:"seq"`
	Status  string  `json:"status"`
}
