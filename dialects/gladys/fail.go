package gladys

import (
	"net/http"
	"strings"

	"latchkey/home"
	"latchkey/internal/wire"
)

// failure is an error as the original writes it.
type failure struct {
	Status  int      `json:"status"`
	Code    string   `json:"error_code"`
	Message string   `json:"error_message,omitempty"`
	Details []detail `json:"details,omitempty"`
}

// detail says what is wrong with one field, in the form of the original's
// validator.
type detail struct {
	Message string   `json:"message"`
	Path    []string `json:"path"`
	Type    string   `json:"type"`
	Context label    `json:"context"`
}

// label names a field, with the last word of its path.
type label struct {
	Label string `json:"label"`
	Key   string `json:"key"`
}

// errorCode returns the original's word for a status, or the usual one where
// the original never answers it.
func errorCode(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "BAD_REQUEST"
	case http.StatusUnauthorized:
		return "UNAUTHORIZED"
	case http.StatusForbidden:
		return "FORBIDDEN"
	case http.StatusNotFound:
		return "NOT_FOUND"
	case http.StatusConflict:
		return "ALREADY_EXIST"
	case http.StatusUnprocessableEntity:
		return "UNPROCESSABLE_ENTITY"
	case http.StatusTooManyRequests:
		return "TOO_MANY_REQUESTS"
	case http.StatusInternalServerError:
		return "SERVER_ERROR"
	case http.StatusRequestEntityTooLarge:
		return "PAYLOAD_TOO_LARGE"
	}
	return strings.ToUpper(strings.NewReplacer(" ", "_", "-", "_").Replace(http.StatusText(status)))
}

// fail writes e in the original's shape. A key that does not hold gets no
// text, as in the original.
func (a *api) fail(w http.ResponseWriter, r *http.Request, e *home.Error) {
	wire.FailHeaders(w, e)
	f := failure{Status: wire.StatusOf(e), Message: withoutSecrets(r, e.Message)}
	f.Code = errorCode(f.Status)
	switch {
	case f.Status == http.StatusUnauthorized && e.Reason == "credential_invalid":
		f.Message = ""
	case f.Status == http.StatusUnprocessableEntity:
		f.Details = details(r, e)
	}
	_ = wire.WriteJSON(w, f.Status, f) // texts and numbers always have a JSON form
}

func details(r *http.Request, e *home.Error) []detail {
	out := []detail{}
	for _, field := range e.Fields {
		path := strings.FieldsFunc(field.Path, func(c rune) bool { return c == '.' || c == '[' || c == ']' })
		d := detail{Message: withoutSecrets(r, field.Message), Path: path, Type: "any.invalid"}
		if len(path) > 0 {
			d.Context = label{Label: field.Path, Key: path[len(path)-1]}
		}
		out = append(out, d)
	}
	return out
}

// withoutSecrets takes the request's own credential out of a text: somebody
// may have written it where an external id belongs.
func withoutSecrets(r *http.Request, text string) string {
	secrets := []string{r.PathValue("key")}
	for _, line := range r.Header["Authorization"] {
		secrets = append(secrets, strings.Fields(line)...)
	}
	for _, s := range secrets {
		if len(s) >= 16 {
			text = strings.ReplaceAll(text, s, wire.Redact(s))
		}
	}
	return text
}
