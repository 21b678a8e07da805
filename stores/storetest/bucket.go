package storetest

import "latchkey/home"

func edges(ms ...int64) []home.Time {
	var out []home.Time
	for _, m := range ms {
		out = append(out, t0+home.Time(m))
	}
	return out
}

func buckets(k *kit) {
	p := samplesOf(k.points(1, 10, 4, -2, 3, 7)...) // at 0, 10, 20, 30
	k.twice(func() {
		got := k.buckets(home.BucketQuery{Feature: 1, Edges: edges(0, 20, 21, 25, 40)})
		want := []home.Bucket{
			{From: t0, To: t0 + 20, Count: 2, Min: -2, Max: 4, Sum: 2, First: p[0], Last: p[1], On: 20, Known: 20},
			{From: t0 + 20, To: t0 + 21, Count: 1, Min: 3, Max: 3, Sum: 3, First: p[2], Last: p[2], On: 1, Known: 1},
			{From: t0 + 21, To: t0 + 25, On: 4, Known: 4},
			{From: t0 + 25, To: t0 + 40, Count: 1, Min: 7, Max: 7, Sum: 7, First: p[3], Last: p[3], On: 15, Known: 15},
		}
		same(k, "buckets", got, want)
		same(k, "another feature", k.buckets(home.BucketQuery{Feature: 2, Edges: edges(0, 9)}), []home.Bucket{{From: t0, To: t0 + 9}})
	})
}

func bucketDurations(k *kit) {
	var all []home.Point
	for _, v := range []struct {
		ms int64
		n  float64
	}{{10, 1}, {25, 0}, {25, 1}, {25, 0}, {40, 0.5}} {
		all = append(all, k.point(1, v.ms, home.Num(v.n)))
	}
	k.write(home.Group{Points: all})
	on := func(q home.BucketQuery) (out [][2]int64) {
		for _, b := range k.buckets(q) {
			out = append(out, [2]int64{b.On, b.Known})
		}
		return out
	}
	k.twice(func() {
		same(k, "unknown before the first point", on(home.BucketQuery{Feature: 1, Edges: edges(0, 5, 20)}), [][2]int64{{0, 0}, {10, 10}})
		same(k, "carried into a bucket", on(home.BucketQuery{Feature: 1, Edges: edges(20, 30, 50)}), [][2]int64{{5, 10}, {10, 20}})
		same(k, "carried over an empty bucket", on(home.BucketQuery{Feature: 1, Edges: edges(12, 14, 16)}), [][2]int64{{2, 2}, {2, 2}})
		same(k, "long after the last point", on(home.BucketQuery{Feature: 1, Edges: edges(1000, 1100)}), [][2]int64{{100, 100}})
		same(k, "the last of one millisecond holds", on(home.BucketQuery{Feature: 1, Edges: edges(25, 40)}), [][2]int64{{0, 15}})
	})
	k.write(home.Group{Erasures: []home.Erasure{{Feature: 1, From: t0, To: t0 + 26}}})
	k.twice(func() {
		same(k, "erased values do not hold", on(home.BucketQuery{Feature: 1, Edges: edges(20, 50)}), [][2]int64{{10, 10}})
	})
}

func bucketTexts(k *kit) {
	p := []home.Point{k.point(1, 0, home.Txt("heat")), k.point(1, 10, home.Txt("")), k.point(1, 20, home.Num(3)), k.point(1, 30, home.Txt("off"))}
	k.write(home.Group{Points: p})
	s := samplesOf(p...)
	k.twice(func() {
		got := k.buckets(home.BucketQuery{Feature: 1, Edges: edges(-5, 20, 40)})
		want := []home.Bucket{
			{From: t0 - 5, To: t0 + 20, Count: 2, First: s[0], Last: s[1], Known: 20},
			{From: t0 + 20, To: t0 + 40, Count: 2, Min: 3, Max: 3, Sum: 3, First: s[2], Last: s[3], On: 10, Known: 20},
		}
		same(k, "texts are counted", got, want)
	})
}

func bucketNow(k *kit) {
	p := samplesOf(k.points(1, 50, 1, 1)...) // at 0 and 50
	k.twice(func() {
		got := k.buckets(home.BucketQuery{Feature: 1, Edges: edges(0, 10, 20, 40, 60), Now: t0 + 15})
		want := []home.Bucket{
			{From: t0, To: t0 + 10, Count: 1, Min: 1, Max: 1, Sum: 1, First: p[0], Last: p[0], On: 10, Known: 10},
			{From: t0 + 10, To: t0 + 20, On: 5, Known: 5},
			{From: t0 + 20, To: t0 + 40},
			{From: t0 + 40, To: t0 + 60, Count: 1, Min: 1, Max: 1, Sum: 1, First: p[1], Last: p[1]},
		}
		same(k, "nothing holds beyond the present", got, want)
	})
}
