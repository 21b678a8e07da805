package wire

import (
	"bytes"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"latchkey/home"
	"latchkey/internal/wire/decode"
)

// JSONOptions are the choices of ReadJSON; see decode.Options.
type JSONOptions = decode.Options

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
func DecodeJSON(data []byte, v any, o JSONOptions) error { return decode.JSON(data, v, o) }
