package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"latchkey/home"
)

// JSONOptions are the choices of ReadJSON. The zero value takes
// application/json and +json types, or no type at all, and a value that must be
// there.
type JSONOptions struct {
	Types   []string // further media types to take as JSON; "*" = any
	Known   bool     // refuse members that the Go type does not have
	Unique  bool     // refuse an object with a name twice, whatever its case
	Numbers bool     // keep numbers as json.Number where the Go type is any
	Empty   bool     // an empty body leaves the value as it is
}

// ReadJSON reads r's body, of at most limit bytes, into v. Errors are for the
// caller to read and say line, column, path and what is accepted there: TooLarge;
// Invalid with reason unsupported_media_type (415) for a wrong content type, or
// json_malformed, json_type, json_unknown_field; whatever v's own UnmarshalJSON
// returns as *home.Error.
func ReadJSON(r *http.Request, limit int64, v any, o JSONOptions) error {
	if err := wantJSON(r, o.Types); err != nil {
		return err
	}
	pool := buffersOf(exchangeOf(r.Context()))
	b := pool.get()
	defer pool.put(b)
	if err := readInto(b, r, limit); err != nil {
		return err
	}
	return DecodeJSON(b.Bytes(), v, o)
}

// ReadBody reads r's body, of at most limit bytes. It returns TooLarge, or
// Invalid for a body that came cut off or too slowly.
func ReadBody(r *http.Request, limit int64) ([]byte, error) {
	var b bytes.Buffer
	if err := readInto(&b, r, limit); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func readInto(b *bytes.Buffer, r *http.Request, limit int64) error {
	if r.ContentLength > limit {
		return tooLarge(limit)
	}
	if n := r.ContentLength; n > 0 {
		b.Grow(int(n) + bytes.MinRead)
	}
	n, err := b.ReadFrom(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return bodyError(err)
	}
	if n > limit {
		return tooLarge(limit)
	}
	return nil
}

// wantJSON refuses a body that says it is something else.
func wantJSON(r *http.Request, more []string) error {
	ct := r.Header.Get("Content-Type")
	if ct == "" || ct == "application/json" || slices.Contains(more, "*") {
		return nil
	}
	t, _, err := mime.ParseMediaType(ct)
	if err == nil && (t == "application/json" || strings.HasSuffix(t, "+json") || slices.Contains(more, t)) {
		return nil
	}
	return home.Errorf(home.Invalid, "a body of type %.80q is not accepted here; send JSON with Content-Type: application/json", ct).Because(ReasonMediaType)
}

// DecodeJSON is ReadJSON for data that is already there, such as a WebSocket
// frame. It keeps nothing of data.
func DecodeJSON(data []byte, v any, o JSONOptions) error {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if len(bytes.TrimSpace(data)) == 0 {
		if o.Empty {
			return nil
		}
		return home.Errorf(home.Invalid, "the body is empty; a JSON value has to be there").Because("json_malformed")
	}
	s := scanner{data: data, unique: o.Unique}
	if !s.scan() {
		line, column := place(data, s.pos)
		path := s.path()
		return home.Errorf(home.Invalid, "the JSON is wrong in line %d, column %d%s: %s", line, column, in(path), s.wrong).
			Because("json_malformed").At(path, "%s", s.wrong)
	}
	if !o.Known && !o.Numbers {
		return jsonError(data, v, json.Unmarshal(data, v))
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if o.Known {
		d.DisallowUnknownFields()
	}
	if o.Numbers {
		d.UseNumber()
	}
	return jsonError(data, v, d.Decode(v))
}

// jsonError says in our words what encoding/json found.
func jsonError(data []byte, v any, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*home.Error](err); ok {
		return e
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		at, path := valueBefore(data, int(e.Offset))
		line, column := place(data, at)
		want := kindWord(e.Type)
		return home.Errorf(home.Invalid, "%s has to stand in line %d, column %d%s, not %s", want, line, column, in(path), found(e.Value)).
			Because("json_type").At(path, "%s is accepted here, not %s", want, found(e.Value))
	}
	if quoted, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return unknownField(data, strings.Trim(quoted, `"`), v)
	}
	e := home.Errorf(home.Invalid, "the JSON does not have the form that is accepted here").Because("json_type")
	e.Cause = err
	return e
}

func unknownField(data []byte, name string, v any) error {
	at, path, accepted := unknownMember(data, name, reflect.TypeOf(v))
	line, column := place(data, at)
	e := home.Errorf(home.Invalid, "%.60q in line %d, column %d is not a name that is known there; accepted: %s", name, line, column, strings.Join(accepted, ", "))
	if len(accepted) == 0 {
		e = home.Errorf(home.Invalid, "%.60q is not a name that is known there", name)
	}
	return e.Because("json_unknown_field").At(path, "unknown name; accepted: %s", strings.Join(accepted, ", "))
}

// found says what was given, without its value: "number 1e999" becomes a number.
func found(value string) string {
	switch word, _, _ := strings.Cut(value, " "); word {
	case "string":
		return "a text"
	case "number":
		return "this number"
	case "bool":
		return "true or false"
	case "array":
		return "a list"
	case "object":
		return "an object"
	}
	return "this"
}

func in(path string) string {
	if path == "" {
		return ""
	}
	return " (" + path + ")"
}
