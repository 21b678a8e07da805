package actions

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"latchkey/home"
	"latchkey/hub"
	"latchkey/scenes"
)

const (
	requestName = "http.request"
	maxHeaders  = 32
	maxHeader   = 4096 // bytes of one header's value
)

// httpRequest is http.request: call an address outside.
//
//	{"method": "POST", "url": "https://example.org/hook", "headers": {"Content-Type": "application/json"}, "body": "{}"}
//
// The request is kept on disk and sent at least once, in the background; the
// result is its id, not its answer. The address is judged when the scene is
// saved, when the action is called, and again when it is dialled.
func httpRequest(judge Judge) hub.Action {
	return hub.Action{
		Described: home.Described{
			Name:   requestName,
			Title:  home.Label{EN: "Call a web address", FR: "Appeler une adresse web"},
			Fields: requestFields(),
			Right:  home.EgressWorld,
		},
		Run: func(ctx context.Context, h *hub.Hub, c hub.ActionCall) (any, error) {
			a, err := decodeRequest(c.Args)
			if err != nil {
				return nil, err
			}
			if err := judgeAddress(ctx, judge, c.Identity, a.URL); err != nil {
				return nil, err
			}
			r, err := h.QueueRequest(ctx, c.Identity, home.Request{Method: a.Method, URL: a.URL, Headers: a.Headers, Body: a.Body})
			if err != nil {
				return nil, err
			}
			return queued{Request: r.ID, Status: "queued"}, nil
		},
	}
}

// queued is the result of http.request.
type queued struct {
	Request home.ID `json:"request"`
	Status  string  `json:"status"`
}

func requestFields() []home.Field {
	return []home.Field{
		{Name: "method", Title: home.Label{EN: "Method", FR: "M\u00e9thode"}, Kind: "text", Enum: methods(), Default: "POST"},
		{Name: "url", Title: home.Label{EN: "Address", FR: "Adresse"}, Kind: "url", Required: true},
		{Name: "headers", Title: home.Label{EN: "Headers", FR: "En-t\u00eates"}, Kind: "object"},
		{Name: "body", Title: home.Label{EN: "Body", FR: "Corps"}, Kind: "text"},
	}
}

func methods() []string {
	return []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
}

// requestArgs are the arguments of http.request.
type requestArgs struct {
	Method  string
	URL     string
	Headers map[string]string
	Body    string
}

// decodeRequest reads the arguments strictly.
func decodeRequest(raw json.RawMessage) (requestArgs, error) {
	var in struct {
		Method  string                     `json:"method"`
		URL     string                     `json:"url"`
		Headers map[string]json.RawMessage `json:"headers"`
		Body    string                     `json:"body"`
	}
	if err := scenes.Decode(requestFields(), raw, &in); err != nil {
		return requestArgs{}, err
	}
	e := home.Errorf(home.Unprocessable, "the request is not acceptable").Because("arguments_refused")
	a := requestArgs{Method: in.Method, URL: in.URL, Headers: map[string]string{}, Body: in.Body}
	if a.Method == "" {
		a.Method = http.MethodPost
	}
	if len(in.Headers) > maxHeaders {
		e.At("headers", "a request has at most %d headers, this one has %d", maxHeaders, len(in.Headers))
		return a, e.OrNil()
	}
	for _, name := range slices.Sorted(maps.Keys(in.Headers)) {
		var value string
		if json.Unmarshal(in.Headers[name], &value) != nil || string(in.Headers[name]) == "null" {
			e.At("headers", "the value of %.40q is not a text", name)
			continue
		}
		if problem := headerProblem(name, value); problem != "" {
			e.At("headers", "%.40q: %s", name, problem)
			continue
		}
		name = http.CanonicalHeaderKey(name)
		if _, twice := a.Headers[name]; twice {
			e.At("headers", "%.40q is given twice", name)
		}
		a.Headers[name] = value
	}
	return a, e.OrNil()
}

// headerProblem returns what is wrong with a header, or "".
func headerProblem(name, value string) string {
	if name == "" || len(name) > 100 || strings.ContainsFunc(name, notToken) {
		return "a header's name is letters, digits and dashes"
	}
	lower := strings.ToLower(name)
	reserved := []string{"host", "connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "keep-alive", "expect"}
	if slices.Contains(reserved, lower) || strings.HasPrefix(lower, "proxy-") || strings.HasPrefix(lower, "webhook-") {
		return "this header is set by Latchkey"
	}
	if len(value) > maxHeader {
		return "a header has at most 4096 bytes"
	}
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		return "a header holds no control characters"
	}
	return ""
}

// notToken reports whether r may not stand in a header's name.
func notToken(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
}

// judgeAddress asks judge, and puts a refusal at the field that holds the address.
func judgeAddress(ctx context.Context, judge Judge, id *home.Identity, address string) error {
	if judge == nil {
		return home.Errorf(home.Forbidden, "this server sends no requests").Because("egress_off")
	}
	err := judge(ctx, id, address)
	if err == nil {
		return nil
	}
	e := *home.AsError(err)
	if len(e.Fields) == 0 {
		e.Fields = []home.FieldError{{Path: "url", Message: e.Message}}
	}
	return &e
}
