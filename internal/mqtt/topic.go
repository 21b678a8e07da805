package mqtt

import (
	"fmt"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"latchkey/home"
)

// Topic is one kind of message that is taken in, with everything that is
// decided about it before its handler runs.
type Topic struct {
	// Pattern is a topic with places for words: a/{x}/b. {x} is one level,
	// {x...} one or more, where it is clear which.
	Pattern string
	Name    string // unique, such as gladys.mqtt_state
	Right   home.Verb
	Handler Handler
}

// Handler takes a message in. It calls m.Done exactly once, then or later, and
// holds up whoever sent the message for as long as it runs.
type Handler func(m *Message)

// Message is something that was published.
type Message struct {
	Topic    string
	Words    []string // what stands in the places of the topic's pattern, escapes read
	Payload  []byte
	Retained bool // kept by a broker from before: it says how things are, not that something happens
	Who      *home.Identity

	receipt receipt
	seq     uint64
	done    uint32 // atomic
}

// receipt is where a message's fate is told.
type receipt interface{ settle(m *Message, err error) }

// Done says that m is on disk, or why it is not taken in. It does not block.
// Only the first call counts.
func (m *Message) Done(err error) {
	if atomic.CompareAndSwapUint32(&m.done, 0, 1) {
		m.receipt.settle(m, err)
	}
}

// handle runs m's handler. One that panics takes only its message with it.
func (t *Topic) handle(m *Message) {
	defer func() {
		if p := recover(); p != nil {
			m.Done(fmt.Errorf("the handler of %s panicked: %v\n%s", t.Name, p, debug.Stack()))
		}
	}()
	t.Handler(m)
}

// Filter returns the filter that every topic of the pattern matches.
func (t *Topic) Filter() string {
	levels := strings.Split(t.Pattern, "/")
	for i, l := range levels {
		if _, several, place := placeOf(l); several {
			return strings.Join(append(levels[:i], "#"), "/")
		} else if place {
			levels[i] = "+"
		}
	}
	return strings.Join(levels, "/")
}

// placeOf reads {x} and {x...}.
func placeOf(level string) (name string, several, ok bool) {
	if len(level) < 3 || level[0] != '{' || level[len(level)-1] != '}' {
		return "", false, false
	}
	name, several = strings.CutSuffix(level[1:len(level)-1], "...")
	return name, several, name != ""
}

// Table finds topics.
type Table struct {
	topics []Topic
	levels [][]string
}

// NewTable returns a table of topics. It refuses two of one name or pattern.
func NewTable(topics []Topic) (*Table, error) {
	t := &Table{topics: topics}
	seen := map[string]bool{}
	for i := range topics {
		p := &topics[i]
		if p.Name == "" || p.Handler == nil || !ValidTopic(p.Pattern) || seen[p.Name] || seen[p.Pattern] {
			return nil, fmt.Errorf("the topic %s (%s) is not complete, or is there twice", p.Pattern, p.Name)
		}
		seen[p.Name], seen[p.Pattern] = true, true
		t.levels = append(t.levels, strings.Split(p.Pattern, "/"))
	}
	return t, nil
}

// Topics lists what is in the table.
func (t *Table) Topics() []Topic { return t.topics }

// Filters returns the fewest filters that take in every topic of the table.
func (t *Table) Filters() []string {
	var all, out []string
	for i := range t.topics {
		all = append(all, t.topics[i].Filter())
	}
next:
	for i, f := range all {
		for j, other := range all {
			if i != j && Covers(other, f) && (j < i || !Covers(f, other)) {
				continue next
			}
		}
		out = append(out, f)
	}
	return out
}

// Find returns the topic's entry and the words in its places. Errors: NotFound
// (topic_unknown) when there is none, Invalid (topic_ambiguous) when it is not
// clear where a word ends, or what is escaped is not text.
func (t *Table) Find(topic string) (*Topic, []string, error) {
	if !ValidTopic(topic) {
		return nil, nil, home.Errorf(home.Invalid, "%.200q is not a topic that can be published to", topic).Because("topic_refused")
	}
	levels := strings.Split(topic, "/")
	for i, pattern := range t.levels {
		f := finder{pattern: pattern, levels: levels}
		f.from(0, 0)
		switch {
		case f.found == 0:
			continue
		case f.found > 1:
			return nil, nil, home.Errorf(home.Invalid, "it is not clear which ids %.200q means; write a slash inside an id as %%2F", topic).Because("topic_ambiguous")
		}
		for n, w := range f.words {
			if f.words[n] = Unescape(w); !utf8.ValidString(f.words[n]) {
				return nil, nil, home.Errorf(home.Invalid, "%.200q is not UTF-8 once its escapes are read", topic).Because("topic_refused")
			}
		}
		return &t.topics[i], f.words, nil
	}
	return nil, nil, home.Errorf(home.NotFound, "nothing is taken in on the topic %.200q", topic).Because("topic_unknown")
}

// finder looks for the ways in which levels fit a pattern, and stops at two.
type finder struct {
	pattern, levels []string
	taken           []string
	words           []string // of the first way found
	found           int
}

func (f *finder) from(p, l int) {
	if f.found > 1 || len(f.levels)-l < len(f.pattern)-p {
		return
	}
	if p == len(f.pattern) {
		if l == len(f.levels) {
			if f.found++; f.found == 1 {
				f.words = append([]string(nil), f.taken...)
			}
		}
		return
	}
	_, several, place := placeOf(f.pattern[p])
	switch {
	case !place:
		if f.levels[l] == f.pattern[p] {
			f.from(p+1, l+1)
		}
	case !several:
		f.take(p, l, l+1)
	default:
		for end := l + 1; end <= len(f.levels); end++ {
			f.take(p, l, end)
		}
	}
}

func (f *finder) take(p, l, end int) {
	f.taken = append(f.taken, strings.Join(f.levels[l:end], "/"))
	f.from(p+1, end)
	f.taken = f.taken[:len(f.taken)-1]
}

// Take hands a message to its topic's handler, as a broker does, for who has
// one without a broker. done is called once.
func (t *Table) Take(m Message, done func(error)) {
	m.receipt = calling(done)
	topic, words, err := t.Find(m.Topic)
	if err == nil && !m.Who.MaySome(topic.Right) {
		err = rightMissing(topic.Right)
	}
	if err != nil {
		done(err)
		return
	}
	m.Words = words
	topic.handle(&m)
}

type calling func(error)

func (c calling) settle(_ *Message, err error) { c(err) }

func rightMissing(v home.Verb) error {
	return home.Errorf(home.Forbidden, "this needs the right %s, which the key does not hold", v).Because("right_missing")
}
