package storetest

import (
	"context"
	"encoding/json"
	"errors"

	"latchkey/home"
)

func empty(k *kit) {
	k.twice(func() {
		same(k, "records", k.records(home.RecordQuery{}), []home.Record(nil))
		same(k, "points", k.read(home.PointQuery{Feature: 1}), []home.Sample(nil))
		entries, lowest := k.log("a", 0, 10)
		same(k, "log", len(entries), 0)
		same(k, "lowest", lowest, uint64(0))
		h, err := k.store.Heads(k.ctx)
		same(k, "heads", h, map[home.ID]uint64{})
		same(k, "heads' error", err, nil)
		same(k, "current", readCurrent(k, k.store), map[uint32]home.Point{})
		last, err := k.store.LastAudit(k.ctx)
		if last != nil || err != nil {
			k.Fatalf("last audit of nothing: %v, %v", last, err)
		}
		b := k.buckets(home.BucketQuery{Feature: 1, Edges: []home.Time{t0, t0 + 1, t0 + 5}})
		same(k, "empty buckets", b, []home.Bucket{{From: t0, To: t0 + 1}, {From: t0 + 1, To: t0 + 5}})
		same(k, "no bucket", len(k.buckets(home.BucketQuery{Feature: 1, Edges: []home.Time{t0}})), 0)
	})
}

func cancelledWrite(k *kit) {
	ctx, cancel := context.WithCancel(k.ctx)
	cancel()
	err := k.store.Write(ctx, &home.Group{Records: []home.RecordChange{doc("room", "r", 1)}})
	if !errors.Is(err, context.Canceled) {
		k.Fatalf("a write with an ended context: %v", err)
	}
	k.twice(func() { same(k, "records", len(k.records(home.RecordQuery{})), 0) })
}

func closed(k *kit) {
	if err := k.store.Close(); err != nil {
		k.Fatal(err)
	}
	err := k.store.Write(k.ctx, &home.Group{Records: []home.RecordChange{doc("room", "r", 1)}})
	if home.CodeOf(err) != home.Unavailable {
		k.Fatalf("a write to a closed store: %v", err)
	}
}

func doc(kind string, id home.ID, version int64) home.Record {
	return home.Record{Kind: kind, ID: id, House: "a", At: t0, Version: version, Doc: json.RawMessage(`{"name":"caf` + "\u00e9" + ` \u0000 <&>"}`)}
}

func records(k *kit) {
	k.write(home.Group{Records: []home.RecordChange{doc("room", "r1", 1), doc("room", "r2", 7), doc("device", "r1", 3)}})
	k.twice(func() {
		same(k, "as put", k.records(home.RecordQuery{Kind: "room"}), []home.Record{doc("room", "r1", 1), doc("room", "r2", 7)})
	})
	// The store does not judge versions; a change moves every field.
	moved := home.Record{Kind: "room", ID: "r1", House: "b", Parent: "p", At: t0 + 9, Version: 1, Doc: json.RawMessage(`[]`)}
	gone := home.Record{Kind: "room", ID: "r2"}
	never := home.Record{Kind: "room", ID: "none"}
	k.write(home.Group{Records: []home.RecordChange{moved, gone, never}})
	k.twice(func() {
		same(k, "changed", k.records(home.RecordQuery{Kind: "room"}), []home.Record{moved})
		same(k, "of another kind", k.records(home.RecordQuery{ID: "r1", Kind: "device"}), []home.Record{doc("device", "r1", 3)})
	})
	again := doc("room", "r1", 9)
	k.write(home.Group{Records: []home.RecordChange{{Kind: "room", ID: "r1"}, doc("room", "r1", 8), again}})
	k.twice(func() {
		same(k, "the last change of a group", k.records(home.RecordQuery{Kind: "room"}), []home.Record{again})
	})
}

func recordOrder(k *kit) {
	at := func(id home.ID, ms home.Time) home.Record {
		r := doc("run", id, 1)
		r.At = t0 + ms
		return r
	}
	k.write(home.Group{Records: []home.RecordChange{at("c", 1), at("a", 2), at("b", 1), at("d", 0)}})
	k.twice(func() {
		up := []home.Record{at("d", 0), at("b", 1), at("c", 1), at("a", 2)}
		down := []home.Record{at("a", 2), at("c", 1), at("b", 1), at("d", 0)}
		same(k, "oldest first", k.records(home.RecordQuery{Kind: "run"}), up)
		same(k, "newest first", k.records(home.RecordQuery{Kind: "run", Newest: true}), down)
		same(k, "two oldest", k.records(home.RecordQuery{Kind: "run", Limit: 2}), up[:2])
		same(k, "three newest", k.records(home.RecordQuery{Kind: "run", Newest: true, Limit: 3}), down[:3])
	})
}

func recordChoice(k *kit) {
	put := func(kind string, id, house, parent home.ID) home.Record {
		return home.Record{Kind: kind, ID: id, House: house, Parent: parent, At: t0, Version: 1, Doc: json.RawMessage(`1`)}
	}
	all := []home.Record{put("key", "1", "a", "x"), put("key", "2", "b", "x"), put("run", "3", "a", "y"), put("run", "4", "", "x"), put("run", "5", "a", "")}
	k.write(home.Group{Records: all})
	k.twice(func() {
		for i, c := range []struct {
			q    home.RecordQuery
			want []int
		}{
			{home.RecordQuery{}, []int{0, 1, 2, 3, 4}},
			{home.RecordQuery{Kind: "run"}, []int{2, 3, 4}},
			{home.RecordQuery{House: "a"}, []int{0, 2, 4}},
			{home.RecordQuery{Parent: "x"}, []int{0, 1, 3}},
			{home.RecordQuery{ID: "4"}, []int{3}},
			{home.RecordQuery{Kind: "run", House: "a", Parent: "y"}, []int{2}},
			{home.RecordQuery{Kind: "key", ID: "4"}, nil},
			{home.RecordQuery{House: "none"}, nil},
		} {
			var want []home.Record
			for _, n := range c.want {
				want = append(want, all[n])
			}
			if i == 0 {
				same(k, "how many", len(k.records(c.q)), len(want))
			}
			same(k, "chosen", k.records(c.q), want)
		}
	})
}

func recordAliasing(k *kit) {
	r := doc("room", "r1", 1)
	k.write(home.Group{Records: []home.RecordChange{r}})
	r.Doc[0] = 'X'
	same(k, "document", k.records(home.RecordQuery{}), []home.Record{doc("room", "r1", 1)})
}

func visitors(k *kit) {
	k.points(1, 1, 1, 2, 3)
	k.write(home.Group{
		Records: []home.RecordChange{doc("room", "r1", 1), doc("room", "r2", 1)},
		Events:  []home.Event{k.event("a", "custom.x")},
	})
	stop := errors.New("enough")
	seen := 0
	visit := func() error {
		seen++
		k.write(home.Group{Records: []home.RecordChange{doc("note", home.NewID(), 1)}})
		same(k, "rooms", len(k.records(home.RecordQuery{Kind: "room"})), 2)
		return stop
	}
	errs := []error{
		k.store.Records(k.ctx, home.RecordQuery{Kind: "room"}, func(home.Record) error { return visit() }),
		k.store.Points(k.ctx, home.PointQuery{Feature: 1}, func(home.Sample) error { return visit() }),
	}
	_, err := k.store.Log(k.ctx, "a", 0, 10, func(home.Entry) error { return visit() })
	for _, err := range append(errs, err) {
		if !errors.Is(err, stop) {
			k.Fatalf("the visitor's error: %v", err)
		}
	}
	same(k, "visits", seen, 3)
}
