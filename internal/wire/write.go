package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// appender is a value that writes its own JSON, because there is much of it.
type appender interface{ AppendJSON(b []byte) []byte }

// WriteJSON answers with v as JSON: what v's AppendJSON appends, if it has that
// method, else what encoding/json makes of it. The content type is
// application/json unless one is set. An error means that v cannot be encoded;
// nothing is written then.
func WriteJSON(w http.ResponseWriter, status int, v any) error {
	x, _ := w.(*exchange)
	pool := buffersOf(x)
	b := pool.get()
	defer pool.put(b)
	if a, ok := v.(appender); ok {
		encoded := a.AppendJSON(b.AvailableBuffer())
		if cap(encoded) > b.Cap() {
			*b = *bytes.NewBuffer(encoded) // the larger one is worth keeping
		}
		return WriteRaw(w, status, encoded)
	}
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false) // nosniff keeps it from being read as a page
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	b.Truncate(b.Len() - 1) // the encoder's line feed
	return WriteRaw(w, status, b.Bytes())
}

// WriteRaw answers with JSON that is already encoded.
func WriteRaw(w http.ResponseWriter, status int, encoded []byte) error {
	x, _ := w.(*exchange)
	if x == nil {
		x = new(exchange)
	}
	h := w.Header()
	if len(h["Content-Type"]) == 0 {
		x.typeLine[0] = "application/json"
		h["Content-Type"] = x.typeLine[:]
	}
	x.lengthLine[0] = strconv.Itoa(len(encoded))
	h["Content-Length"] = x.lengthLine[:]
	w.WriteHeader(status)
	_, _ = w.Write(encoded) // the caller is gone; nobody is left to tell
	return nil
}
