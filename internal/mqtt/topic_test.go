package mqtt_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"latchkey/home"
	"latchkey/internal/mqtt"
)

func table(t testing.TB) *mqtt.Table {
	t.Helper()
	nothing := func(*mqtt.Message) {}
	tb, err := mqtt.NewTable([]mqtt.Topic{
		{Pattern: "g/device/{device...}/feature/{feature...}/state", Name: "state", Handler: nothing},
		{Pattern: "g/device/{device...}/feature/{feature...}/text", Name: "text", Handler: nothing},
		{Pattern: "g/device/create", Name: "create", Handler: nothing},
		{Pattern: "g/scene/{scene}/start", Name: "scene", Handler: nothing},
		{Pattern: "o/{user}/{phone}", Name: "phone", Handler: nothing},
		{Pattern: "o/{user}/{phone}/event", Name: "event", Handler: nothing},
	})
	if err != nil {
		t.Fatal(err)
	}
	return tb
}

func TestFind(t *testing.T) {
	tb := table(t)
	for _, c := range []struct {
		topic, name, reason string
		words               []string
	}{
		{"g/device/d/feature/f/state", "state", "", []string{"d", "f"}},
		{"g/device/d/feature/f/text", "text", "", []string{"d", "f"}},
		{"g/device/a%2Fb/feature/c%2fd/state", "state", "", []string{"a/b", "c/d"}},
		{"g/device/a/b/feature/c/d/state", "state", "", []string{"a/b", "c/d"}},
		{"g/device/feature/feature/state/state", "state", "", []string{"feature", "state"}},
		{"g/device/a/feature/b/feature/c/state", "", "topic_ambiguous", nil},
		{"g/device/a%2Ffeature%2Fb/feature/c/state", "state", "", []string{"a/feature/b", "c"}},
		{"g/device/50% of \u00e9/feature/a%2Bb%23/state", "state", "", []string{"50% of \u00e9", "a+b#"}},
		{"g/device/d/feature/%00/state", "state", "", []string{"d", "\x00"}},
		{"g/device/d/feature/%ff/state", "", "topic_refused", nil},
		{"g/device/d/feature//state", "state", "", []string{"d", ""}},
		{"g/device/create", "create", "", nil},
		{"g/scene/a/start", "scene", "", []string{"a"}},
		{"g/scene/a/b/start", "", "topic_unknown", nil},
		{"o/u/p/event", "event", "", []string{"u", "p"}},
		{"o/u/p", "phone", "", []string{"u", "p"}},
		{"x/g/device/create", "", "topic_unknown", nil},
		{"g/device/+/feature/f/state", "", "topic_refused", nil},
		{"g/device/d\x00/feature/f/state", "", "topic_refused", nil},
		{"", "", "topic_refused", nil},
	} {
		found, words, err := tb.Find(c.topic)
		if err != nil {
			if e := home.AsError(err); e.Reason != c.reason {
				t.Errorf("%q: %v, want the reason %q", c.topic, err, c.reason)
			}
			continue
		}
		if found.Name != c.name || !slices.Equal(words, c.words) {
			t.Errorf("%q leads to %s %q, want %s %q", c.topic, found.Name, words, c.name, c.words)
		}
	}
}

// TestFilters: every topic is subscribed to, none by two filters.
func TestFilters(t *testing.T) {
	if got, want := table(t).Filters(), []string{"g/device/#", "g/scene/+/start", "o/+/+", "o/+/+/event"}; !slices.Equal(got, want) {
		t.Errorf("the filters are %q, want %q", got, want)
	}
}

func TestTableRefuses(t *testing.T) {
	one := mqtt.Topic{Pattern: "a/{x}", Name: "a", Handler: func(*mqtt.Message) {}}
	for _, topics := range [][]mqtt.Topic{{one, one}, {{Pattern: "a", Name: "a"}}, {{Pattern: "a/#", Name: "a", Handler: one.Handler}}} {
		if _, err := mqtt.NewTable(topics); err == nil {
			t.Errorf("the table takes %v", topics)
		}
	}
}

func FuzzFind(f *testing.F) {
	for _, topic := range []string{"g/device/a/feature/b/state", "g/device/create", "o/u/p/event", "g/device/a%2Fb/feature/c/d/state", strings.Repeat("g/device/feature/", 20)} {
		f.Add(topic)
	}
	tb := table(f)
	f.Fuzz(func(t *testing.T, topic string) {
		found, words, err := tb.Find(topic)
		if err != nil {
			if home.CodeOf(err) == home.Internal {
				t.Fatal(err)
			}
			return
		}
		if !slices.ContainsFunc(tb.Filters(), func(filter string) bool { return mqtt.Match(filter, topic) }) {
			t.Fatalf("%q leads to %s, and no filter takes it in", topic, found.Name)
		}
		for _, w := range words {
			if !utf8.ValidString(w) {
				t.Fatalf("%q has the word %q", topic, w)
			}
		}
	})
}

func FuzzEscape(f *testing.F) {
	for _, s := range []string{"", "a/b", "50%", "%2F", "a+b#", "\x00\x7f", "\u00e9 \xff", "%%25"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		level := mqtt.Escape(s)
		if strings.ContainsAny(level, "/+#\x00") {
			t.Fatalf("%q is escaped as %q", s, level)
		}
		if back := mqtt.Unescape(level); back != s {
			t.Fatalf("%q is escaped as %q, which reads as %q", s, level, back)
		}
		if once := mqtt.Unescape(s); len(once) > len(s) {
			t.Fatalf("%q grows to %q", s, once)
		}
	})
}

// TestPanic: a handler that panics takes only its message with it, and what is
// done with is done with once.
func TestPanic(t *testing.T) {
	tb, err := mqtt.NewTable([]mqtt.Topic{
		{Pattern: "panic", Name: "panic", Right: home.WriteState, Handler: func(*mqtt.Message) { panic("oh") }},
		{Pattern: "twice", Name: "twice", Right: home.WriteState, Handler: func(m *mqtt.Message) { m.Done(nil); m.Done(nil); panic("oh") }},
	})
	if err != nil {
		t.Fatal(err)
	}
	who := &home.Identity{Grants: []home.Grant{{Verbs: []home.Verb{home.WriteState}}}}
	for topic, want := range map[string]home.Code{"panic": home.Internal, "twice": "", "nothing": home.NotFound} {
		var got []error
		tb.Take(mqtt.Message{Topic: topic, Who: who}, func(err error) { got = append(got, err) })
		if len(got) != 1 || home.CodeOf(got[0]) != want {
			t.Errorf("%s ended with %v, want %q once", topic, got, want)
		}
	}
	tb.Take(mqtt.Message{Topic: "panic", Who: &home.Identity{}}, func(err error) {
		if home.CodeOf(err) != home.Forbidden {
			t.Errorf("without the right it ended with %v", err)
		}
	})
}
