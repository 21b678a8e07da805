package dialecttest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"latchkey/home"
)

// planted is a value that must not be found in any record afterwards.
const planted = "planted-by-the-caller"

// greedy sends an exchange with fields that nobody may set. A dialect may
// refuse them or leave them out.
func (s *suite) greedy(w *World, v *visit) {
	body, ok := greedyBody(v)
	if !ok {
		s.quietly(w, v)
		return
	}
	before := w.people()
	c := v.call
	c.body = body
	w.Advance(1e9)
	a, err := w.send(c)
	if err != nil {
		s.find("%s, with fields that nobody may set: %v", v.where, err)
		return
	}
	if a.Status >= 500 {
		s.find("%s: fields that nobody may set got %d: %.200s", v.where, a.Status, a.Body)
	}
	if at := w.plantedIn(); at != "" {
		s.find("%s: a field that nobody may set was kept in %s", v.where, at)
	}
	if after := w.people(); after != before && v.route.Right != home.WriteMember {
		s.find("%s: fields that nobody may set changed roles or operators: %s, before %s", v.where, after, before)
	}
	if a.Status >= 300 {
		s.quietly(w, v) // refused: what comes after may need what this would have made
		return
	}
	for _, args := range v.x.directives("capture") {
		if err := w.capture(args[0], args[1], a); err != nil {
			s.find("%s, with fields that nobody may set: %v", v.where, err)
		}
	}
}

// quietly sends the exchange as it is.
func (s *suite) quietly(w *World, v *visit) {
	if _, err := w.exchange(v.x, nil); err != nil {
		s.find("%s: %v", v.where, err)
	}
}

// greedyBody adds the fields to the body of a successful exchange with an
// object as body.
func greedyBody(v *visit) (string, bool) {
	var body map[string]json.RawMessage
	if !v.guarded() || !v.succeeds() || json.Unmarshal([]byte(v.call.body), &body) != nil || body == nil {
		return "", false
	}
	text, _ := json.Marshal(planted)
	for _, name := range []string{"id", "owner_id", "owner", "account", "account_id", "house", "house_id", "user_id", "hash", "old_hash", "api_key_hash", "token_hash", "created_by"} {
		if _, there := body[name]; !there {
			body[name] = text
		}
	}
	for name, value := range map[string]string{"role": `"owner"`, "operator": "true", "uid": "1"} {
		if _, there := body[name]; !there {
			body[name] = json.RawMessage(value)
		}
	}
	out, err := json.Marshal(body)
	return string(out), err == nil
}

// people tells each member's role and who is an operator.
func (w *World) people() string {
	var lines []string
	w.records(func(r home.Record) {
		switch r.Kind {
		case home.KindMember:
			var m home.Member
			if json.Unmarshal(r.Doc, &m) == nil {
				lines = append(lines, fmt.Sprintf("%s is %s of %s", m.Account, m.Role, r.House))
			}
		case home.KindAccount:
			var a home.Account
			if json.Unmarshal(r.Doc, &a) == nil && a.Operator {
				lines = append(lines, a.Username+" is an operator")
			}
		}
	})
	slices.Sort(lines)
	return strings.Join(lines, "; ")
}

// plantedIn names a record that holds what was planted; "" = none.
func (w *World) plantedIn() (at string) {
	w.records(func(r home.Record) {
		if strings.Contains(string(r.Doc)+string(r.ID)+string(r.House)+string(r.Parent), planted) && r.Kind != home.KindAnswer {
			at = fmt.Sprintf("%s %s: %.300s", r.Kind, r.ID, r.Doc)
		}
	})
	return at
}

func (w *World) records(visit func(home.Record)) {
	for _, kind := range []string{home.KindHouse, home.KindRoom, home.KindAccount, home.KindSecret, home.KindMember, home.KindKey, home.KindDevice,
		home.KindScene, home.KindRun, home.KindRequest, home.KindSetting, home.KindPairing} {
		_ = w.Store.Records(context.Background(), home.RecordQuery{Kind: kind}, func(r home.Record) error {
			visit(r)
			return nil
		})
	}
}
