package storetest

import (
	"context"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"latchkey/home"
)

// t0 is where the suite's histories begin.
const t0 = home.Time(1_774_764_000_000)

// kit is a store with short words to fill and ask it.
type kit struct {
	*testing.T
	ctx     context.Context
	subject Subject
	store   home.Store
	seq     map[home.ID]uint64
}

func newKit(t *testing.T, s Subject) *kit {
	k := &kit{T: t, ctx: context.Background(), subject: s, store: s.Open(t), seq: map[home.ID]uint64{}}
	t.Cleanup(func() {
		if err := k.store.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return k
}

// twice runs check now and, when the store is durable, after a restart.
func (k *kit) twice(check func()) {
	k.Helper()
	check()
	if k.subject.Reopen == nil {
		return
	}
	k.store = k.subject.Reopen(k.T, k.store)
	check()
}

func (k *kit) write(g home.Group) {
	k.Helper()
	if err := k.store.Write(k.ctx, &g); err != nil {
		k.Fatalf("write: %v", err)
	}
}

func (k *kit) next(house home.ID) uint64 {
	k.seq[house]++
	return k.seq[house]
}

// point makes the next history point of house "a", at t0+ms.
func (k *kit) point(feature uint32, ms int64, v home.Value) home.Point {
	at := t0 + home.Time(ms)
	return home.Point{House: "a", Feature: feature, Seq: k.next("a"), At: at, Received: at + 5, Value: v, History: true}
}

// points writes numbers of one feature in one group, one millisecond apart
// each step.
func (k *kit) points(feature uint32, step int64, numbers ...float64) []home.Point {
	k.Helper()
	var g home.Group
	for i, n := range numbers {
		g.Points = append(g.Points, k.point(feature, int64(i)*step, home.Num(n)))
	}
	k.write(g)
	return g.Points
}

func (k *kit) event(house home.ID, kind string) home.Event {
	return home.Event{Seq: k.next(house), House: house, At: t0, Received: t0 + 1, Type: kind, Data: []byte(`{"a": 1}`)}
}

func (k *kit) read(q home.PointQuery) []home.Sample {
	k.Helper()
	return readPoints(k, k.store, q)
}

func (k *kit) buckets(q home.BucketQuery) []home.Bucket {
	k.Helper()
	b, err := k.store.Buckets(k.ctx, q)
	if err != nil {
		k.Fatalf("buckets: %v", err)
	}
	return b
}

func (k *kit) records(q home.RecordQuery) []home.Record {
	k.Helper()
	return readRecords(k, k.store, q)
}

func (k *kit) log(house home.ID, after uint64, limit int) ([]home.Entry, uint64) {
	k.Helper()
	return readLog(k, k.store, logQuery{house, after, limit})
}

// same compares, taking nil and empty for one.
func same(t fataler, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmp.Comparer(sameBucket)); d != "" {
		t.Fatalf("%s (-want +got):\n%s", what, d)
	}
}

// sameBucket compares buckets; sums may be added up in any order.
func sameBucket(a, b home.Bucket) bool {
	slack := 1e-12 * float64(a.Count) * max(math.Abs(a.Min), math.Abs(a.Max))
	near := math.Abs(a.Sum-b.Sum) <= slack
	a.Sum, b.Sum = 0, 0
	return a == b && near
}

// fataler is what *testing.T and *rapid.T share.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

func readPoints(t fataler, s home.Store, q home.PointQuery) []home.Sample {
	t.Helper()
	var out []home.Sample
	err := s.Points(context.Background(), q, func(p home.Sample) error { out = append(out, p); return nil })
	if err != nil {
		t.Fatalf("points %+v: %v", q, err)
	}
	return out
}

func readRecords(t fataler, s home.Store, q home.RecordQuery) []home.Record {
	t.Helper()
	var out []home.Record
	err := s.Records(context.Background(), q, func(r home.Record) error { out = append(out, r); return nil })
	if err != nil {
		t.Fatalf("records %+v: %v", q, err)
	}
	return out
}

type logQuery struct {
	house home.ID
	after uint64
	limit int
}

func readLog(t fataler, s home.Store, q logQuery) ([]home.Entry, uint64) {
	t.Helper()
	var out []home.Entry
	lowest, err := s.Log(context.Background(), q.house, q.after, q.limit, func(e home.Entry) error { out = append(out, e); return nil })
	if err != nil {
		t.Fatalf("log %+v: %v", q, err)
	}
	return out, lowest
}

func readCurrent(t fataler, s home.Store) map[uint32]home.Point {
	t.Helper()
	out := map[uint32]home.Point{}
	err := s.Current(context.Background(), func(p home.Point) error {
		if _, ok := out[p.Feature]; ok {
			t.Fatalf("current visits feature %d twice", p.Feature)
		}
		out[p.Feature] = p
		return nil
	})
	if err != nil {
		t.Fatalf("current: %v", err)
	}
	return out
}

func readAudits(t fataler, s home.Store, q logQuery) []home.Audit {
	t.Helper()
	var out []home.Audit
	err := s.Audits(context.Background(), q.house, q.after, q.limit, func(a home.Audit) error { out = append(out, a); return nil })
	if err != nil {
		t.Fatalf("audits %+v: %v", q, err)
	}
	return out
}

// samplesOf is how points show in a history.
func samplesOf(points ...home.Point) []home.Sample {
	var out []home.Sample
	for _, p := range points {
		out = append(out, home.Sample{Seq: p.Seq, At: p.At, Value: p.Value})
	}
	return out
}
