package gladys

import (
	"encoding/json"
	"net/http"

	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/wire"
)

// eventBody is the largest body of an event: its data, with room for the rest.
const eventBody = hub.MaxEventData + 4<<10

// postEvent tells the house of something that happened. The answer goes out
// when it is on disk.
func (a *api) postEvent(w http.ResponseWriter, r *http.Request) error {
	id, err := a.identify(r)
	if err != nil {
		return err
	}
	m, err := a.readMembers(r)
	if err != nil {
		return err
	}
	event, err := m.event()
	if err != nil {
		return err
	}
	if _, err := a.hub.Tell(r.Context(), id, event); err != nil {
		return err
	}
	return a.done.write(w)
}

// readMembers reads a JSON object, or a form as if it were one.
func (a *api) readMembers(r *http.Request) (m members, err error) {
	if err := wantType(r); err != nil {
		return nil, err
	}
	err = a.withBody(r, func(b []byte) error {
		if isForm(r, b) {
			m, err = parseForm(b)
			return err
		}
		if err := wire.DecodeJSON(b, &m, wire.JSONOptions{}); err != nil {
			return err
		}
		if m == nil {
			return home.Errorf(home.Invalid, "an object has to stand here, not null").Because("json_type")
		}
		return nil
	})
	return m, err
}

// event reads an event. Its type stands in type or, as Gladys 3 had it, in
// code; everything but type and created_at is its data.
func (m members) event() (hub.NewEvent, error) {
	var n hub.NewEvent
	e := home.Errorf(home.Unprocessable, "the event is not acceptable").Because("event_refused")
	name := "type"
	if m[name] == nil && m["code"] != nil {
		name = "code"
	}
	kind, ok := m.text(name)
	if !ok || kind == "" {
		e.At("type", "an event's type is needed, as a text such as doorbell")
	}
	n.Type = kind
	if raw := m[memberTime]; raw != nil && string(raw) != "null" && string(raw) != `""` {
		written, ok := m.text(memberTime)
		at, err := parseMoment(written)
		if !ok || err != nil {
			e.At(memberTime, "a moment is a text with an offset, such as 2026-03-29T07:00:00Z")
		}
		n.At = at
	}
	if err := e.OrNil(); err != nil {
		return n, err
	}
	return n, m.data(&n, name)
}

// data puts what is left of m into n.
func (m members) data(n *hub.NewEvent, name string) error {
	rest := make(members, len(m))
	for k, v := range m {
		if k != name && k != memberTime {
			rest[k] = v
		}
	}
	if len(rest) == 0 {
		return nil
	}
	b, err := json.Marshal(rest)
	n.Data = b
	return err
}
