package native

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"

	"latchkey/dialects/native/rest"
	"latchkey/dialects/native/stream"
	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/wire"
)

type newEvent struct {
	Type    string    `json:"type" doc:"words joined by dots; told as custom.<type>" example:"doorbell.pressed"`
	Subject string    `json:"subject,omitempty"`
	Data    object    `json:"data,omitempty"`
	At      home.Time `json:"at,omitempty"`
}

type told struct {
	Seq uint64 `json:"seq" doc:"order number in the house's log"`
}

type messageBody struct {
	Text string `json:"text"`
}

type eventList struct {
	Events []json.RawMessage `json:"events" doc:"as the stream shows them"`
	Last   uint64            `json:"last" doc:"go on with since=last"`
	Head   uint64            `json:"head" doc:"order number of the newest entry"`
	Gap    bool              `json:"gap" doc:"entries between since and the first shown are no longer kept, or since is ahead of the house, whose newest entries were lost: read again how things are"`
}

type eventQuery struct {
	Since uint64 `query:"since" doc:"entries behind this order number; from the oldest kept when left out"`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Type  string `query:"type" doc:"only this type: state, presence.arrived, ..."`
}

func (a *api) events() []rest.Operation {
	return []rest.Operation{
		rest.Op(rest.Spec{Method: http.MethodGet, Path: "/events", Name: "list_events", Tag: "events", Right: home.ReadEvent, Class: wire.Read,
			Title: home.Label{EN: "Read a page of the house's log", FR: "Lire une page du journal de la maison"}}, a.listEvents),
		rest.Op(rest.Spec{Method: http.MethodPost, Path: "/events", Name: "tell_event", Tag: "events", Right: home.WriteEvent, Class: wire.Ingest,
			Status: http.StatusCreated, Acts: true, Title: home.Label{EN: "Tell of an event", FR: "Annoncer un événement"}},
			func(c *rest.Call, in *struct {
				Body newEvent `example:"{\"type\":\"doorbell.pressed\",\"data\":{\"times\":2}}"`
			}) (told, error) {
				b := in.Body
				seq, err := a.hub.Tell(c, c.ID, hub.NewEvent{Type: b.Type, Subject: b.Subject, Data: json.RawMessage(b.Data), At: b.At})
				return told{seq}, err
			}),
	}
}

func (a *api) messages() []rest.Operation {
	return []rest.Operation{
		rest.Op(rest.Spec{Method: http.MethodPost, Path: "/messages", Name: "send_message", Tag: "events", Right: home.WriteMessage, Class: wire.Ingest,
			Status: http.StatusCreated, Acts: true, Title: home.Label{EN: "Send the house a message", FR: "Envoyer un message à la maison"}},
			func(c *rest.Call, in *struct{ Body messageBody }) (told, error) {
				seq, err := a.hub.Message(c, c.ID, in.Body.Text)
				return told{seq}, err
			}),
	}
}

// maxLooks bounds how many pages of the log one request looks through for
// entries of a type.
const maxLooks = 20

func (a *api) listEvents(c *rest.Call, in *eventQuery) (eventList, error) {
	head, err := a.hub.Head(c.ID)
	if err != nil {
		return eventList{}, err
	}
	out := eventList{Events: []json.RawMessage{}, Last: in.Since, Head: head}
	if in.Since > head {
		out.Last, out.Gap = head, true
		return out, nil
	}
	for look := range maxLooks {
		entries, last, gap, err := a.hub.Page(c, c.ID, out.Last, in.Limit)
		if err != nil {
			return eventList{}, err
		}
		out.Gap = out.Gap || look == 0 && gap && in.Since != 0
		end := last == out.Last
		for _, e := range entries {
			if len(out.Events) == in.Limit {
				break
			}
			out.Last = e.Seq
			if in.Type == "" || in.Type == typeOfEntry(e.Event) {
				out.Events = append(out.Events, stream.JSON(e))
			}
		}
		if len(out.Events) == in.Limit || end {
			break
		}
		out.Last = last
	}
	if out.Last < head {
		q := url.Values{"since": {strconv.FormatUint(out.Last, 10)}, "limit": {strconv.Itoa(in.Limit)}}
		if in.Type != "" {
			q.Set("type", in.Type)
		}
		c.Writer.Header().Set("Link", "<"+Prefix+"/events?"+q.Encode()+`>; rel="next"`)
	}
	return out, nil
}

func typeOfEntry(e *home.Event) string {
	if e == nil {
		return "state"
	}
	return e.Type
}
