package scenetest

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"latchkey/home"
	"latchkey/hub"
)

// Scenario is a house and what happens in it, in the order of the file.
type Scenario struct {
	Members  []Member
	Features []Feature
	Zones    []hub.NewZone
	Sources  []Source
	Acts     []Act
}

// Member is somebody who lives in the house. The first one owns it.
type Member struct {
	Name      string
	Role      home.Role
	Uncounted bool
}

// Feature is one value of the house.
type Feature struct {
	ID       string
	Kind     string // binary, number, text
	ReadOnly bool
}

// Act is one line from the first scene on: something done, or something
// expected.
type Act struct {
	Line   int
	At     time.Duration // since midnight; for what is done at a time
	Verb   string        // scene, report, position, event, start, delete, enable, disable, remove, wait, restart, expect
	Name   string        // of the scene, feature, event type or member
	By     string        // the member who does it; "" = the owner
	Values []home.Value  // report
	Said   time.Duration // report, position: when it was so; -1 = now
	Where  home.Position // position
	Doc    string        // scene, event: JSON
	Status string        // scene: refused; expect: a run's status
	Reason string        // part of why
	Count  int           // expect: how many; -1 = not asked
	What   string        // expect: value, unknown, home, away, run, runs, events
}

// Parse reads a scenario. An error names the line.
func Parse(src string) (*Scenario, error) {
	s := &Scenario{}
	lines := strings.Split(src, "\n")
	for i := 0; i < len(lines); i++ {
		text := lines[i]
		if t := strings.TrimSpace(text); t == "" || t[0] == '#' {
			continue
		}
		number := i + 1
		words, err := split(text)
		if err == nil && words[0] == "scene" {
			var doc []string
			for i+1 < len(lines) && strings.HasPrefix(lines[i+1], " ") {
				i++
				doc = append(doc, lines[i])
			}
			err = s.scene(number, words[1:], strings.Join(doc, "\n"))
		} else if err == nil {
			err = s.line(number, words)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
	}
	return s, nil
}

// split cuts a line into words. A word in double quotes is a JSON text, one
// that begins with a brace goes to the end of the line.
func split(line string) ([]string, error) {
	var words []string
	for rest := strings.TrimSpace(line); rest != ""; rest = strings.TrimSpace(rest) {
		if rest[0] == '{' {
			return append(words, rest), nil
		}
		if rest[0] == '"' {
			d := json.NewDecoder(strings.NewReader(rest))
			var text string
			if err := d.Decode(&text); err != nil {
				return nil, fmt.Errorf("a text in quotes does not end: %.40s", rest)
			}
			words = append(words, "\""+text)
			rest = rest[d.InputOffset():]
			continue
		}
		word, after, _ := strings.Cut(rest, " ")
		words, rest = append(words, word), after
	}
	return words, nil
}

// plain returns a word without the mark of a quoted one.
func plain(word string) string { return strings.TrimPrefix(word, "\"") }

func (s *Scenario) line(number int, words []string) error {
	switch {
	case words[0] == "member" && (len(words) == 3 || len(words) == 4 && words[3] == "uncounted"):
		role := home.Role(words[2])
		if home.RoleRights(role) == nil {
			return fmt.Errorf("%q is not a role", words[2])
		}
		s.Members = append(s.Members, Member{plain(words[1]), role, len(words) == 4})
		return nil
	case words[0] == "feature" && (len(words) == 3 || len(words) == 4 && words[3] == "readonly"):
		if k := words[2]; k != "binary" && k != "number" && k != "text" {
			return fmt.Errorf("a feature is binary, number or text, not %q", k)
		}
		s.Features = append(s.Features, Feature{plain(words[1]), words[2], len(words) == 4})
		return nil
	case words[0] == "zone" && len(words) >= 5:
		return s.zone(words[1:])
	case words[0] == "source" && len(words) >= 6:
		return s.source(words[1:])
	case words[0] == "at" && len(words) >= 3:
		at, err := clockTime(words[1])
		if err != nil {
			return err
		}
		return s.act(Act{Line: number, At: at, Said: -1, Count: -1}, words[2:])
	case words[0] == "expect" && len(words) >= 3:
		return s.expect(Act{Line: number, Verb: "expect", Count: -1}, words[1:])
	}
	return fmt.Errorf("a line is member NAME ROLE, feature ID KIND, zone NAME LAT LON RADIUS, source MEMBER FEATURE OPERATOR VALUE SECONDS, scene NAME, at TIME ..., expect ..., not %.60q", strings.Join(words, " "))
}

// clockTime reads 07:00 or 07:00:05.
func clockTime(s string) (time.Duration, error) {
	for _, layout := range []string{"15:04", "15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.Sub(t.Truncate(24 * time.Hour)), nil
		}
	}
	return 0, fmt.Errorf("%q is not a time such as 07:00 or 07:00:05", s)
}

// scene reads: scene NAME [by MEMBER] [refused because TEXT].
func (s *Scenario) scene(number int, words []string, doc string) error {
	a := Act{Line: number, Verb: "scene", Doc: doc}
	if len(words) == 0 || !json.Valid([]byte(doc)) {
		return fmt.Errorf("a scene is a name, and then indented lines with one JSON object")
	}
	a.Name = plain(words[0])
	rest, err := a.by(words[1:])
	if err != nil {
		return err
	}
	if len(rest) == 3 && rest[0] == "refused" && rest[1] == "because" {
		a.Status, a.Reason, rest = "refused", plain(rest[2]), nil
	}
	return s.add(a, rest)
}

// add keeps a when none of its words is left over.
func (s *Scenario) add(a Act, rest []string) error {
	if len(rest) > 0 {
		return fmt.Errorf("%.40q is too much here", strings.Join(rest, " "))
	}
	s.Acts = append(s.Acts, a)
	return nil
}

// by reads an optional: by MEMBER.
func (a *Act) by(words []string) ([]string, error) {
	if len(words) == 0 || words[0] != "by" {
		return words, nil
	}
	if len(words) < 2 {
		return nil, fmt.Errorf("by whom?")
	}
	a.By = plain(words[1])
	return words[2:], nil
}

// act reads what is done at a time.
func (s *Scenario) act(a Act, words []string) error {
	switch verb := words[0]; {
	case verb == "wait" || verb == "restart":
		a.Verb = verb
		return s.add(a, words[1:])
	case (verb == "delete" || verb == "enable" || verb == "disable" || verb == "remove") && len(words) == 2:
		a.Verb, a.Name = verb, plain(words[1])
		return s.add(a, nil)
	case verb == "start" && len(words) >= 2:
		a.Verb, a.Name = verb, plain(words[1])
		rest, err := a.by(words[2:])
		if err != nil {
			return err
		}
		return s.add(a, rest)
	case verb == "position" && len(words) >= 3:
		return s.position(a, words[1:])
	case verb == "event" && len(words) >= 2:
		return s.event(a, words[1:])
	case len(words) >= 3 && words[1] == "=":
		return s.report(a, words)
	}
	return fmt.Errorf("at TIME comes FEATURE = VALUE, event, start, delete, enable, disable, remove, position, restart or wait, not %.60q", strings.Join(words, " "))
}

// event reads: TYPE [{JSON}].
func (s *Scenario) event(a Act, words []string) error {
	a.Verb, a.Name = "event", plain(words[0])
	if len(words) == 2 && json.Valid([]byte(words[1])) {
		a.Doc, words = words[1], words[:1]
	}
	return s.add(a, words[1:])
}

// report reads: FEATURE = VALUE... [said TIME] [by MEMBER].
func (s *Scenario) report(a Act, words []string) error {
	a.Verb, a.Name = "report", plain(words[0])
	words = words[2:]
	for len(words) > 0 && words[0] != "said" && words[0] != "by" {
		v, err := value(words[0])
		if err != nil {
			return err
		}
		a.Values, words = append(a.Values, v), words[1:]
	}
	if len(a.Values) == 0 {
		return fmt.Errorf("a report has a value")
	}
	if len(words) >= 2 && words[0] == "said" {
		said, err := clockTime(words[1])
		if err != nil {
			return err
		}
		a.Said, words = said, words[2:]
	}
	rest, err := a.by(words)
	if err != nil {
		return err
	}
	return s.add(a, rest)
}

func value(word string) (home.Value, error) {
	if strings.HasPrefix(word, "\"") {
		return home.Txt(plain(word)), nil
	}
	n, err := strconv.ParseFloat(word, 64)
	if err != nil {
		return home.Value{}, fmt.Errorf("%.40q is neither a number nor a text in quotes", word)
	}
	return home.Num(n), nil
}
