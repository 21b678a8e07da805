package settings

import (
	"fmt"
	"slices"
	"strings"
)

// Problem is a setting that cannot be taken, and where it stands.
type Problem struct {
	Source  string // a file, "environment variable LATCHKEY_LISTEN" or "flag --listen"
	Line    int    // in a file, from 1; 0 elsewhere
	Column  int    // in characters, from 1
	Excerpt string // the line with a caret below; "" elsewhere
	Message string // what is wrong, and what is accepted
	Keys    []string
}

// Error implements error.
func (p *Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.Source)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
	}
	fmt.Fprintf(&b, ": %s", p.Message)
	if p.Excerpt != "" {
		b.WriteString("\n" + p.Excerpt)
	}
	if len(p.Keys) > 0 {
		b.WriteString("\naccepted here: " + strings.Join(p.Keys, ", "))
	}
	return b.String()
}

// excerpt shows line n of src with a caret under column.
func excerpt(src []byte, n, column int) string {
	lines := strings.Split(string(src), "\n")
	if n < 1 || n > len(lines) {
		return ""
	}
	line := []rune(strings.TrimRight(strings.ReplaceAll(lines[n-1], "\t", " "), "\r"))
	column = max(1, min(column, len(line)+1))
	from := max(0, column-61)
	to := min(len(line), from+100)
	hidePassword(line)
	shown := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, string(line[from:to]))
	margin := fmt.Sprintf("%4d | ", n)
	return margin + shown + "\n" + strings.Repeat(" ", len(margin)-2) + "| " + strings.Repeat(" ", column-1-from) + "^"
}

// hidePassword puts stars over the password of a URL in line.
func hidePassword(line []rune) {
	s := string(line)
	scheme, at := strings.Index(s, "://"), strings.LastIndex(s, "@")
	if scheme < 0 || at < scheme {
		return
	}
	_, secret, ok := strings.Cut(s[scheme+3:at], ":")
	if !ok {
		return
	}
	end := len([]rune(s[:at]))
	for i := end - len([]rune(secret)); i < end; i++ {
		line[i] = '*'
	}
}

// unknown says that there is no such key, and which one may have been meant.
func unknown(key string, accepted []string, fields []Field) (string, []string) {
	message := fmt.Sprintf("there is no setting %.80q", key)
	near := nearest(key, accepted)
	for i := 0; near == "" && i < len(fields); i++ {
		near = nearest(key, []string{fields[i].Key})
	}
	if near != "" {
		message += fmt.Sprintf("; did you mean %s?", near)
	}
	return message, accepted
}

// nearest returns the word that key was probably meant to be, or "".
func nearest(key string, words []string) string {
	best, least := "", 1+len(key)/3
	for _, w := range words {
		if d := distance(key, w); d <= least && (best == "" || d < least) {
			best, least = w, d
		}
	}
	return best
}

// distance counts the letters to put in, take out or change between a and b.
func distance(a, b string) int {
	if len(a) > 64 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := corner
			if a[i] != b[j] {
				cost++
			}
			corner = row[j+1]
			row[j+1] = min(cost, row[j]+1, corner+1)
		}
	}
	return row[len(b)]
}

// below lists the names directly under section: "" gives the first level.
func below(fields []Field, section string) []string {
	var out []string
	for _, f := range fields {
		rest, ok := strings.CutPrefix(f.Key, section)
		if !ok {
			continue
		}
		name, _, _ := strings.Cut(rest, ".")
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}
