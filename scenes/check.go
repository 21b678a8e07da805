package scenes

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"latchkey/home"
)

// Check judges a scene strictly before it is saved. It returns Unprocessable
// with reason scene_refused and one field error for each problem, such as
// triggers[0].feature, saying what is accepted; and what CheckStep returns for
// a scene with which nothing else is wrong.
func (e *Engine) Check(s home.Scene) error {
	_, err := e.compile(s)
	return err
}

// compiled is a scene, ready to run.
type compiled struct {
	scene      home.Scene
	triggers   []Matcher   // parallel to scene.Triggers
	conditions []Condition // parallel to scene.Conditions
}

// compile makes the scene ready, or says everything that is wrong with it.
func (e *Engine) compile(s home.Scene) (*compiled, error) {
	var p problems
	c := &compiled{scene: s}
	if n := utf8.RuneCountInString(strings.TrimSpace(s.Name)); n < 1 || n > 100 {
		p.at("name", "a name has 1 to 100 characters, this one has %d", n)
	}
	p.most("triggers", len(s.Triggers), e.limits.Triggers)
	p.most("conditions", len(s.Conditions), e.limits.Conditions)
	p.most("steps", len(s.Steps), e.limits.Steps)
	if len(p.fields) == 0 {
		for i, t := range s.Triggers {
			m := e.trigger(&p, fmt.Sprintf("triggers[%d]", i), t)
			if o, ok := m.(Owned); ok {
				m = o.Of(s.Owner)
			}
			c.triggers = append(c.triggers, m)
		}
		for i, t := range s.Conditions {
			c.conditions = append(c.conditions, e.condition(&p, fmt.Sprintf("conditions[%d]", i), t))
		}
		e.checkSteps(&p, s)
	}
	if err := p.err("scene_refused", "this scene cannot be saved"); err != nil {
		return nil, err
	}
	return c, nil
}

func (p *problems) most(path string, n, limit int) {
	if n > limit {
		p.at(path, "a scene has at most %d, this one has %d", limit, n)
	}
}

func (e *Engine) trigger(p *problems, path string, t home.Trigger) Matcher {
	k, ok := e.triggers[t.Type]
	if !ok {
		p.unknown(join(path, "type"), t.Type, slices.Sorted(maps.Keys(e.triggers)))
		return nil
	}
	settings, fine := p.settings(path, k.Described, t)
	if !fine {
		return nil
	}
	m, err := k.Compile(settings)
	p.take(path, err)
	return m
}

func (e *Engine) condition(p *problems, path string, t home.Trigger) Condition {
	k, ok := e.conditions[t.Type]
	if !ok {
		p.unknown(join(path, "type"), t.Type, slices.Sorted(maps.Keys(e.conditions)))
		return nil
	}
	settings, fine := p.settings(path, k.Described, t)
	if !fine {
		return nil
	}
	c, err := k.Compile(settings)
	p.take(path, err)
	return c
}

// settings judges a trigger's settings by what its kind says of itself.
func (p *problems) settings(path string, d home.Described, t home.Trigger) (json.RawMessage, bool) {
	before := len(p.fields)
	settings := t.Settings
	if blank(settings) {
		settings, _ = json.Marshal(map[string]string{"type": t.Type})
	}
	kind := home.Field{Name: "type", Kind: "text", Required: true, Enum: []string{d.Name}}
	p.object(path, append([]home.Field{kind}, d.Fields...), settings)
	return settings, len(p.fields) == before
}

func (p *problems) unknown(path, given string, known []string) {
	if given == "" {
		p.at(path, "is missing; accepted: %s", strings.Join(known, ", "))
		return
	}
	p.at(path, "%q is not known; accepted: %s", shorten(given), strings.Join(known, ", "))
}

func (e *Engine) checkSteps(p *problems, s home.Scene) {
	if len(s.Steps) == 0 {
		return
	}
	known := map[string]home.Described{}
	for _, d := range e.actions() {
		known[d.Name] = d
	}
	for i, step := range s.Steps {
		path, before := fmt.Sprintf("steps[%d]", i), len(p.fields)
		if n := utf8.RuneCountInString(step.Name); n > 100 {
			p.at(join(path, "name"), "a name has at most 100 characters, this one has %d", n)
		}
		d, ok := known[step.Action]
		if !ok {
			p.unknown(join(path, "action"), step.Action, slices.Sorted(maps.Keys(known)))
			continue
		}
		p.object(join(path, "args"), d.Fields, step.Args)
		if e.checkStep != nil && len(p.fields) == before {
			p.take(join(path, "args"), e.checkStep(s, step))
		}
	}
}
