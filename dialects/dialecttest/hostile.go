package dialecttest

import (
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
		if !slices.Contains(try.statuses, a.Status) {
			s.find("%s: %s got %d, accepted is %v: %.200s", v.where, try.who, a.Status, try.statuses, a.Body)
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
	statuses []int // accepted
}

// tries lists who must not do what v does.
func (s *suite) tries(v *visit, text string) []try {
	kind, _ := hub.TokenKind(text)
	twin := kind // the kind of which there are expired, weak and revoked ones
	if kind == home.SessionKey {
		twin = home.TokenKey
	}
	no := []int{http.StatusUnauthorized}
	nobody := []int{http.StatusUnauthorized, http.StatusNotFound, http.StatusMethodNotAllowed}
	if v.route.Stream {
		nobody = append(nobody, http.StatusSwitchingProtocols) // the key may come as the first message
	}
	out := []try{
		{who: "nobody", statuses: nobody},
		{who: "a garbled key", secret: garbled(text), statuses: no},
		{who: "a key of nonsense", secret: "lk_key_nonsense", statuses: no},
		// Which house is meant may be looked at first.
		{who: "an expired key", secret: s.kit.vars["expired_"+string(twin)], statuses: append([]int{http.StatusNotFound}, no...)},
		{who: "a revoked key", secret: s.kit.vars["revoked_"+string(twin)], statuses: no},
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
