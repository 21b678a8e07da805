package dialecttest

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"latchkey/home"
	"latchkey/hub"
)

// hostile sends an exchange as everybody who may not, and then as it is.
func (s *suite) hostile(w *World, v *visit) {
	if v.guarded() && v.succeeds() {
		s.strangers(w, v)
	}
	s.real(w, v)
}

// strangers tries every credential that must not do.
func (s *suite) strangers(w *World, v *visit) {
	names := w.credentials(v.x.request)
	if len(names) == 0 {
		s.find("%s: the route needs %s, but the golden exchange has no credential of the fixture in it and is answered %d", v.where, v.route.Right, v.x.status)
		return
	}
	before := w.head()
	for _, try := range s.tries(v, w.Vars[names[0]]) {
		instead := map[string]string{}
		for _, n := range names {
			instead[n] = try.secret
		}
		c, err := w.call(v.x, instead)
		if err != nil {
			s.find("%s: %v", v.where, err)
			continue
		}
		if try.secret == "" {
			c = withoutCredential(c)
		}
		a, err := w.send(c)
		if err != nil {
			s.find("%s, %s: %v", v.where, try.who, err)
			continue
		}
		if !try.allows(a, w) {
			s.find("%s: %s got %d, accepted is %s: %.200s", v.where, try.who, a.Status, try.accepted(), a.Body)
		}
	}
	if w.head() != before {
		s.find("%s: somebody without the right left a trace in the house", v.where)
	}
}

// credentials returns the variables in a request that are credentials, the
// fixture's or captured ones.
func (w *World) credentials(request string) []string {
	var out []string
	for _, name := range used(request) {
		if _, ok := hub.TokenKind(w.Vars[name]); ok {
			out = append(out, name)
		}
	}
	return out
}

// try is one credential that must not do.
type try struct {
	who      string
	secret   string
	statuses []int
	stranger bool // a success is accepted if it shows nothing of Alice's house
}

func (t *try) allows(a Answer, w *World) bool {
	if slices.Contains(t.statuses, a.Status) {
		return true
	}
	return t.stranger && a.Status < 500 && !w.shows(a.Body)
}

func (t *try) accepted() string {
	words := make([]string, 0, len(t.statuses))
	for _, s := range t.statuses {
		words = append(words, http.StatusText(s))
	}
	if t.stranger {
		words = append(words, "anything that shows nothing of the house")
	}
	return strings.Join(words, ", ")
}

// tries lists who must not do what v does.
func (s *suite) tries(v *visit, text string) []try {
	kind, _ := hub.TokenKind(text)
	twin := kind // the kind of which there are expired, weak and revoked ones
	if kind == home.SessionKey {
		twin = home.TokenKey
	}
	no := []int{http.StatusUnauthorized}
	out := []try{
		{who: "nobody", statuses: []int{http.StatusUnauthorized, http.StatusNotFound, http.StatusMethodNotAllowed}},
		{who: "a garbled key", secret: garbled(text), statuses: no},
		{who: "a key of nonsense", secret: "lk_key_nonsense", statuses: no},
		{who: "an expired key", secret: s.kit.vars["expired_"+string(twin)], statuses: no},
		{who: "a revoked key", secret: s.kit.vars["revoked_"+string(twin)], statuses: no},
		{who: "the neighbour", secret: s.kit.vars["other_"+string(kind)], statuses: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound}, stranger: true},
	}
	for _, other := range []home.KeyKind{home.SessionKey, home.TokenKey, home.OpenKey, home.GatewayKey, home.HookKey, home.PartnerKey} {
		if !v.route.Takes(other) {
			name := string(other)
			if other == home.SessionKey {
				name = "token"
			}
			out = append(out, try{who: "a key of the kind " + string(other), secret: s.kit.vars[name], statuses: no})
		}
	}
	return append(out, s.weak(v, twin)...)
}

// weak returns a credential that holds but lacks the route's right.
func (s *suite) weak(v *visit, twin home.KeyKind) []try {
	may := home.ReadHouse
	if twin == home.OpenKey {
		may = home.WriteMessage
	}
	refused := []int{http.StatusForbidden, http.StatusNotFound}
	switch {
	case v.route.Right == home.Signed || v.route.Right == may:
		return nil
	case v.route.Takes(twin):
		return []try{{who: "a key without the right " + string(v.route.Right), secret: s.kit.vars["weak_"+string(twin)], statuses: refused}}
	case !slices.Contains(home.RoleRights(home.Guest), v.route.Right):
		return []try{{who: "a guest, who has not the right " + string(v.route.Right), secret: s.kit.vars["gus_token"], statuses: refused}}
	}
	return nil
}

// garbled changes the last character, keeping the form.
func garbled(secret string) string {
	last := byte('0')
	if secret[len(secret)-1] == last {
		last = '1'
	}
	return secret[:len(secret)-1] + string(last)
}

// withoutCredential takes the headers out that carry one; the place in the
// address is empty already.
func withoutCredential(c call) call {
	c.headers = slices.DeleteFunc(slices.Clone(c.headers), func(line string) bool {
		name, _, _ := strings.Cut(strings.ToLower(line), ":")
		return name == "authorization" || name == "x-token" || name == "x-session-token" || name == "cookie"
	})
	return c
}

// head is the order number that Alice's house stands at.
func (w *World) head() uint64 {
	heads, err := w.Store.Heads(context.Background())
	if err != nil {
		return 0
	}
	return heads[home.ID(w.Vars["house"])]
}

// shows reports whether a text has anything of Alice's house in it.
func (w *World) shows(text string) bool {
	for _, name := range []string{"alice", "house", "phone", "lamp", "board", "sensor", "lock", "room", "dora", "gus"} {
		if strings.Contains(text, w.Vars[name]) {
			return true
		}
	}
	return strings.Contains(text, "Kitchen lamp") || strings.Contains(text, "alice@example.org")
}
