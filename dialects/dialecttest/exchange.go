package dialecttest

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// exchange is one request with the answer that is expected.
type exchange struct {
	title    string
	comments []string // lines with #, kept when the file is rewritten
	request  string   // as it stands in the file: line, headers, blank line, body
	status   int
	headers  string // of the answer, one a line
	body     string
}

const (
	nextMark   = "###" // begins each further exchange, with its title
	answerMark = "---" // parts request and answer
	bodyMark   = "Body:"
)

// readExchanges reads a golden file.
func readExchanges(path string) ([]exchange, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var out []exchange
	for part := range strings.SplitSeq("\n"+string(data), "\n"+nextMark) {
		if strings.TrimSpace(part) == "" {
			continue
		}
		x, err := readExchange(part)
		if err != nil {
			return nil, fmt.Errorf("%s: exchange %d: %w", path, len(out)+1, err)
		}
		out = append(out, x)
	}
	return out, nil
}

func readExchange(part string) (x exchange, err error) {
	title, rest, _ := strings.Cut(part, "\n")
	x.title = strings.TrimSpace(title)
	for strings.HasPrefix(rest, "#") {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		x.comments = append(x.comments, line)
	}
	request, answer, ok := strings.Cut(rest, "\n"+answerMark+"\n")
	x.request = strings.Trim(request, "\n")
	if x.request == "" {
		return x, fmt.Errorf("there is no request")
	}
	if !ok || strings.TrimSpace(answer) == "" {
		return x, nil // to be written by -update
	}
	head, body, _ := strings.Cut(strings.TrimLeft(answer, "\n"), "\n\n")
	status, headers, _ := strings.Cut(strings.TrimSpace(head), "\n")
	if x.status, err = strconv.Atoi(status); err != nil {
		return x, fmt.Errorf("the answer begins with its status, not %q", status)
	}
	x.headers, x.body = headers, strings.TrimRight(body, "\n")
	return x, nil
}

// text returns x as it stands in a file.
func (x *exchange) text() string {
	var b strings.Builder
	if x.title != "" {
		b.WriteString(nextMark + " " + x.title + "\n")
	}
	for _, c := range x.comments {
		b.WriteString(c + "\n")
	}
	b.WriteString(x.request + "\n" + answerMark + "\n" + x.answer())
	return b.String()
}

// answer returns the expected answer as it stands in a file.
func (x *exchange) answer() string {
	s := strconv.Itoa(x.status) + "\n"
	if x.headers != "" {
		s += x.headers + "\n"
	}
	if x.body != "" {
		s += "\n" + x.body + "\n"
	}
	return s
}

// directives returns the arguments of each "# @name ..." line.
func (x *exchange) directives(name string) [][]string {
	var out [][]string
	for _, c := range x.comments {
		if f := strings.Fields(strings.TrimPrefix(c, "#")); len(f) > 0 && f[0] == "@"+name {
			out = append(out, f[1:])
		}
	}
	return out
}

// call is a request ready to be sent.
type call struct {
	method, target string
	headers        []string
	body           string
}

// parse reads a request with its variables filled in. The address may be a
// whole one; a line "Body:" before the body, as documents write it, is left
// out.
func parseCall(text string) (call, error) {
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	method, target, ok := strings.Cut(lines[0], " ")
	if !ok {
		return call{}, fmt.Errorf("a request begins with method and address, not %q", lines[0])
	}
	if _, rest, whole := strings.Cut(target, "://"); whole {
		_, path, _ := strings.Cut(rest, "/")
		target = "/" + path
	}
	return call{method: method, target: target, headers: lines[1:], body: strings.TrimPrefix(body, bodyMark+"\n")}, nil
}

// header returns the value of a header; "" = not there.
func (c *call) header(name string) string {
	for _, line := range c.headers {
		if n, v, _ := strings.Cut(line, ":"); strings.EqualFold(n, name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}
