package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"latchkey/home"
	"latchkey/stores/memory"
)

// model writes random groups to the store and to the one in memory, restarts
// the store now and then, and expects the same answers to random questions.
func model(t *testing.T, s Subject) {
	rapid.Check(t, func(r *rapid.T) {
		m := &machine{T: r, want: memory.New(), got: s.Open(t), seq: map[home.ID]uint64{}}
		defer func() { _ = m.got.Close() }()
		for range rapid.IntRange(1, 12).Draw(r, "steps") {
			if s.Reopen != nil && rapid.IntRange(0, 5).Draw(r, "restart") == 0 {
				m.got = s.Reopen(t, m.got)
			}
			m.write()
			m.ask()
		}
		m.compare()
	})
}

type machine struct {
	*rapid.T
	want, got home.Store
	seq       map[home.ID]uint64
	audits    uint64
}

const features = 3

func (m *machine) houseOf(feature uint32) home.ID { return home.ID([]string{"a", "b"}[feature%2]) }

func (m *machine) next(house home.ID) uint64 {
	m.seq[house]++
	return m.seq[house]
}

func (m *machine) write() {
	var g home.Group
	for range rapid.IntRange(0, 12).Draw(m.T, "entries") {
		if rapid.IntRange(0, 5).Draw(m.T, "event") == 0 {
			g.Events = append(g.Events, m.event())
		} else {
			g.Points = append(g.Points, m.point())
		}
	}
	for range rapid.IntRange(0, 3).Draw(m.T, "records") {
		g.Records = append(g.Records, m.record())
	}
	if rapid.Bool().Draw(m.T, "audit") {
		m.audits++
		g.Audits = append(g.Audits, home.Audit{Num: m.audits, At: m.at(), House: m.house(), Actor: "server", Action: "x.y"})
	}
	if rapid.IntRange(0, 4).Draw(m.T, "erase") == 0 {
		from := m.at()
		e := home.Erasure{Feature: m.feature(), From: from, Forget: rapid.Bool().Draw(m.T, "forget")}
		if !e.Forget {
			e.To = from + home.Time(rapid.IntRange(1, 30).Draw(m.T, "span"))
		} else {
			e.From = 0
		}
		g.Erasures = append(g.Erasures, e)
	}
	for _, s := range []home.Store{m.want, m.got} {
		if err := s.Write(context.Background(), &g); err != nil {
			m.Fatalf("write: %v", err)
		}
	}
}

func (m *machine) house() home.ID {
	return home.ID(rapid.SampledFrom([]string{"a", "b"}).Draw(m.T, "house"))
}
func (m *machine) feature() uint32 {
	return uint32(rapid.IntRange(1, features).Draw(m.T, "feature"))
}
func (m *machine) at() home.Time { return t0 + home.Time(rapid.IntRange(0, 60).Draw(m.T, "at")) }

func (m *machine) value() home.Value {
	switch rapid.IntRange(0, 5).Draw(m.T, "shape") {
	case 0:
		return home.Txt(rapid.SampledFrom([]string{"", "on", "off", "eco \u00e9"}).Draw(m.T, "text"))
	case 1:
		return home.Num(rapid.Float64Range(-1e300, 1e300).Draw(m.T, "float"))
	}
	return home.Num(float64(rapid.IntRange(-30, 300).Draw(m.T, "tenths")) / 10)
}

func (m *machine) cause() home.Cause {
	return rapid.SampledFrom([]home.Cause{nil, {{Kind: "key", ID: "k"}}, {{Kind: "scene", ID: "s", Name: "x"}, {Kind: "run", Seq: 3}}}).Draw(m.T, "cause")
}

func (m *machine) point() home.Point {
	f := m.feature()
	p := home.Point{House: m.houseOf(f), Feature: f, At: m.at(), Value: m.value(), Cause: m.cause(), History: rapid.IntRange(0, 7).Draw(m.T, "history") > 0}
	p.Seq, p.Received = m.next(p.House), p.At+home.Time(rapid.IntRange(-5, 5).Draw(m.T, "received"))
	flags := rapid.IntRange(0, 31).Draw(m.T, "flags")
	p.Flagged, p.Live, p.Current, p.Replace = flags&1 > 0, flags&2 > 0, flags&4 > 0, flags&24 == 24
	if rapid.Bool().Draw(m.T, "had one") {
		v := m.value()
		p.Old = &v
	}
	return p
}

func (m *machine) event() home.Event {
	e := home.Event{House: m.house(), At: m.at(), Received: m.at(), Type: "custom.x", Cause: m.cause()}
	e.Seq = m.next(e.House)
	e.Subject = rapid.SampledFrom([]string{"", "lamp"}).Draw(m.T, "subject")
	e.Verb = rapid.SampledFrom([]home.Verb{"", home.ReadLocation}).Draw(m.T, "verb")
	return e
}

func (m *machine) record() home.Record {
	r := home.Record{Kind: rapid.SampledFrom([]string{"room", "run"}).Draw(m.T, "kind"), ID: home.ID(fmt.Sprint(rapid.IntRange(1, 6).Draw(m.T, "id")))}
	if rapid.IntRange(0, 3).Draw(m.T, "delete") == 0 {
		return r
	}
	r.House, r.At, r.Version = m.house(), m.at(), int64(rapid.IntRange(1, 9).Draw(m.T, "version"))
	r.Parent = home.ID(rapid.SampledFrom([]string{"", "p", "q"}).Draw(m.T, "parent"))
	r.Doc = json.RawMessage(fmt.Sprintf(`{"v":%d}`, r.Version))
	return r
}

// ask puts one random question about the history and one about records.
func (m *machine) ask() {
	q := home.PointQuery{Feature: m.feature(), Newest: rapid.Bool().Draw(m.T, "newest"), Limit: rapid.IntRange(0, 6).Draw(m.T, "limit")}
	if rapid.Bool().Draw(m.T, "window") {
		q.From, q.To = m.at(), m.at()
	}
	if rapid.Bool().Draw(m.T, "page") {
		q.After = home.Cursor{At: m.at(), Seq: uint64(rapid.IntRange(1, 60).Draw(m.T, "cursor"))}
	}
	same(m, fmt.Sprintf("points %+v", q), readPoints(m, m.got, q), readPoints(m, m.want, q))

	b := home.BucketQuery{Feature: q.Feature, Edges: []home.Time{m.at() - 10}}
	for range rapid.IntRange(1, 8).Draw(m.T, "buckets") {
		b.Edges = append(b.Edges, b.Edges[len(b.Edges)-1]+home.Time(rapid.IntRange(1, 20).Draw(m.T, "width")))
	}
	if rapid.Bool().Draw(m.T, "now") {
		b.Now = m.at()
	}
	got, err := m.got.Buckets(context.Background(), b)
	if err != nil {
		m.Fatalf("buckets: %v", err)
	}
	want, _ := m.want.Buckets(context.Background(), b)
	same(m, fmt.Sprintf("buckets %+v", b), got, want)

	rq := home.RecordQuery{Kind: rapid.SampledFrom([]string{"", "room", "run"}).Draw(m.T, "of kind"), Newest: q.Newest, Limit: q.Limit}
	rq.House = home.ID(rapid.SampledFrom([]string{"", "a"}).Draw(m.T, "of house"))
	rq.Parent = home.ID(rapid.SampledFrom([]string{"", "p"}).Draw(m.T, "of parent"))
	same(m, fmt.Sprintf("records %+v", rq), readRecords(m, m.got, rq), readRecords(m, m.want, rq))
}

// compare looks at all that the two stores hold.
func (m *machine) compare() {
	for f := range uint32(features + 1) {
		q := home.PointQuery{Feature: f}
		same(m, fmt.Sprintf("all points of %d", f), readPoints(m, m.got, q), readPoints(m, m.want, q))
	}
	for _, h := range []home.ID{"a", "b"} {
		q := logQuery{h, uint64(rapid.IntRange(0, 20).Draw(m.T, "after")), rapid.IntRange(0, 200).Draw(m.T, "most")}
		got, low := readLog(m, m.got, q)
		want, wantLow := readLog(m, m.want, q)
		same(m, fmt.Sprintf("log %+v", q), got, want)
		same(m, "lowest", low, wantLow)
		q = logQuery{h, uint64(rapid.IntRange(0, 9).Draw(m.T, "rows after")), 3}
		same(m, "audits", readAudits(m, m.got, q), readAudits(m, m.want, q))
	}
	got, err := m.got.Heads(context.Background())
	want, _ := m.want.Heads(context.Background())
	same(m, "heads", got, want)
	same(m, "heads' error", err, nil)
	same(m, "current", readCurrent(m, m.got), readCurrent(m, m.want))
}
