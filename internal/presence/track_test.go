package presence_test

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"latchkey/home"
	"latchkey/internal/presence"
)

const start = home.Time(1_790_000_000_000)

func TestSides(t *testing.T) {
	metres := func(m float64) *float64 { return &m }
	for _, c := range []struct {
		edge     float64
		accuracy *float64
		want     presence.Side
	}{
		{-10, nil, presence.Inside}, {0, nil, presence.Inside}, {1, nil, presence.Unsure}, {20, nil, presence.Outside},
		{-10, metres(10), presence.Inside}, {-10, metres(11), presence.Unsure}, {10, metres(11), presence.Unsure},
		{29, metres(10), presence.Unsure}, {30, metres(10), presence.Outside},
		{5000, metres(500), presence.Outside}, {5000, metres(501), presence.Unsure}, {-5000, metres(501), presence.Unsure},
		{5000, metres(math.NaN()), presence.Unsure}, {math.Inf(1), metres(5), presence.Outside},
	} {
		if got := presence.SideOf(c.edge, c.accuracy); got != c.want {
			t.Errorf("%v m from the edge: %v, want %v", c.edge, got, c.want)
		}
	}
}

// TestJitter: somebody who stays within the accuracy that the phone tells of
// the edge crosses at most once, whatever the dwell times.
func TestJitter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		z := &home.Zone{Enter: rapid.IntRange(0, 60).Draw(t, "enter"), Leave: rapid.IntRange(0, 60).Draw(t, "leave")}
		track, crossings, now := presence.Track{}, 0, start
		for range rapid.IntRange(1, 100).Draw(t, "positions") {
			now = now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "later")) * time.Second)
			accuracy := rapid.Float64Range(0, 600).Draw(t, "accuracy")
			edge := accuracy * rapid.Float64Range(-1, 1).Draw(t, "edge")
			var crossed bool
			track, crossed = track.Next(z, presence.Evidence{Side: presence.SideOf(edge, &accuracy), At: now, Now: now})
			if crossed {
				crossings++
			}
		}
		if crossings > 1 {
			t.Errorf("%d crossings", crossings)
		}
	})
}

// TestDwell: what alternates faster than the dwell times never crosses again,
// and nothing crosses before its time.
func TestDwell(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		z := &home.Zone{Enter: 40, Leave: 40}
		track, now, since := presence.Track{}, start, home.Time(0)
		side := presence.Outside
		for range rapid.IntRange(1, 200).Draw(t, "positions") {
			now = now.Add(time.Duration(rapid.IntRange(1, 60).Draw(t, "later")) * time.Second)
			next := rapid.SampledFrom([]presence.Side{presence.Inside, presence.Outside, presence.Unsure}).Draw(t, "side")
			timer := rapid.Bool().Draw(t, "timer")
			if !timer && next != presence.Unsure && next != side {
				side, since = next, now
			}
			was := track.Inside
			var crossed bool
			if timer {
				track, crossed = track.Settle(z, now)
			} else {
				track, crossed = track.Next(z, presence.Evidence{Side: next, At: now, Now: now})
			}
			if crossed != (was != track.Inside) {
				t.Fatal("a crossing that is none")
			}
			if crossed && now.Sub(since) < 40*time.Second && since != 0 {
				t.Fatalf("crossed after %s", now.Sub(since))
			}
			track = track.Told()
		}
	})
}

// TestLate: evidence of before what is known, in any order, changes nothing.
func TestLate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		z := &home.Zone{}
		track, _ := presence.Track{}.Next(z, presence.Evidence{Side: presence.Inside, At: start, Now: start})
		for range rapid.IntRange(1, 20).Draw(t, "positions") {
			e := presence.Evidence{Side: presence.Outside, At: start.Add(-time.Duration(rapid.IntRange(1, 1e6).Draw(t, "before")) * time.Millisecond), Now: start.Add(time.Minute)}
			next, crossed := track.Next(z, e)
			if crossed || next.Inside != track.Inside || next.Turning != 0 {
				t.Fatalf("late evidence gave %+v", next)
			}
		}
	})
}

func TestTrack(t *testing.T) {
	z := &home.Zone{Enter: 0, Leave: 30}
	see := func(track presence.Track, side presence.Side, seconds int) (presence.Track, bool) {
		now := start.Add(time.Duration(seconds) * time.Second)
		return track.Next(z, presence.Evidence{Side: side, At: now, Now: now, Cause: home.Cause{{Kind: "event", Seq: uint64(seconds)}}})
	}
	track, crossed := see(presence.Track{}, presence.Outside, 0)
	if crossed || track.Inside {
		t.Error("the first position, outside, tells something")
	}
	if track, crossed = see(track, presence.Inside, 10); !crossed || !track.Inside {
		t.Error("did not enter at once")
	}
	if track, crossed = see(track.Told(), presence.Outside, 20); crossed || track.Turning == 0 {
		t.Error("left at once")
	}
	if back, _ := see(track, presence.Inside, 25); back.Turning != 0 || back.Cause != nil {
		t.Error("coming back does not end the leaving")
	}
	if same, _ := see(track, presence.Unsure, 25); same.Turning != track.Turning {
		t.Error("a straddling circle changed something")
	}
	if _, crossed = track.Settle(z, start.Add(49*time.Second)); crossed {
		t.Error("left before the dwell time")
	}
	left, crossed := track.Settle(z, start.Add(50*time.Second))
	if !crossed || left.Inside || left.Cause[0].Seq != 20 || left.Told().Cause != nil {
		t.Errorf("after the dwell time: %+v", left)
	}
	if _, crossed = track.Settle(z, start.Add(-time.Hour)); !crossed {
		t.Error("a clock that went back keeps the member inside")
	}
}

func TestSources(t *testing.T) {
	phone := home.PresenceSource{Feature: "phone", Operator: "=", Value: home.Num(1), Timeout: 600, Holds: true}
	motion := home.PresenceSource{Feature: "motion", Operator: ">", Value: home.Num(0), Timeout: 60}
	seen, current := map[string]presence.Sighting{}, map[string]*home.State{}
	m := presence.Member{Since: start, Sources: []home.PresenceSource{phone, motion},
		Sighting: func(f string) presence.Sighting { return seen[f] }, Current: func(f string) *home.State { return current[f] }}
	after := func(d time.Duration) bool { gone, _ := m.Gone(start.Add(d)); return gone }
	if after(599*time.Second) || !after(600*time.Second) {
		t.Error("who was never seen stays for the longest time-out")
	}
	if m.Seen(start.Add(time.Second)) {
		t.Error("who was never seen is seen")
	}
	current["phone"] = &home.State{Value: home.Num(1)}
	if after(24*time.Hour) || !m.Seen(start.Add(24*time.Hour)) {
		t.Error("a value that holds stops showing the member")
	}
	current["phone"] = &home.State{Value: home.Num(0)}
	seen["phone"] = presence.Sighting{At: start.Add(time.Hour)}
	seen["motion"] = presence.Sighting{At: start.Add(2 * time.Hour), Cause: home.Cause{{Kind: "state"}}}
	if after(2*time.Hour+59*time.Second) || !after(2*time.Hour+time.Minute) {
		t.Error("the motion's time-out does not count")
	}
	if _, cause := m.Gone(start.Add(3 * time.Hour)); len(cause) != 1 {
		t.Error("the last sighting's cause is lost")
	}
	if gone, _ := (&presence.Member{Since: start}).Gone(start.Add(1000 * time.Hour)); gone {
		t.Error("without sources nobody goes")
	}
}

func TestShows(t *testing.T) {
	for _, c := range []struct {
		operator string
		value    home.Value
		want     [3]bool // for 0, 1, 2
	}{
		{"=", home.Num(1), [3]bool{false, true, false}}, {"!=", home.Num(1), [3]bool{true, false, true}}, {">", home.Num(1), [3]bool{false, false, true}},
		{">=", home.Num(1), [3]bool{false, true, true}}, {"<", home.Num(1), [3]bool{true, false, false}}, {"<=", home.Num(1), [3]bool{true, true, false}},
		{">", home.Txt("0"), [3]bool{}}, {"?", home.Num(1), [3]bool{}},
	} {
		s := home.PresenceSource{Operator: c.operator, Value: c.value}
		for n, want := range c.want {
			if presence.Shows(&s, home.Num(float64(n))) != want {
				t.Errorf("%d %s %v is not %v", n, c.operator, c.value, want)
			}
		}
	}
}
