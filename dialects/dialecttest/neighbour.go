package dialecttest

import (
	"context"
	"net/http"
	"strings"

	"latchkey/home"
	"latchkey/hub"
)

// neighbour sends each exchange a second time as Bob, who owns the other house.
// In his own house he may do much; of Alice's he sees and changes nothing. What
// deletes he tries first, while it is there.
func (s *suite) neighbour(w *World, v *visit) {
	names := w.credentials(v.x.request)
	if !v.guarded() || !v.succeeds() || len(names) == 0 {
		s.quietly(w, v)
		return
	}
	if v.call.method == http.MethodDelete {
		s.asBob(w, v, names)
		s.quietly(w, v)
		return
	}
	s.quietly(w, v)
	s.asBob(w, v, names)
}

func (s *suite) asBob(w *World, v *visit, names []string) {
	instead := map[string]string{}
	for _, n := range names {
		kind, _ := hub.TokenKind(w.Vars[n])
		instead[n] = w.Vars["other_"+string(kind)]
	}
	c, err := w.call(v.x, instead)
	if err != nil {
		s.find("%s: %v", v.where, err)
		return
	}
	before := w.head()
	a, err := w.send(c)
	if err != nil {
		s.find("%s, the neighbour: %v", v.where, err)
		return
	}
	if shown := w.shows(c, a); shown != "" || a.Status >= 500 {
		s.find("%s: the neighbour got %d, which shows %s of the house: %.300s", v.where, a.Status, shown, a.Body)
	}
	if w.head() != before {
		s.find("%s: the neighbour left a trace in the house", v.where)
	}
}

// head is the order number that Alice's house stands at.
func (w *World) head() uint64 {
	heads, err := w.Store.Heads(context.Background())
	if err != nil {
		return 0
	}
	return heads[home.ID(w.Vars["house"])]
}

// shows returns what an answer has of Alice's house in it; "" = nothing. A
// refusal may repeat an id that it was asked for, and an account may say who
// made it.
func (w *World) shows(c call, a Answer) string {
	body := strings.ReplaceAll(a.Body, `"created_by":"`+w.Vars["alice"]+`"`, "")
	asked := c.target + c.body
	for _, name := range []string{"alice", "house", "phone", "lamp", "board", "sensor", "lock", "room", "dora", "gus"} {
		if id := w.Vars[name]; strings.Contains(body, id) && (a.Status < 400 || !strings.Contains(asked, id)) {
			return name
		}
	}
	for _, text := range []string{"Kitchen lamp", "alice@example.org"} {
		if strings.Contains(body, text) && (a.Status < 400 || !strings.Contains(asked, text)) {
			return text
		}
	}
	return ""
}
