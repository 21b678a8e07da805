package actions

import (
	"context"
	"encoding/json"

	"latchkey/home"
	"latchkey/hub"
	"latchkey/scenes"
)

// eventTell is event.tell: tell everybody who follows that something happened.
//
//	{"event": "doorbell", "subject": "front", "data": {"times": 2}}
//
// It is kept and told as custom.doorbell.
func eventTell() hub.Action {
	fields := []home.Field{
		{Name: "event", Title: home.Label{EN: "Event type", FR: "Type d'\u00e9v\u00e9nement"}, Kind: "text", Required: true},
		{Name: "subject", Title: home.Label{EN: "Subject", FR: "Sujet"}, Kind: "text"},
		{Name: "data", Title: home.Label{EN: "Data", FR: "Donn\u00e9es"}, Kind: "object"},
	}
	return hub.Action{
		Described: home.Described{
			Name:   "event.tell",
			Title:  home.Label{EN: "Tell an event", FR: "Annoncer un \u00e9v\u00e9nement"},
			Fields: fields,
			Right:  home.WriteEvent,
		},
		Run: func(ctx context.Context, h *hub.Hub, c hub.ActionCall) (any, error) {
			var a struct {
				Event   string          `json:"event"`
				Subject string          `json:"subject"`
				Data    json.RawMessage `json:"data"`
			}
			if err := scenes.Decode(fields, c.Args, &a); err != nil {
				return nil, err
			}
			if string(a.Data) == "null" {
				a.Data = nil
			}
			seq, err := h.Tell(ctx, c.Identity, hub.NewEvent{Type: a.Event, Subject: a.Subject, Data: a.Data})
			if err != nil {
				return nil, err
			}
			return told{Seq: seq}, nil
		},
	}
}

// told is the result of event.tell.
type told struct {
	Seq uint64 `json:"seq"`
}
