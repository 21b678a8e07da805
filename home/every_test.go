package home_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"latchkey/home"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func moment(t testing.TB, s string) home.Time {
	t.Helper()
	m, err := home.ParseTime(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestDaysFollowTheHousesClocks(t *testing.T) {
	paris := zone(t, "Europe/Paris")
	edges, err := home.Every{Count: 1, Unit: "d"}.Edges(moment(t, "2026-03-28T12:00:00+01:00"), moment(t, "2026-03-30T12:00:00+02:00"), paris)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"2026-03-27T23:00:00.000Z", "2026-03-28T23:00:00.000Z", "2026-03-29T22:00:00.000Z", "2026-03-30T22:00:00.000Z"}
	if len(edges) != len(want) {
		t.Fatalf("got %v", edges)
	}
	for i := range want {
		if edges[i].String() != want[i] {
			t.Errorf("edge %d is %s, want %s", i, edges[i], want[i])
		}
	}
}

func TestMonthsAndWeeksBeginWhereTheyShould(t *testing.T) {
	paris := zone(t, "Europe/Paris")
	from, to := moment(t, "2026-02-15T10:00:00Z"), moment(t, "2026-04-01T00:30:00+02:00")
	for unit, want := range map[string][2]string{
		"mo": {"2026-01-31T23:00:00.000Z", "2026-04-30T22:00:00.000Z"},
		"w":  {"2026-02-08T23:00:00.000Z", "2026-04-05T22:00:00.000Z"},
		"y":  {"2025-12-31T23:00:00.000Z", "2026-12-31T23:00:00.000Z"},
	} {
		edges, err := home.Every{Count: 1, Unit: unit}.Edges(from, to, paris)
		if err != nil {
			t.Fatal(err)
		}
		if edges[0].String() != want[0] || edges[len(edges)-1].String() != want[1] {
			t.Errorf("%s: %s to %s, want %v", unit, edges[0], edges[len(edges)-1], want)
		}
	}
}

func TestEdgesCoverAndAscend(t *testing.T) {
	zones := []string{"Europe/Paris", "America/St_Johns", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kathmandu", "Pacific/Apia", "UTC"}
	rapid.Check(t, func(t *rapid.T) {
		z, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		e := home.Every{Count: rapid.IntRange(1, 50).Draw(t, "count"), Unit: rapid.SampledFrom([]string{"s", "m", "h", "d", "w", "mo", "y"}).Draw(t, "unit")}
		from := home.Time(rapid.Int64Range(1_200_000_000_000, 2_200_000_000_000).Draw(t, "from"))
		to := from + home.Time(rapid.Int64Range(1, 40*86400_000).Draw(t, "span"))
		edges, err := e.Edges(from, to, z)
		if err != nil {
			if home.CodeOf(err) != home.Invalid {
				t.Fatal(err)
			}
			return
		}
		if edges[0] > from || edges[len(edges)-1] < to || len(edges) < 2 || len(edges) > home.MaxEdges {
			t.Fatalf("%s from %s to %s: %s to %s in %d", e, from, to, edges[0], edges[len(edges)-1], len(edges))
		}
		if edges[1] <= from || edges[len(edges)-2] >= to {
			t.Fatalf("a span that holds nothing of what was asked for: %v", edges)
		}
		for i := 1; i < len(edges); i++ {
			if edges[i] <= edges[i-1] {
				t.Fatalf("edges do not ascend: %s, %s", edges[i-1], edges[i])
			}
		}
	})
}

func FuzzParseEvery(f *testing.F) {
	for _, s := range []string{"15m", "1d", "1mo", "0s", "99999y", "m", "", "-1d", "1 d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := home.ParseEvery(s)
		if err == nil {
			again, err := home.ParseEvery(e.String())
			if err != nil || again != e {
				t.Fatalf("%q reads as %s, which does not read back", s, e)
			}
		}
	})
}
