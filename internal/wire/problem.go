package wire

import (
	"net/http"
	"strconv"
	"time"

	"latchkey/home"
)

// Problem is an error as RFC 9457 writes it, the shape of the product's own
// API and of whatever no dialect owns.
type Problem struct {
	Type     string            `json:"type"` // urn:latchkey:error:<code>
	Title    string            `json:"title"`
	Status   int               `json:"status"`
	Detail   string            `json:"detail"`
	Code     string            `json:"code"`     // the error's reason, or its code when it has none
	Instance string            `json:"instance"` // the request's id, as in X-Request-Id and the log
	Errors   []home.FieldError `json:"errors,omitempty"`
}

// ProblemOf returns e as a problem of the request r.
func ProblemOf(r *http.Request, e *home.Error) Problem {
	code := e.Reason
	if code == "" {
		code = string(e.Code)
	}
	status := StatusOf(e)
	return Problem{
		Type: "urn:latchkey:error:" + code, Title: http.StatusText(status), Status: status,
		Detail: e.Message, Code: code, Instance: RequestID(r.Context()), Errors: e.Fields,
	}
}

// WriteProblem answers with e as application/problem+json.
func WriteProblem(w http.ResponseWriter, r *http.Request, e *home.Error) {
	FailHeaders(w, e)
	w.Header().Set("Content-Type", "application/problem+json")
	p := ProblemOf(r, e)
	_ = WriteJSON(w, p.Status, p) // a struct of texts cannot fail to encode
}

// FailHeaders sets the headers that belong to e whatever its body looks like:
// Retry-After, and WWW-Authenticate unless the dialect has set its own. A
// dialect's Fail calls it first.
func FailHeaders(w http.ResponseWriter, e *home.Error) {
	h := w.Header()
	if e.RetryAfter > 0 && h.Get("Retry-After") == "" {
		h.Set("Retry-After", strconv.FormatInt(int64((e.RetryAfter+time.Second-1)/time.Second), 10))
	}
	if e.Code == home.Unauthorized && h.Get("WWW-Authenticate") == "" {
		h.Set("WWW-Authenticate", `Bearer realm="latchkey"`)
	}
}
