package mqtt

import (
	"strings"
	"unicode/utf8"
)

// MaxTopic is how many bytes a topic or filter may have.
const MaxTopic = 4096

// MaxLevels is how many levels a topic or filter may have.
const MaxLevels = 64

// ValidTopic reports whether a message may be published to t.
func ValidTopic(t string) bool { return wellFormed(t) && !strings.ContainsAny(t, "+#") }

// ValidFilter reports whether f may be subscribed to: + stands alone in its
// level, # alone in the last one.
func ValidFilter(f string) bool {
	if !wellFormed(f) {
		return false
	}
	for rest, more := f, true; more; {
		var level string
		level, rest, more = strings.Cut(rest, "/")
		if len(level) > 1 && strings.ContainsAny(level, "+#") || level == "#" && more {
			return false
		}
	}
	return true
}

func wellFormed(s string) bool {
	return s != "" && len(s) <= MaxTopic && strings.IndexByte(s, 0) < 0 && utf8.ValidString(s) && strings.Count(s, "/") < MaxLevels
}

// Match reports whether a message to topic reaches who subscribed to filter.
// Both are valid. A wildcard in the first level does not match a topic that
// begins with $.
func Match(filter, topic string) bool {
	if topic != "" && topic[0] == '$' && filter != "" && (filter[0] == '+' || filter[0] == '#') {
		return false
	}
	for {
		f, filterRest, filterMore := strings.Cut(filter, "/")
		if f == "#" {
			return true
		}
		t, topicRest, topicMore := strings.Cut(topic, "/")
		if f != "+" && f != t {
			return false
		}
		switch {
		case !filterMore && !topicMore:
			return true
		case !topicMore:
			return filterRest == "#" // a/# takes a itself in
		case !filterMore:
			return false
		}
		filter, topic = filterRest, topicRest
	}
}

// Covers reports whether a matches every topic that b matches.
func Covers(a, b string) bool { return covers(strings.Split(a, "/"), strings.Split(b, "/")) }

func covers(a, b []string) bool {
	for i := 0; ; i++ {
		switch {
		case i < len(a) && a[i] == "#":
			return true
		case i == len(a) && i == len(b):
			return true
		case i >= len(a), i >= len(b), b[i] == "#", a[i] != "+" && a[i] != b[i]:
			return false
		}
	}
}

// Overlap reports whether there is a topic that both filters match, those that
// begin with $ left out.
func Overlap(a, b string) bool {
	x, y := strings.Split(a, "/"), strings.Split(b, "/")
	for i := 0; ; i++ {
		switch {
		case i < len(x) && x[i] == "#", i < len(y) && y[i] == "#":
			return true
		case i == len(x) && i == len(y):
			return true
		case i >= len(x), i >= len(y), x[i] != "+" && y[i] != "+" && x[i] != y[i]:
			return false
		}
	}
}
