package history_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"latchkey/home"
	"latchkey/stores/sql/history"
)

// row is one row of a fake journal.
type row struct {
	id       int64
	points   []home.Point
	erasures []home.Erasure
	late     bool // Add before Erase
}

// apply gives a row to a history, as a store does after each commit and at start.
func (r row) apply(h *history.History) error {
	if r.late {
		h.Add(r.id, r.points)
	}
	if err := h.Erase(ctx, r.id, r.erasures); err != nil {
		return err
	}
	if !r.late {
		h.Add(r.id, r.points)
	}
	return nil
}

// model is a history as a plain list.
type model map[uint32][]home.Sample

func (m model) apply(r row) {
	add := func() {
		for _, p := range r.points {
			if !p.History {
				continue
			}
			if p.Replace {
				m[p.Feature] = slices.DeleteFunc(m[p.Feature], func(s home.Sample) bool { return s.At == p.At })
			}
			m[p.Feature] = append(m[p.Feature], home.Sample{Seq: p.Seq, At: p.At, Value: p.Value})
		}
	}
	if r.late {
		add()
	}
	for _, e := range r.erasures {
		m[e.Feature] = slices.DeleteFunc(m[e.Feature], func(s home.Sample) bool {
			return s.At >= e.From && (e.To == 0 || s.At < e.To)
		})
	}
	if !r.late {
		add()
	}
	for num := range m {
		slices.SortFunc(m[num], bySampleOrder)
	}
}

func bySampleOrder(a, b home.Sample) int {
	return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Seq, b.Seq))
}

func (m model) points(q home.PointQuery) []home.Sample {
	out := []home.Sample{}
	for _, s := range m[q.Feature] {
		if s.At >= q.From && (q.To == 0 || s.At < q.To) {
			out = append(out, s)
		}
	}
	if q.Newest {
		slices.Reverse(out)
	}
	if q.After.Seq != 0 {
		out = slices.DeleteFunc(out, func(s home.Sample) bool {
			c := bySampleOrder(s, home.Sample{At: q.After.At, Seq: q.After.Seq})
			return c == 0 || c < 0 != q.Newest
		})
	}
	if q.Limit > 0 && len(out) > q.Limit {
		out = out[:q.Limit]
	}
	return out
}

// buckets sums up millisecond spans the slow way: each hold against each bucket.
func (m model) buckets(q home.BucketQuery) []home.Bucket {
	n := len(q.Edges) - 1
	now := q.Now
	if now == 0 {
		now = q.Edges[n]
	}
	out := make([]home.Bucket, n)
	all := m[q.Feature]
	for i := range out {
		b := &out[i]
		b.From, b.To = q.Edges[i], q.Edges[i+1]
		for j, s := range all {
			if s.At >= b.From && s.At < b.To {
				if b.Count == 0 {
					b.First = s
				}
				b.Last = s
				b.Count++
			}
			until := home.Time(math.MaxInt64)
			if j+1 < len(all) {
				until = all[j+1].At
			}
			hold := int64(min(until, b.To, now) - max(s.At, b.From))
			if hold > 0 {
				b.Known += hold
				if !s.Value.IsText && s.Value.Number != 0 {
					b.On += hold
				}
			}
			if s.At < b.From || s.At >= b.To || s.Value.IsText {
				continue
			}
			v := s.Value.Number
			if !slices.ContainsFunc(all[:j], func(p home.Sample) bool { return p.At >= b.From && !p.Value.IsText }) {
				b.Min, b.Max = v, v
			}
			b.Min, b.Max, b.Sum = min(b.Min, v), max(b.Max, v), b.Sum+v
		}
	}
	return out
}

// machine runs a history and a model side by side.
type machine struct {
	t       *rapid.T
	path    string
	h       *history.History
	m       model
	journal []row
	id      int64
	seq     uint64
	now     home.Time
}

func (m *machine) open() {
	h, err := history.Open(ctx, history.Config{Path: m.path, MustExist: m.h != nil})
	if err != nil {
		m.t.Fatal(err)
	}
	m.h = h
	for _, r := range m.journal {
		if r.id >= h.Floor() {
			if err := r.apply(h); err != nil {
				m.t.Fatal(err)
			}
		}
	}
}

func (m *machine) add(t *rapid.T) {
	r := row{late: rapid.Bool().Draw(t, "late")}
	n := rapid.SampledFrom([]int{0, 1, 3, 40, 300, 900}).Draw(t, "points")
	features := rapid.Uint32Range(1, 3).Draw(t, "features")
	old := rapid.SampledFrom([]int{0, 0, 0, 2, 30}).Draw(t, "late per 100")
	replaces := rapid.SampledFrom([]int{0, 0, 10, 100}).Draw(t, "replaces per 100")
	texts := rapid.SampledFrom([]int{0, 0, 0, 50, 100}).Draw(t, "texts per 100")
	step := rapid.Int64Range(0, 20).Draw(t, "step")
	rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
	for range n {
		m.seq += 1 + uint64(rnd.IntN(3))
		m.now += home.Time(rnd.Int64N(step + 1))
		p := home.Point{Feature: 1 + rnd.Uint32N(features), Seq: m.seq, At: m.now, History: rnd.IntN(50) > 0}
		if rnd.IntN(100) < old && m.now > 0 {
			p.At = home.Time(rnd.Int64N(int64(m.now)))
		}
		p.Replace = rnd.IntN(100) < replaces
		p.Value = home.Num(float64(rnd.IntN(200)-20) / 10 * float64(rnd.IntN(2)))
		if rnd.IntN(100) < texts {
			p.Value = home.Txt(fmt.Sprint("text ", rnd.IntN(4)))
		}
		r.points = append(r.points, p)
	}
	for rapid.IntRange(0, 9).Draw(t, "erase") == 0 {
		e := home.Erasure{Feature: rapid.Uint32Range(1, 3).Draw(t, "feature")}
		e.From = home.Time(rapid.Int64Range(-1, int64(m.now)+1).Draw(t, "from"))
		if rapid.Bool().Draw(t, "bounded") {
			e.To = e.From + home.Time(rapid.Int64Range(1, int64(m.now)+2).Draw(t, "width"))
		}
		r.erasures = append(r.erasures, e)
	}
	m.id += 1 + int64(rnd.IntN(2))
	r.id = m.id
	m.journal = append(m.journal, r)
	m.m.apply(r)
	if err := r.apply(m.h); err != nil {
		t.Fatal(err)
	}
}

func (m *machine) seal(t *rapid.T) {
	if err := m.h.Seal(ctx, rapid.Bool().Draw(t, "all")); err != nil {
		t.Fatal(err)
	}
	if rapid.Bool().Draw(t, "trim") {
		floor := m.h.Floor()
		m.journal = slices.DeleteFunc(m.journal, func(r row) bool { return r.id < floor })
	}
}

func (m *machine) reopen(t *rapid.T) {
	if err := m.h.Close(); err != nil {
		t.Fatal(err)
	}
	m.open()
}

func (m *machine) points(t *rapid.T) {
	q := home.PointQuery{
		Feature: rapid.Uint32Range(1, 4).Draw(t, "feature"),
		From:    home.Time(rapid.Int64Range(-1, int64(m.now)+1).Draw(t, "from")),
		Newest:  rapid.Bool().Draw(t, "newest"),
		Limit:   rapid.SampledFrom([]int{0, 0, 1, 7, 1000}).Draw(t, "limit"),
	}
	if rapid.Bool().Draw(t, "bounded") {
		q.To = home.Time(rapid.Int64Range(1, int64(m.now)+2).Draw(t, "to"))
	}
	if all := m.m[q.Feature]; len(all) > 0 && rapid.Bool().Draw(t, "after") {
		s := all[rapid.IntRange(0, len(all)-1).Draw(t, "place")]
		q.After = home.Cursor{At: s.At, Seq: s.Seq}
	}
	if err := diffPoints(m.h, m.m, q); err != nil {
		t.Fatal(err)
	}
}

func diffPoints(h *history.History, m model, q home.PointQuery) error {
	got := []home.Sample{}
	if err := h.Points(ctx, q, func(s home.Sample) error { got = append(got, s); return nil }); err != nil {
		return err
	}
	want := m.points(q)
	if slices.Equal(got, want) {
		return nil
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			return fmt.Errorf("%+v: %d points, want %d; at %d: %+v, want %+v", q, len(got), len(want), i, got[i:min(i+2, len(got))], want[i:min(i+2, len(want))])
		}
	}
	return nil
}

func (m *machine) buckets(t *rapid.T) {
	q := home.BucketQuery{Feature: rapid.Uint32Range(1, 4).Draw(t, "feature")}
	at := rapid.Int64Range(-1, int64(m.now)+1).Draw(t, "from")
	width := rapid.Int64Range(1, int64(m.now)/2+10).Draw(t, "width")
	for range rapid.IntRange(2, 12).Draw(t, "edges") {
		q.Edges = append(q.Edges, home.Time(at))
		at += width
	}
	if rapid.Bool().Draw(t, "now") {
		q.Now = home.Time(rapid.Int64Range(1, int64(m.now)+10).Draw(t, "now at"))
	}
	if err := diffBuckets(m.h, m.m, q); err != nil {
		t.Fatal(err)
	}
}

func diffBuckets(h *history.History, m model, q home.BucketQuery) error {
	got, err := h.Buckets(ctx, q)
	if err != nil {
		return err
	}
	want := m.buckets(q)
	if len(got) != len(want) {
		return fmt.Errorf("%d buckets, want %d", len(got), len(want))
	}
	for i := range got {
		if math.Abs(got[i].Sum-want[i].Sum) < 1e-6 { // added up in another order
			got[i].Sum = want[i].Sum
		}
		if got[i] != want[i] {
			return fmt.Errorf("now %d, bucket %d:\n got %+v\nwant %+v", q.Now, i, got[i], want[i])
		}
	}
	return nil
}

func (m *machine) check(t *rapid.T) {
	for f := uint32(1); f <= 3; f++ {
		if err := diffPoints(m.h, m.m, home.PointQuery{Feature: f, From: math.MinInt64}); err != nil {
			t.Fatal(err)
		}
	}
}

// fileCheck has the history look at its file.
func (m *machine) fileCheck(t *rapid.T) {
	if lines, err := m.h.Check(ctx); err != nil || len(lines) > 0 {
		t.Fatalf("check: %v, %v", lines, err)
	}
}

func TestModel(t *testing.T) {
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		m := &machine{t: t, path: filepath.Join(dir, fmt.Sprintf("%d.db", n)), m: model{}, now: 1000}
		m.open()
		defer func() { _ = m.h.Close() }()
		t.Repeat(map[string]func(*rapid.T){
			"add": m.add, "add again": m.add, "seal": m.seal, "reopen": m.reopen, "points": m.points, "buckets": m.buckets,
			"file check": m.fileCheck, "": m.check,
		})
		m.fileCheck(t)
	})
}
