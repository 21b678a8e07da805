package scenetest

import (
	"fmt"
	"strconv"
	"strings"

	"latchkey/home"
)

// expect reads what must be so.
func (s *Scenario) expect(a Act, words []string) error {
	count, err := strconv.Atoi(words[0])
	switch {
	case words[0] == "presence" && len(words) == 3 && (words[2] == "home" || words[2] == "away"):
		a.What, a.Name = words[2], plain(words[1])
		return s.add(a, nil)
	case words[0] == "run" || err == nil && count >= 0 && (words[1] == "runs" || words[1] == "run"):
		return s.expectRun(a, words)
	case err == nil && count >= 0 && len(words) == 3 && (words[1] == "events" || words[1] == "event"):
		a.What, a.Count, a.Name = "events", count, plain(words[2])
		return s.add(a, nil)
	case len(words) == 2 && words[1] == "unknown":
		a.What, a.Name = "unknown", plain(words[0])
		return s.add(a, nil)
	case len(words) == 3 && words[1] == "=":
		v, err := value(words[2])
		a.What, a.Name, a.Values = "value", plain(words[0]), []home.Value{v}
		if err != nil {
			return err
		}
		return s.add(a, nil)
	}
	return fmt.Errorf("expect FEATURE = VALUE, FEATURE unknown, presence NAME home, run STATUS, N runs STATUS, N events TYPE, not %.60q", strings.Join(words, " "))
}

// expectRun reads: run STATUS [of SCENE] [because TEXT], or N runs [STATUS] [of SCENE].
func (s *Scenario) expectRun(a Act, words []string) error {
	a.What = "run"
	if words[0] != "run" {
		a.What = "runs"
		a.Count, _ = strconv.Atoi(words[0])
		words = words[1:]
	}
	words = words[1:]
	if len(words) > 0 && words[0] != "of" {
		a.Status, words = words[0], words[1:]
	}
	if len(words) >= 2 && words[0] == "of" {
		a.Name, words = plain(words[1]), words[2:]
	}
	if len(words) == 2 && words[0] == "because" && a.What == "run" {
		a.Reason, words = plain(words[1]), nil
	}
	return s.add(a, words)
}
