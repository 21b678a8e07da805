package storetest

import (
	"encoding/json"
	"fmt"
	"sync"

	"latchkey/home"
)

func entrySeqs(entries []home.Entry) []uint64 {
	var out []uint64
	for _, e := range entries {
		out = append(out, e.Seq())
	}
	return out
}

func logOrder(k *kit) {
	var g home.Group
	g.Points = append(g.Points, k.point(1, 0, home.Num(1)))  // a 1
	g.Events = append(g.Events, k.event("a", "custom.one"))  // a 2
	g.Events = append(g.Events, k.event("b", "custom.two"))  // b 1
	g.Points = append(g.Points, k.point(2, 0, home.Num(2)))  // a 3
	g.Points = append(g.Points, k.point(1, -9, home.Num(3))) // a 4, late
	k.write(g)
	k.write(home.Group{Events: []home.Event{k.event("a", "custom.three")}}) // a 5
	k.twice(func() {
		all, lowest := k.log("a", 0, 100)
		same(k, "numbers", entrySeqs(all), []uint64{1, 2, 3, 4, 5})
		same(k, "lowest", lowest, uint64(1))
		same(k, "kinds", []bool{all[0].Point != nil, all[1].Event != nil, all[2].Point != nil, all[3].Point != nil, all[4].Event != nil},
			[]bool{true, true, true, true, true})
		some, _ := k.log("a", 2, 2)
		same(k, "above and limited", entrySeqs(some), []uint64{3, 4})
		none, _ := k.log("a", 5, 10)
		same(k, "up to date", len(none), 0)
		asked, lowest := k.log("a", 0, 0)
		same(k, "limit 0 gives none", len(asked), 0)
		same(k, "but says the lowest", lowest, uint64(1))
		other, _ := k.log("b", 0, 10)
		same(k, "another house", entrySeqs(other), []uint64{1})
		_, lowest = k.log("none", 0, 10)
		same(k, "an unknown house", lowest, uint64(0))
	})
}

// rich is a point with every field set.
func (k *kit) rich(feature uint32) home.Point {
	p := k.point(feature, 3, home.Txt("eco"))
	old := home.Num(19.5)
	p.Old, p.Cause = &old, home.Cause{{Kind: "key", ID: "k1", Name: "phone \u00e9"}, {Kind: "state", Seq: 77}}
	p.Flagged, p.Live, p.Current, p.Replace = true, true, true, true
	return p
}

func logFields(k *kit) {
	a, b := k.rich(1), k.point(2, 4, home.Num(2))
	empty := home.Txt("")
	b.Old, b.History = &empty, false
	e := k.event("a", "custom.full")
	e.Subject, e.Verb, e.Cause = "lamp:1", home.ReadLocation, a.Cause
	bare := home.Event{Seq: k.next("a"), House: "a", Type: "house.empty"}
	k.write(home.Group{Points: []home.Point{a, b}, Events: []home.Event{e, bare}})
	k.twice(func() {
		all, _ := k.log("a", 0, 10)
		same(k, "entries", all, []home.Entry{{Point: &a}, {Point: &b}, {Event: &e}, {Event: &bare}})
	})
}

func logGap(k *kit) {
	const groups, size = 48, 2500 // more than any store has to keep
	for range groups {
		var g home.Group
		for range size {
			g.Events = append(g.Events, home.Event{Seq: k.next("a"), House: "a", At: t0, Type: "custom.x"})
		}
		k.write(g)
	}
	k.twice(func() {
		entries, lowest := k.log("a", 0, groups*size)
		if lowest == 0 || len(entries) < 100_000 {
			k.Fatalf("the log gives %d entries from number %d on", len(entries), lowest)
		}
		for i, e := range entries {
			if e.Seq() != lowest+uint64(i) {
				k.Fatalf("entry %d after number %d has number %d", i, lowest, e.Seq())
			}
		}
		same(k, "the last", entries[len(entries)-1].Seq(), k.seq["a"])
		h, err := k.store.Heads(k.ctx)
		if err != nil || h["a"] != k.seq["a"] {
			k.Fatalf("head %v, %v", h, err)
		}
		near, _ := k.log("a", k.seq["a"]-3, 100)
		same(k, "near the end", len(near), 3)
	})
}

func heads(k *kit) {
	k.points(1, 1, 1, 2, 3)
	k.write(home.Group{Events: []home.Event{k.event("b", "custom.x"), k.event("b", "custom.y")}})
	k.write(home.Group{Records: []home.RecordChange{doc("room", "r", 1)}})
	k.twice(func() {
		h, err := k.store.Heads(k.ctx)
		if err != nil {
			k.Fatal(err)
		}
		same(k, "heads", h, map[home.ID]uint64{"a": 3, "b": 2})
	})
	k.write(home.Group{Events: []home.Event{k.event("a", "custom.z")}})
	h, _ := k.store.Heads(k.ctx)
	same(k, "head", h["a"], uint64(4))
}

func current(k *kit) {
	p := k.rich(1)
	late := k.point(1, -50, home.Txt("old"))
	q := k.point(2, 0, home.Num(4))
	q.Current = true
	k.write(home.Group{Points: []home.Point{p, late, q}})
	p.Old = nil
	k.twice(func() {
		same(k, "current", readCurrent(k, k.store), map[uint32]home.Point{1: p, 2: q})
	})
	r := k.point(1, 90, home.Num(0))
	r.Current = true
	k.write(home.Group{Points: []home.Point{r}})
	k.twice(func() {
		same(k, "moved on", readCurrent(k, k.store), map[uint32]home.Point{1: r, 2: q})
	})
}

func audits(k *kit) {
	row := func(n uint64, house home.ID) home.Audit {
		return home.Audit{Num: n, At: t0 + home.Time(n), House: house, Actor: "account:1", Remote: "192.0.2.7", Action: "key.created",
			Target: "key:9", Detail: "caf\u00e9", Prev: fmt.Sprint("p", n), Hash: fmt.Sprint("h", n)}
	}
	all := []home.Audit{row(1, ""), row(2, "a"), row(3, "b"), row(4, "a")}
	k.write(home.Group{Audits: all[:3]})
	k.write(home.Group{Audits: all[3:]})
	k.twice(func() {
		same(k, "all houses", readAudits(k, k.store, logQuery{limit: 10}), all)
		same(k, "one house", readAudits(k, k.store, logQuery{house: "a", limit: 10}), []home.Audit{all[1], all[3]})
		same(k, "above and limited", readAudits(k, k.store, logQuery{after: 1, limit: 2}), all[1:3])
		same(k, "limit 0", len(readAudits(k, k.store, logQuery{})), 0)
		last, err := k.store.LastAudit(k.ctx)
		if err != nil || last == nil {
			k.Fatalf("last audit: %v, %v", last, err)
		}
		same(k, "last", *last, all[3])
	})
}

func wholeGroup(k *kit) {
	p := k.rich(1)
	g := home.Group{
		Records:  []home.RecordChange{doc("room", "r", 1)},
		Points:   []home.Point{p, k.point(2, 0, home.Num(1))},
		Events:   []home.Event{k.event("b", "custom.x")},
		Audits:   []home.Audit{{Num: 1, Actor: "server", Action: "a.b"}},
		Erasures: []home.Erasure{{Feature: 2}},
	}
	k.write(g)
	k.write(home.Group{})
	k.twice(func() {
		same(k, "record", len(k.records(home.RecordQuery{})), 1)
		same(k, "point", len(k.read(home.PointQuery{Feature: 1})), 1)
		same(k, "erased", len(k.read(home.PointQuery{Feature: 2})), 0)
		same(k, "audit", len(readAudits(k, k.store, logQuery{limit: 9})), 1)
		e, _ := k.log("b", 0, 9)
		same(k, "event", len(e), 1)
	})
}

// readWhileWriting checks that whatever Write has returned for shows at once.
func readWhileWriting(k *kit) {
	const writes = 200
	var mu sync.Mutex
	done := 0
	finished := func() int { mu.Lock(); defer mu.Unlock(); return done }
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for n := 0; n < writes; {
				n = finished()
				check(k, n)
			}
		})
	}
	for i := range writes {
		r := doc("note", home.ID(fmt.Sprintf("%04d", i)), 1)
		r.Doc = json.RawMessage(fmt.Sprint(i))
		k.write(home.Group{Points: []home.Point{k.point(1, int64(i), home.Num(float64(i)))}, Records: []home.RecordChange{r}})
		mu.Lock()
		done++
		mu.Unlock()
	}
	readers.Wait()
}

// errorer reports from a goroutine that is not the test's own.
type errorer struct{ *kit }

func (e errorer) Fatalf(format string, args ...any) { e.Errorf(format, args...) }

func check(k *kit, n int) {
	e := errorer{k}
	if got := len(readPoints(e, k.store, home.PointQuery{Feature: 1})); got < n {
		e.Fatalf("%d points after %d writes", got, n)
	}
	if got := len(readRecords(e, k.store, home.RecordQuery{Kind: "note"})); got < n {
		e.Fatalf("%d records after %d writes", got, n)
	}
	entries, _ := readLog(e, k.store, logQuery{"a", 0, 1000})
	for i, x := range entries {
		if x.Seq() != uint64(i+1) {
			e.Fatalf("entry %d has number %d", i, x.Seq())
			return
		}
	}
	if len(entries) < n {
		e.Fatalf("%d entries after %d writes", len(entries), n)
	}
}
