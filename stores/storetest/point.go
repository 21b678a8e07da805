package storetest

import (
	"math"
	"slices"
	"strings"

	"latchkey/home"
)

func reversed[T any](list []T) []T {
	out := slices.Clone(list)
	slices.Reverse(out)
	return out
}

func pointOrder(k *kit) {
	a := k.points(1, 10, 1, 2, 3, 4)
	b := k.points(2, 10, 9)
	k.twice(func() {
		same(k, "oldest first", k.read(home.PointQuery{Feature: 1}), samplesOf(a...))
		same(k, "newest first", k.read(home.PointQuery{Feature: 1, Newest: true}), reversed(samplesOf(a...)))
		same(k, "another feature", k.read(home.PointQuery{Feature: 2}), samplesOf(b...))
		same(k, "an unknown feature", k.read(home.PointQuery{Feature: 3}), []home.Sample(nil))
	})
}

func pointsOfOneMillisecond(k *kit) {
	all := k.points(1, 0, 5, 3, 4, 3)
	all = append(all, k.points(1, 0, 8, 9)...)
	k.twice(func() {
		same(k, "in the order of their numbers", k.read(home.PointQuery{Feature: 1}), samplesOf(all...))
		same(k, "the newest", k.read(home.PointQuery{Feature: 1, Newest: true, Limit: 1}), samplesOf(all[5]))
	})
}

func latePoints(k *kit) {
	on := k.points(1, 10, 1, 2, 3)
	first := k.point(1, -5, home.Num(0.5))
	middle := k.point(1, 15, home.Num(2.5))
	zero := k.point(1, 0, home.Num(7))
	zero.At = 0
	k.write(home.Group{Points: []home.Point{middle}})
	k.write(home.Group{Points: []home.Point{first, zero}})
	k.twice(func() {
		same(k, "in their places", k.read(home.PointQuery{Feature: 1}), samplesOf(zero, first, on[0], on[1], middle, on[2]))
	})
}

func replacingPoints(k *kit) {
	old := k.points(1, 10, 1, 2, 3)
	again := k.point(1, 10, home.Num(20))
	again.Replace = true
	alone := k.point(1, 15, home.Num(25))
	alone.Replace = true
	k.write(home.Group{Points: []home.Point{again, alone}})
	k.twice(func() {
		same(k, "one replaced", k.read(home.PointQuery{Feature: 1}), samplesOf(old[0], again, alone, old[2]))
	})

	// A point that replaces nothing stands beside; the next one that does takes
	// the place of all that are there, in its own group too.
	beside := k.point(1, 10, home.Num(21))
	k.write(home.Group{Points: []home.Point{beside}})
	k.twice(func() {
		same(k, "beside", k.read(home.PointQuery{Feature: 1}), samplesOf(old[0], again, beside, alone, old[2]))
	})
	one, two := k.point(1, 10, home.Num(30)), k.point(1, 10, home.Num(31))
	two.Replace = true
	k.write(home.Group{Points: []home.Point{one, two}})
	k.twice(func() {
		same(k, "all replaced", k.read(home.PointQuery{Feature: 1}), samplesOf(old[0], two, alone, old[2]))
	})
}

func texts(k *kit) {
	long := strings.Repeat("\u00e9", 2048)
	var want []home.Point
	for i, s := range []string{"on", "", "on", long, "off", "\u65e5\u672c"} {
		want = append(want, k.point(1, int64(i), home.Txt(s)))
	}
	mixed := k.point(1, 3, home.Num(4))
	k.write(home.Group{Points: want})
	k.write(home.Group{Points: []home.Point{mixed}})
	k.twice(func() {
		same(k, "texts", k.read(home.PointQuery{Feature: 1}), samplesOf(want[0], want[1], want[2], want[3], mixed, want[4], want[5]))
	})
}

func exactNumbers(k *kit) {
	numbers := []float64{0, 1, -1, 0.1, 1.0 / 3, 21.37, math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, 1 << 53, 1e-300, 123456.789}
	p := k.points(1, 7, numbers...)
	k.twice(func() {
		got := k.read(home.PointQuery{Feature: 1})
		same(k, "to the last bit", got, samplesOf(p...))
	})
}

func outsideHistory(k *kit) {
	kept := k.points(1, 10, 1)
	p := k.point(1, 20, home.Num(2))
	p.History, p.Current = false, true
	k.write(home.Group{Points: []home.Point{p}})
	k.twice(func() {
		same(k, "history", k.read(home.PointQuery{Feature: 1}), samplesOf(kept...))
		same(k, "current", readCurrent(k, k.store)[1].Value, home.Num(2))
		entries, _ := k.log("a", 0, 10)
		same(k, "log", len(entries), 2)
	})
}

func windows(k *kit) {
	p := samplesOf(k.points(1, 10, 0, 1, 2, 3, 4, 5)...)
	at := func(ms int64) home.Time { return t0 + home.Time(ms) }
	k.twice(func() {
		same(k, "from is inside", k.read(home.PointQuery{Feature: 1, From: at(20)}), p[2:])
		same(k, "to is outside", k.read(home.PointQuery{Feature: 1, To: at(20)}), p[:2])
		same(k, "between points", k.read(home.PointQuery{Feature: 1, From: at(11), To: at(39)}), p[2:4])
		same(k, "nothing", k.read(home.PointQuery{Feature: 1, From: at(21), To: at(29)}), p[:0])
		same(k, "upside down", k.read(home.PointQuery{Feature: 1, From: at(40), To: at(10)}), p[:0])
		same(k, "limit", k.read(home.PointQuery{Feature: 1, From: at(10), Limit: 2}), p[1:3])
		same(k, "limit from the end", k.read(home.PointQuery{Feature: 1, To: at(50), Newest: true, Limit: 2}), reversed(p[3:5]))
		same(k, "a limit that is not reached", k.read(home.PointQuery{Feature: 1, Limit: 100}), p)
	})
}

func pages(k *kit) {
	var all []home.Sample
	for i := range 7 { // 4 points in each millisecond
		all = append(all, samplesOf(k.points(1, 0, float64(i), 1, 2, 3)...)...)
	}
	late := k.point(1, -3, home.Num(1))
	k.write(home.Group{Points: []home.Point{late}})
	all = append(samplesOf(late), all...)
	k.twice(func() {
		for _, newest := range []bool{false, true} {
			for _, size := range []int{1, 3, 4, 100} {
				want := all
				if newest {
					want = reversed(all)
				}
				same(k, "pages joined", k.paged(home.PointQuery{Feature: 1, Newest: newest, Limit: size}), want)
			}
		}
		c := home.Cursor{At: all[5].At, Seq: all[5].Seq}
		same(k, "a cursor bounds the window", k.read(home.PointQuery{Feature: 1, From: t0 + 1, After: c}), []home.Sample(nil))
		same(k, "the window bounds a cursor", k.read(home.PointQuery{Feature: 1, To: t0, Newest: true, After: c}), all[:1])
	})
}

// paged reads q page by page and joins the pages.
func (k *kit) paged(q home.PointQuery) []home.Sample {
	k.Helper()
	var out []home.Sample
	for {
		page := k.read(q)
		if len(page) > q.Limit {
			k.Fatalf("a page of %d has %d points", q.Limit, len(page))
		}
		if len(page) == 0 {
			return out
		}
		out = append(out, page...)
		last := page[len(page)-1]
		q.After = home.Cursor{At: last.At, Seq: last.Seq}
	}
}

func erasures(k *kit) {
	p := samplesOf(k.points(1, 10, 0, 1, 2, 3, 4, 5)...)
	other := samplesOf(k.points(2, 10, 0, 1, 2)...)
	at := func(ms int64) home.Time { return t0 + home.Time(ms) }
	k.write(home.Group{Erasures: []home.Erasure{{Feature: 1, From: at(10), To: at(30)}}})
	k.twice(func() {
		same(k, "from inside, to outside", k.read(home.PointQuery{Feature: 1}), append(p[:1:1], p[3:]...))
		same(k, "another feature", k.read(home.PointQuery{Feature: 2}), other)
	})
	back := k.point(1, 15, home.Num(15))
	k.write(home.Group{Points: []home.Point{back}})
	k.twice(func() {
		same(k, "written after", k.read(home.PointQuery{Feature: 1}), append(append(p[:1:1], samplesOf(back)...), p[3:]...))
	})
	k.write(home.Group{Erasures: []home.Erasure{{Feature: 1, From: at(30)}, {Feature: 2}}})
	k.twice(func() {
		same(k, "to the end", k.read(home.PointQuery{Feature: 1}), append(p[:1:1], samplesOf(back)...))
		same(k, "all of it", k.read(home.PointQuery{Feature: 2}), p[:0])
	})
}

func eraseAfterPoints(k *kit) {
	k.write(home.Group{
		Points:   []home.Point{k.point(1, 10, home.Num(1)), k.point(1, 20, home.Num(2))},
		Erasures: []home.Erasure{{Feature: 1, From: t0 + 20}},
	})
	k.twice(func() { same(k, "what is left", len(k.read(home.PointQuery{Feature: 1})), 1) })
}

func forgetting(k *kit) {
	p := k.point(1, 10, home.Num(1))
	q := k.point(2, 10, home.Num(2))
	p.Current, q.Current = true, true
	k.write(home.Group{Points: []home.Point{p, q}})
	k.write(home.Group{Erasures: []home.Erasure{{Feature: 2}}})
	k.twice(func() { same(k, "an erasure leaves the current value", readCurrent(k, k.store)[2].Value, home.Num(2)) })
	k.write(home.Group{Erasures: []home.Erasure{{Feature: 1, Forget: true}}})
	k.twice(func() {
		if _, ok := readCurrent(k, k.store)[1]; ok {
			k.Fatal("a forgotten feature has a current value")
		}
		same(k, "history", k.read(home.PointQuery{Feature: 1}), []home.Sample(nil))
		h, _ := k.store.Heads(k.ctx)
		same(k, "heads stay", h["a"], q.Seq)
	})
}
