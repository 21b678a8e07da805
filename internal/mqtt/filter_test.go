package mqtt_test

import (
	"strings"
	"testing"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"latchkey/internal/mqtt"
)

// matches are filters, topics and whether they match, as the standard says.
var matches = []struct {
	filter, topic string
	want          bool
}{
	{"a/b", "a/b", true}, {"a/b", "a/c", false}, {"a/b", "a", false}, {"a", "a/b", false}, {"a/b", "a/b/", false},
	{"a/+", "a/b", true}, {"a/+", "a/", true}, {"a/+", "a", false}, {"a/+", "a/b/c", false}, {"+", "a", true}, {"+/+", "/a", true}, {"/+", "/a", true},
	{"+", "/a", false}, {"a/+/c", "a/b/c", true}, {"a/+/c", "a//c", true}, {"#", "a", true}, {"#", "a/b/c", true}, {"a/#", "a", true}, {"a/#", "a/b", true},
	{"a/#", "a/", true}, {"a/#", "ab", false}, {"a/#", "b/a", false}, {"+/#", "a", true}, {"+/b/#", "a/b/c/d", true}, {"a/b", "x/a/bc", false},
	{"#", "$SYS/x", false}, {"+/x", "$SYS/x", false}, {"$SYS/#", "$SYS/x", true}, {"a/\u00e9 b", "a/\u00e9 b", true}, {"A", "a", false}, {"a//b", "a/b", false},
}

func TestMatch(t *testing.T) {
	for _, c := range matches {
		if got := mqtt.Match(c.filter, c.topic); got != c.want {
			t.Errorf("%q matches %q: %v, want %v", c.filter, c.topic, got, c.want)
		}
	}
}

// library is the same question asked of the broker that we use.
func library(filter, topic string) bool {
	x := mochi.NewTopicsIndex()
	x.Subscribe("c", packets.Subscription{Filter: filter})
	return len(x.Subscribers(topic).Subscriptions) == 1
}

func FuzzMatch(f *testing.F) {
	for _, c := range matches {
		f.Add(c.filter, c.topic)
	}
	f.Add("a/#/b", "a\x00")
	f.Add("a+/b", strings.Repeat("/", 70))
	f.Fuzz(func(t *testing.T, filter, topic string) {
		if !mqtt.ValidFilter(filter) || !mqtt.ValidTopic(topic) || strings.HasPrefix(filter, "$share") {
			return
		}
		got := mqtt.Match(filter, topic)
		// The library does not match a to +/#, against the standard (4.7.1.2).
		parent := strings.HasSuffix(filter, "+/#") && strings.Count(filter, "/") == strings.Count(topic, "/")+1
		if want := library(filter, topic); got != want && !parent {
			t.Fatalf("%q matches %q: %v, the library says %v", filter, topic, got, want)
		}
		if got && !mqtt.Overlap(filter, topic) || got && topic[0] != '$' && !mqtt.Covers("#", filter) {
			t.Fatalf("%q matches %q and does not overlap it", filter, topic)
		}
		if !mqtt.Covers(filter, filter) || mqtt.Covers(filter, topic) != got && topic[0] != '$' {
			t.Fatalf("%q covers %q: not as it matches", filter, topic)
		}
	})
}

func TestValid(t *testing.T) {
	for filter, want := range map[string]bool{"a": true, "#": true, "+": true, "a/+/#": true, "/": true, "a b/\u00e9": true, "$SYS/#": true,
		"": false, "a#": false, "#/a": false, "a/b#": false, "+a": false, "a/+b/c": false, "a\x00": false, "a\xff": false,
		strings.Repeat("a", 4097): false, strings.Repeat("/", 64): false} {
		if got := mqtt.ValidFilter(filter); got != want {
			t.Errorf("%.40q is a filter: %v, want %v", filter, got, want)
		}
	}
	if mqtt.ValidTopic("a/+") || mqtt.ValidTopic("a/#") || !mqtt.ValidTopic("a/ b") {
		t.Error("wildcards are no part of a topic")
	}
}

func TestCoversAndOverlap(t *testing.T) {
	for _, c := range []struct {
		a, b            string
		covers, overlap bool
	}{
		{"#", "a/b", true, true}, {"a/#", "a", true, true}, {"a/#", "a/+/c", true, true}, {"a/+", "a/b", true, true}, {"a/b", "a/+", false, true},
		{"a/+", "a/#", false, true}, {"a/+/c", "a/b/+", false, true}, {"a", "b", false, false}, {"a/b", "a", false, false}, {"+/b", "a/c", false, false},
	} {
		if got := mqtt.Covers(c.a, c.b); got != c.covers {
			t.Errorf("%q covers %q: %v", c.a, c.b, got)
		}
		if got := mqtt.Overlap(c.a, c.b); got != c.overlap || mqtt.Overlap(c.b, c.a) != got {
			t.Errorf("%q overlaps %q: %v", c.a, c.b, got)
		}
	}
}
