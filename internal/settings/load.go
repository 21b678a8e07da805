package settings

import (
	"fmt"
	"slices"
	"strings"
)

// Sources is where settings come from. Later ones win: file, environment, flags.
type Sources struct {
	File  string              // path of the YAML file; "" = none
	Env   []string            // KEY=value, as os.Environ gives it
	Flags map[string][]string // by key, only those that were given
}

// Loaded is the settings that hold, and who set them.
type Loaded struct {
	Settings
	Origin  map[string]string // by key; a key that is missing has its default
	Strange []string          // variables that begin with LATCHKEY_ but name no setting, with a suggestion
}

// Load returns the settings that hold. A *Problem says what cannot be taken.
func Load(src Sources) (*Loaded, error) {
	env := environment(src.Env)
	out := &Loaded{Settings: Default(func(k string) string { return env[k] }), Origin: map[string]string{}}
	if src.File != "" {
		keys, err := ReadFile(src.File, &out.Settings)
		if err != nil {
			return nil, err
		}
		for _, k := range keys {
			out.Origin[k] = src.File
		}
	}
	if err := out.environment(env); err != nil {
		return nil, err
	}
	fields := Fields()
	for key, values := range src.Flags {
		f := find(fields, key)
		if f == nil {
			return nil, &Problem{Source: "flag --" + key, Message: "there is no such setting"}
		}
		if err := f.put(&out.Settings, values); err != nil {
			return nil, &Problem{Source: "flag --" + strings.ReplaceAll(key, "_", "-"), Message: err.Error() + "; it accepts " + f.Accepts}
		}
		out.Origin[key] = "flag"
	}
	out.follow()
	return out, nil
}

// follow gives keys in URLs the rate that was chosen for keys, unless one was
// chosen for them.
func (l *Loaded) follow() {
	for _, f := range []struct {
		chosen, other string
		take          func()
	}{
		{"limits.key_rate", "limits.url_key_rate", func() { l.Limits.URLKeyRate = l.Limits.KeyRate }},
		{"limits.key_burst", "limits.url_key_burst", func() { l.Limits.URLKeyBurst = l.Limits.KeyBurst }},
	} {
		if l.Origin[f.chosen] != "" && l.Origin[f.other] == "" {
			f.take()
		}
	}
}

// environment takes the variables in.
func (l *Loaded) environment(env map[string]string) error {
	fields := Fields()
	known := []string{"LATCHKEY_CONFIG", "LATCHKEY_URL", "LATCHKEY_TOKEN"}
	for _, f := range fields {
		name := f.Variable()
		known = append(known, name)
		v, ok := env[name]
		if !ok || v == "" && !f.List {
			continue
		}
		if err := f.put(&l.Settings, []string{v}); err != nil {
			return &Problem{Source: "environment variable " + name, Message: err.Error() + "; it accepts " + f.Accepts}
		}
		l.Origin[f.Key] = name
	}
	for name := range env {
		if !strings.HasPrefix(name, "LATCHKEY_") || slices.Contains(known, name) {
			continue
		}
		line := name + " is not a setting"
		if near := nearest(name, known); near != "" {
			line += fmt.Sprintf("; did you mean %s?", near)
		}
		l.Strange = append(l.Strange, line)
	}
	slices.Sort(l.Strange)
	return nil
}

// put sets f from words of the environment or the command line, where a list
// is written with commas.
func (f *Field) put(s *Settings, values []string) error {
	if !f.List {
		if len(values) != 1 {
			return fmt.Errorf("one value is needed")
		}
		return f.set(s, values)
	}
	var words []string
	for _, v := range values {
		for w := range strings.SplitSeq(v, ",") {
			if w = strings.TrimSpace(w); w != "" {
				words = append(words, w)
			}
		}
	}
	return f.set(s, words)
}

func environment(list []string) map[string]string {
	env := make(map[string]string, len(list))
	for _, line := range list {
		k, v, _ := strings.Cut(line, "=")
		env[k] = v
	}
	return env
}
