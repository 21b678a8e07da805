package dialecttest

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// placeholder is {{name}}, or {{basic user name}} for a Basic pair.
var placeholder = regexp.MustCompile(`\{\{([a-z0-9_ .-]+)\}\}`)

// fill puts the world's variables, or those of instead, into text.
func (w *World) fill(text string, instead map[string]string) (string, error) {
	var unknown []string
	lookup := func(name string) string {
		if v, ok := instead[name]; ok {
			return v
		}
		v, ok := w.Vars[name]
		if !ok {
			unknown = append(unknown, name)
		}
		return v
	}
	out := placeholder.ReplaceAllStringFunc(text, func(m string) string {
		words := strings.Fields(m[2 : len(m)-2])
		if len(words) == 3 && words[0] == "basic" {
			return base64.StdEncoding.EncodeToString([]byte(words[1] + ":" + lookup(words[2])))
		}
		return lookup(strings.Join(words, " "))
	})
	if len(unknown) > 0 {
		return "", fmt.Errorf("there is no variable {{%s}}", unknown[0])
	}
	return out, nil
}

// used returns the names of the variables in text.
func used(text string) []string {
	var out []string
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		words := strings.Fields(m[1])
		if name := words[len(words)-1]; !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// What is different each time, and how a golden file shows it.
var volatile = []struct {
	form *regexp.Regexp
	mask string
}{
	{regexp.MustCompile(`lk_[a-z]{2,3}_[0-9A-Za-z]{36}`), "<secret>"},
	{regexp.MustCompile(`\b[0-9a-f]{80}\b`), "<key>"},
	{regexp.MustCompile(`\b[a-z2-7]{26}\b`), "<id>"},
	{regexp.MustCompile(`\.\.\.[0-9A-Za-z]{4}\b`), "...<end>"}, // a redacted secret
}

// normal returns text with what is different each time masked: known ids and
// secrets by their variable's name, others by their form.
func (w *World) normal(text, requestID string) string {
	if requestID != "" {
		text = strings.ReplaceAll(text, requestID, "<request>")
	}
	names := make([]string, 0, len(w.Vars))
	for name, v := range w.Vars {
		if len(v) >= 20 {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(w.Vars[b]), len(w.Vars[a])), cmp.Compare(a, b))
	})
	for _, name := range names {
		text = strings.ReplaceAll(text, w.Vars[name], "{{"+name+"}}")
	}
	for _, v := range volatile {
		text = v.form.ReplaceAllString(text, v.mask)
	}
	return text
}

// shownHeaders are the answer's headers that a golden file shows.
var shownHeaders = []string{"Content-Type", "Allow", "Location", "ETag", "Link", "Retry-After", "WWW-Authenticate", "Deprecation"}

// shape returns a as a golden file shows it.
func (w *World) shape(a Answer) exchange {
	id := a.Header.Get("X-Request-Id")
	x := exchange{status: a.Status, body: w.normal(strings.TrimRight(a.Body, "\n"), id)}
	var lines []string
	for _, name := range shownHeaders {
		for _, v := range a.Header.Values(name) {
			lines = append(lines, name+": "+w.normal(v, id))
		}
	}
	x.headers = strings.Join(lines, "\n")
	return x
}

// capture keeps the value at a path of the answer's JSON, such as data.0.id,
// as a variable.
func (w *World) capture(name, path string, a Answer) error {
	var at any
	if err := json.Unmarshal([]byte(a.Body), &at); err != nil {
		return fmt.Errorf("capture %s: the answer is not JSON: %.200s", name, a.Body)
	}
	for step := range strings.SplitSeq(path, ".") {
		switch here := at.(type) {
		case map[string]any:
			at = here[step]
		case []any:
			n, err := strconv.Atoi(step)
			if err != nil || n < 0 || n >= len(here) {
				return fmt.Errorf("capture %s: %s is not in %.300s", name, path, a.Body)
			}
			at = here[n]
		default:
			at = nil
		}
	}
	if at == nil {
		return fmt.Errorf("capture %s: %s is not in %.300s", name, path, a.Body)
	}
	w.Vars[name] = fmt.Sprint(at)
	return nil
}
