package scenetest

import (
	"fmt"
	"strconv"

	"latchkey/home"
	"latchkey/hub"
)

// Source is what shows that a member is at home.
type Source struct {
	Member string
	home.PresenceSource
}

// zone reads: NAME LAT LON RADIUS [home] [enter SECONDS] [leave SECONDS].
func (s *Scenario) zone(words []string) error {
	numbers, err := numbers(words[1:4])
	if err != nil {
		return err
	}
	z := hub.NewZone{Name: plain(words[0]), Area: home.Area{Circle: &home.Circle{Latitude: numbers[0], Longitude: numbers[1], Radius: numbers[2]}}}
	rest := words[4:]
	if len(rest) > 0 && rest[0] == "home" {
		z.Home, rest = true, rest[1:]
	}
	for ; len(rest) >= 2; rest = rest[2:] {
		seconds, err := strconv.Atoi(rest[1])
		switch {
		case err != nil:
			return fmt.Errorf("%q is not a number of seconds", rest[1])
		case rest[0] == "enter":
			z.Enter = &seconds
		case rest[0] == "leave":
			z.Leave = &seconds
		default:
			return fmt.Errorf("behind a zone comes home, enter SECONDS, leave SECONDS, not %.40q", rest[0])
		}
	}
	if len(rest) > 0 {
		return fmt.Errorf("%.40q is too much here", rest[0])
	}
	s.Zones = append(s.Zones, z)
	return nil
}

// source reads: MEMBER FEATURE OPERATOR VALUE SECONDS [holds].
func (s *Scenario) source(words []string) error {
	v, err := value(words[3])
	if err != nil {
		return err
	}
	seconds, err := strconv.Atoi(words[4])
	if err != nil || len(words) > 6 || len(words) == 6 && words[5] != "holds" {
		return fmt.Errorf("a source is MEMBER FEATURE OPERATOR VALUE SECONDS [holds]")
	}
	s.Sources = append(s.Sources, Source{plain(words[0]), home.PresenceSource{Feature: plain(words[1]), Operator: words[2], Value: v,
		Timeout: seconds, Holds: len(words) == 6}})
	return nil
}

// position reads: LAT LON [acc METRES] [said TIME] [by MEMBER].
func (s *Scenario) position(a Act, words []string) error {
	where, err := numbers(words[:2])
	if err != nil {
		return err
	}
	a.Verb, a.Where = "position", home.Position{Latitude: where[0], Longitude: where[1]}
	words = words[2:]
	if len(words) >= 2 && words[0] == "acc" {
		metres, err := numbers(words[1:2])
		if err != nil {
			return err
		}
		a.Where.Accuracy, words = &metres[0], words[2:]
	}
	if len(words) >= 2 && words[0] == "said" {
		if a.Said, err = clockTime(words[1]); err != nil {
			return err
		}
		words = words[2:]
	}
	rest, err := a.by(words)
	if err != nil {
		return err
	}
	return s.add(a, rest)
}

func numbers(words []string) ([]float64, error) {
	var out []float64
	for _, w := range words {
		n, err := strconv.ParseFloat(w, 64)
		if err != nil {
			return nil, fmt.Errorf("%.40q is not a number", w)
		}
		out = append(out, n)
	}
	return out, nil
}

// locate tells where a member's phone is.
func (w *world) locate(id *home.Identity, a Act) error {
	f := hub.Fix{Kind: "location", Phone: "phone", Position: a.Where}
	if a.Said >= 0 {
		f.Position.At = home.TimeOf(day().Add(a.Said))
	}
	_, err := w.hub.Locate(w.t.Context(), id, f)
	return err
}

// furnish makes the zones and says what shows the members.
func (w *world) furnish(s *Scenario) {
	for _, z := range s.Zones {
		_, err := w.hub.CreateZone(w.t.Context(), w.owner, z)
		w.must("create the zone "+z.Name, err)
	}
	sources := map[string][]home.PresenceSource{}
	for _, one := range s.Sources {
		sources[one.Member] = append(sources[one.Member], one.PresenceSource)
	}
	for name, list := range sources {
		who, err := w.who(name)
		w.must("find "+name, err)
		_, err = w.hub.SetPresenceSources(w.t.Context(), w.owner, who.Account, list)
		w.must("set the sources of "+name, err)
	}
}
