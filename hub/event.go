package hub

import (
	"context"
	"encoding/json"
	"regexp"

	"latchkey/home"
)

// NewEvent is an event told from outside.
type NewEvent struct {
	Type    string // dotted lower-case words; kept as custom.<type>
	Subject string
	Data    json.RawMessage // an object of at most 16 KiB, or nil
	At      home.Time       // 0 = now
}

// MaxEventData is how many bytes an event's data may have.
const MaxEventData = 16 << 10

// eventType is the form of an event type that comes from outside. Gladys'
// clients send theirs with dashes.
var eventType = regexp.MustCompile(`^[A-Za-z0-9_-]{1,60}(\.[A-Za-z0-9_-]{1,60}){0,5}$`)

// Tell keeps an event from outside and tells of it. It returns its order number.
func (h *Hub) Tell(ctx context.Context, id *home.Identity, n NewEvent) (uint64, error) {
	p, err := h.placeOf(id, home.WriteEvent)
	if err != nil {
		return 0, err
	}
	e := home.Errorf(home.Unprocessable, "the event is not acceptable").Because("event_refused")
	if !eventType.MatchString(n.Type) {
		e.At("type", "an event's type is one to six words of letters, digits, _ and -, joined by dots, such as doorbell.pressed")
	}
	if len(n.Subject) > 200 || !printable(n.Subject) {
		e.At("subject", "a subject is at most 200 bytes of text")
	}
	if len(n.Data) > MaxEventData {
		e.At("data", "an event's data has at most %d bytes", MaxEventData)
	}
	if len(n.Data) > 0 && (n.Data[0] != '{' || !json.Valid(n.Data)) {
		e.At("data", "an event's data is a JSON object")
	}
	if n.At > h.Now().Add(h.limits.FutureTime) {
		e.At("at", "%s is in the future", n.At)
	}
	if err := e.OrNil(); err != nil {
		return 0, err
	}
	return h.tell(ctx, p, home.Event{Type: "custom." + n.Type, Subject: n.Subject, At: n.At, Data: n.Data, Cause: causeOf(id)}, nil)
}

// tell keeps one event that is already judged.
func (h *Hub) tell(ctx context.Context, p *place, e home.Event, data any) (seq uint64, err error) {
	err = h.do(ctx, &change{shared: true, decide: func(d *draft) error {
		seq = d.event(p, e, data)
		return nil
	}})
	return seq, err
}

// Message keeps a text that somebody sends to the house and tells of it.
func (h *Hub) Message(ctx context.Context, id *home.Identity, text string) (uint64, error) {
	p, err := h.placeOf(id, home.WriteMessage)
	if err != nil {
		return 0, err
	}
	problem := textProblem(text)
	if text == "" {
		problem = "a message has a text"
	}
	if problem != "" {
		return 0, home.Errorf(home.Unprocessable, "the message is not acceptable: %s", problem).Because("message_refused").At("text", "%s", problem)
	}
	e := home.Event{Type: home.EventMessage, Subject: string(id.Account), Cause: causeOf(id)}
	return h.tell(ctx, p, e, map[string]string{"text": text, "account": string(id.Account)})
}

// Notice keeps an event of the house's own, such as a suspended scene.
func (h *Hub) Notice(ctx context.Context, house home.ID, e home.Event, data any) error {
	p, err := h.registry.place(house)
	if err != nil {
		return err
	}
	_, err = h.tell(ctx, p, e, data)
	return err
}
