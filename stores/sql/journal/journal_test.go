package journal_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"latchkey/home"
	"latchkey/stores/sql/journal"
)

func numbers() []float64 {
	return []float64{0, math.Copysign(0, -1), 1, -1, 0.1, 21.37, -40.25, 1.005, 1.0 / 3, 1 << 53, 1<<53 - 1, -(1<<53 - 1), 1e15 + 0.5, math.MaxFloat64, -math.MaxFloat64,
		math.SmallestNonzeroFloat64, 9007199254740.993, 1e300, 123456.789, math.Pi}
}

// sample makes a group of n states as one house's writer would.
func sample(n int) *home.Group {
	var g home.Group
	cause := home.Cause{{Kind: "key", ID: "k7f3kq2vnb5xw4tzs6ydm3ahre", Name: "kitchen phone"}}
	for i := range n {
		old := home.Num(float64(i%300)/10 - 0.1)
		g.Points = append(g.Points, home.Point{House: "h2v7c4jq5nb6xw3tzs2ydm7ahr", Feature: uint32(1 + i*7%1000), Seq: uint64(1_000_000 + i),
			At: home.Time(1_774_764_000_000 + int64(i*13%50)), Received: 1_774_764_000_060, Value: home.Num(float64(i%300) / 10), Old: &old,
			Cause: cause, Live: true, Current: true, History: true})
	}
	return &g
}

func roundTrip(t *testing.T, e *journal.Encoder, d *journal.Decoder, g *home.Group) journal.Row {
	t.Helper()
	got, err := d.Decode(e.Encode(g))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestRoundTrip(t *testing.T) {
	e, d := journal.NewEncoder(), journal.NewDecoder()
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	cause := func() (c home.Cause) {
		for range r.IntN(4) {
			c = append(c, home.Link{Kind: pick("key", "run"), ID: home.ID(pick("", "x", "y")), Name: pick("", "n \u00e9"), Seq: uint64(r.IntN(3))})
		}
		return c
	}
	value := func() home.Value {
		if r.IntN(3) == 0 {
			return home.Txt(pick("", "on", "a longer text", "\x00\xff"))
		}
		return home.Num(numbers()[r.IntN(len(numbers()))])
	}
	for range 500 {
		seq := map[home.ID]uint64{"a": uint64(r.IntN(50)), "b": math.MaxUint64 - 100}
		var g home.Group
		var want journal.Row
		entries := map[home.ID][]home.Entry{}
		for range r.IntN(20) {
			house := home.ID(pick("a", "b"))
			seq[house] += 1 + uint64(r.IntN(2)*r.IntN(3))
			at := home.Time(r.Int64N(1 << 40))
			if r.IntN(3) == 0 {
				ev := home.Event{Seq: seq[house], House: house, At: at, Received: at, Type: pick("x.y", "z"), Subject: pick("", "s"), Cause: cause(),
					Data: json.RawMessage(pick("", `{"a":1}`)), Verb: home.Verb(pick("", "v"))}
				g.Events = append(g.Events, ev)
				entries[house] = append(entries[house], home.Entry{Event: &ev})
				continue
			}
			p := home.Point{House: house, Feature: r.Uint32N(5) * r.Uint32(), Seq: seq[house], At: at, Received: at - home.Time(r.IntN(3)), Value: value(), Cause: cause(),
				Flagged: r.IntN(2) == 0, Live: r.IntN(2) == 0, Current: r.IntN(2) == 0, History: r.IntN(2) == 0, Replace: r.IntN(2) == 0}
			if r.IntN(2) == 0 {
				v := value()
				p.Old = &v
			}
			g.Points = append(g.Points, p)
			entries[house] = append(entries[house], home.Entry{Point: &p})
		}
		for range r.IntN(3) {
			g.Erasures = append(g.Erasures, home.Erasure{Feature: r.Uint32(), From: home.Time(r.Int64N(99)), To: home.Time(r.Int64N(99)), Forget: r.IntN(2) == 0})
		}
		g.Records = make([]home.Record, r.IntN(3))
		want.Changes, want.Erasures = len(g.Records), g.Erasures
		got := roundTrip(t, e, d, &g)
		byHouse := map[home.ID][]home.Entry{}
		for _, x := range got.Entries {
			h := home.ID("")
			if x.Point != nil {
				h = x.Point.House
			} else {
				h = x.Event.House
			}
			byHouse[h] = append(byHouse[h], x)
		}
		if diff := cmp.Diff(entries, byHouse, cmpopts.EquateEmpty(), cmp.Comparer(func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) })); diff != "" {
			t.Fatal(diff)
		}
		if got.Changes != want.Changes || !cmp.Equal(got.Erasures, want.Erasures, cmpopts.EquateEmpty()) {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	}
}

func TestNumbers(t *testing.T) {
	e, d := journal.NewEncoder(), journal.NewDecoder()
	for _, n := range numbers() {
		got := roundTrip(t, e, d, &home.Group{Points: []home.Point{{House: "a", Feature: 1, Seq: 1, Value: home.Num(n)}}})
		if back := got.Entries[0].Point.Value.Number; math.Float64bits(back) != math.Float64bits(n) {
			t.Errorf("%v came back as %v", n, back)
		}
	}
}

// TestSmall holds a group of 100 states under 2 kB.
func TestSmall(t *testing.T) {
	e := journal.NewEncoder()
	if n := len(e.Encode(sample(100))); n > 2000 {
		t.Errorf("a group of 100 states takes %d bytes", n)
	}
	if n := len(e.Encode(sample(1))); n > 130 {
		t.Errorf("a group of one state takes %d bytes", n)
	}
}

// TestBitFlips changes every bit of a row; each change must be seen.
func TestBitFlips(t *testing.T) {
	row := journal.NewEncoder().Encode(sample(5))
	d := journal.NewDecoder()
	for i := range len(row) * 8 {
		row[i/8] ^= 1 << (i % 8)
		if _, err := d.Decode(row); !errors.Is(err, journal.ErrCorrupt) {
			t.Fatalf("bit %d changed: %v", i, err)
		}
		row[i/8] ^= 1 << (i % 8)
	}
	for i := range row {
		if _, err := d.Decode(row[:i]); !errors.Is(err, journal.ErrCorrupt) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	e := journal.NewEncoder()
	for _, n := range []int{0, 1, 3} {
		row := e.Encode(sample(n))
		f.Add(row[1 : len(row)-4])
	}
	row := e.Encode(&home.Group{Events: []home.Event{{Seq: 9, House: "a", Type: "x.y", Data: []byte(`{}`)}}, Erasures: []home.Erasure{{Feature: 3, Forget: true}}})
	f.Add(row[1 : len(row)-4])
	f.Fuzz(func(t *testing.T, body []byte) {
		row := append([]byte{journal.Version}, body...)
		row = binary.LittleEndian.AppendUint32(row, crc32.Checksum(row, crc32.MakeTable(crc32.Castagnoli)))
		got, err := journal.NewDecoder().Decode(row)
		if err != nil {
			if !errors.Is(err, journal.ErrCorrupt) {
				t.Fatalf("a foreign error: %v", err)
			}
			return
		}
		again, err := journal.NewDecoder().Decode(journal.NewEncoder().Encode(groupOf(got)))
		if err != nil || len(again.Entries) != len(got.Entries) || len(again.Erasures) != len(got.Erasures) {
			t.Fatalf("what was read does not write again: %v", err)
		}
	})
}

func groupOf(r journal.Row) *home.Group {
	g := &home.Group{Erasures: r.Erasures, Records: make([]home.Record, r.Changes%1000)}
	for _, e := range r.Entries {
		if e.Point != nil {
			g.Points = append(g.Points, *e.Point)
		} else {
			g.Events = append(g.Events, *e.Event)
		}
	}
	return g
}

func BenchmarkEncode(b *testing.B) {
	for _, n := range []int{1, 100} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			e, g := journal.NewEncoder(), sample(n)
			for b.Loop() {
				e.Encode(g)
			}
			b.ReportMetric(float64(len(e.Encode(g)))/float64(n), "B/state")
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, n := range []int{1, 100} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			row := journal.NewEncoder().Encode(sample(n))
			d := journal.NewDecoder()
			for b.Loop() {
				if _, err := d.Decode(row); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
