package docs

import (
	"encoding/json"
	"strings"
)

// curl is a command that calls o.
func (d *document) curl(o *operation, prefix string) string {
	var b strings.Builder
	b.WriteString("curl")
	if o.method != "get" {
		b.WriteString(" -X " + strings.ToUpper(o.method))
	}
	path := o.path
	query := []string{}
	for _, p := range o.Parameters {
		if p.In == "query" && p.Required {
			query = append(query, p.Name+"=...")
		}
	}
	if len(query) > 0 {
		path += "?" + strings.Join(query, "&")
	}
	b.WriteString(" \"$HOUSE" + prefix + path + "\"")
	if o.Right != "public" {
		b.WriteString(" \\\n  -H \"Authorization: Bearer $KEY\"")
	}
	if o.Body != nil {
		t := keys(o.Body.Content)[0]
		b.WriteString(" \\\n  -H \"Content-Type: " + t + "\"")
		if t != "application/json" {
			b.WriteString(" \\\n  --data-binary @file")
		} else {
			b.WriteString(" \\\n  -d '" + d.bodyExample(o.Body.Content[t]) + "'")
		}
	}
	return b.String()
}

// bodyExample is a body to send: the document's own example, or one made of
// what is required.
func (d *document) bodyExample(m media) string {
	if len(m.Example) > 0 {
		return string(m.Example)
	}
	sample, err := json.Marshal(d.sample(m.Schema, 0))
	if err != nil {
		return "{}"
	}
	return string(sample)
}
