package scenetest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"latchkey/home"
)

// owner is the name of who owns the house: the first member, or ann.
func (s *Scenario) owner() string {
	if len(s.Members) == 0 {
		return "ann"
	}
	return s.Members[0].Name
}

// found writes the house with its members into an empty store, as if they had
// always been there, and returns a token for each. It spares every scenario the
// time that passwords take.
func (w *world) found(store home.Store, s *Scenario) map[string]string {
	now := home.TimeOf(day())
	var g home.Group
	put := func(kind string, id, house, parent home.ID, doc any) {
		b, err := json.Marshal(doc)
		w.must("write a "+kind, err)
		g.Records = append(g.Records, home.Record{Kind: kind, ID: id, House: house, Parent: parent, At: now, Version: 1, Doc: b})
	}
	house := home.House{ID: home.NewID(), Version: 1, Name: "Home", TimeZone: "UTC", Language: "en", CreatedAt: now}
	put(home.KindHouse, house.ID, house.ID, "", house)
	members := s.Members
	if len(members) == 0 {
		members = []Member{{s.owner(), home.Owner, false}}
	}
	tokens := map[string]string{}
	for i, m := range members {
		a := home.Account{ID: home.NewID(), UID: int64(i + 1), Version: 1, Username: m.Name, Operator: i == 0, CreatedAt: now}
		put(home.KindAccount, a.ID, "", "", a)
		in := home.Member{ID: home.NewID(), Account: a.ID, Version: 1, Role: m.Role, Uncounted: m.Uncounted, JoinedAt: now}
		put(home.KindMember, in.ID, house.ID, a.ID, in)
		var secret [40]byte
		rand.Read(secret[:]) // never fails
		token := hex.EncodeToString(secret[:])
		sum := sha256.Sum256([]byte(token))
		k := home.Key{ID: home.NewID(), Account: a.ID, Version: 1, Kind: home.SessionKey, Name: "session", Hash: hex.EncodeToString(sum[:]),
			Grants: []home.Grant{{Verbs: home.Verbs[:]}}, CreatedAt: now}
		put(home.KindKey, k.ID, "", a.ID, k)
		tokens[m.Name] = token
	}
	w.must("found the house", store.Write(w.t.Context(), &g))
	return tokens
}
