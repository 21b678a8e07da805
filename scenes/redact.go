package scenes

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
)

// hidden stands where a secret was.
const hidden = "(hidden)"

// keep returns raw as a trace keeps it: secrets hidden and not longer than the
// limit.
func (e *Engine) keep(raw json.RawMessage) json.RawMessage {
	if blank(raw) {
		return nil
	}
	kept := Redact(raw)
	if len(kept) > e.limits.Trace {
		kept, _ = json.Marshal(map[string]int{"left_out_bytes": len(kept)})
	}
	return kept
}

// Redact returns a JSON text with what looks like secrets hidden: members
// named so (token, password, Authorization, api_key, ...), such pairs of key
// and value, such parameters in addresses and forms, and all of that in JSON
// inside a text. What is not JSON is hidden whole.
func Redact(raw json.RawMessage) json.RawMessage {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil || d.More() {
		return json.RawMessage(`"` + hidden + `"`)
	}
	out, err := json.Marshal(redact(v))
	if err != nil {
		return json.RawMessage(`"` + hidden + `"`)
	}
	return out
}

func redact(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return redactObject(v)
	case []any:
		for i := range v {
			v[i] = redact(v[i])
		}
	case string:
		return redactText(v)
	}
	return v
}

func redactObject(o map[string]any) any {
	for _, name := range []string{"key", "name"} { // {"key": "Authorization", "value": "..."}
		if word, ok := o[name].(string); ok && len(o) == 2 && o["value"] != nil {
			if secret(word) {
				o["value"] = hidden
			}
			o["value"] = redact(o["value"])
			return o
		}
	}
	for name, value := range o {
		if secret(name) && value != nil {
			o[name] = hidden
			continue
		}
		o[name] = redact(value)
	}
	return o
}

// secret reports whether a name says that its value is one.
func secret(name string) bool {
	name = strings.ToLower(strings.NewReplacer("-", "", "_", "", " ", "", ".", "").Replace(name))
	for _, word := range []string{"password", "passwd", "passphrase", "secret", "token", "authorization", "cookie", "credential", "signature"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return strings.HasSuffix(name, "key") || name == "auth" || name == "pin" || name == "pass"
}

func redactText(s string) string {
	t := strings.TrimSpace(s)
	if strings.HasPrefix(t, "{") || strings.HasPrefix(t, "[") {
		if json.Valid([]byte(t)) {
			return string(Redact(json.RawMessage(t)))
		}
		return s
	}
	if strings.Contains(t, "://") {
		return redactAddress(s)
	}
	if strings.Contains(t, "=") && !strings.ContainsAny(t, " \n") {
		return redactForm(s)
	}
	return s
}

// redactAddress hides the password, parameters and parts of the path that are
// named like secrets.
func redactAddress(s string) string {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil {
		return hidden
	}
	if u.User != nil {
		u.User = url.User("hidden")
	}
	u.RawQuery, u.Fragment = redactForm(u.RawQuery), ""
	parts := strings.Split(u.EscapedPath(), "/")
	for i := 1; i < len(parts); i++ {
		if secret(parts[i-1]) && parts[i] != "" {
			parts[i] = hidden
		}
	}
	u.Path, u.RawPath = strings.Join(parts, "/"), ""
	out, err := url.PathUnescape(u.String())
	if err != nil {
		return hidden
	}
	return out
}

func redactForm(s string) string {
	pairs := strings.Split(s, "&")
	for i, pair := range pairs {
		name, _, ok := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(name); ok && (err != nil || secret(plain)) {
			pairs[i] = name + "=" + hidden
		}
	}
	return strings.Join(pairs, "&")
}
