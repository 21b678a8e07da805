package rest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"reflect"
	"sync"

	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/wire"
)

// acting holds the idempotency keys whose requests are under way.
type acting struct {
	mu   sync.Mutex
	keys map[string]bool
}

func (a *acting) begin(key string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.keys == nil {
		a.keys = map[string]bool{}
	}
	if a.keys[key] {
		return false
	}
	a.keys[key] = true
	return true
}

func (a *acting) end(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.keys, key)
}

// once runs an operation that carries an Idempotency-Key: the second time it
// gives the first answer again. Only success is kept: what was refused changed
// nothing and may be tried again.
func (s *Service) once(o *Operation, c *Call, in reflect.Value, key string) error {
	if len(key) > 200 {
		return home.Errorf(home.Invalid, "an Idempotency-Key has at most 200 characters, this one has %d", len(key)).Because("idempotency_key_invalid")
	}
	body, err := wire.ReadBody(c.Request, o.Body)
	if err != nil {
		return err
	}
	place := digest(string(c.ID.Key), string(c.ID.House), o.Method, c.Request.URL.Path, key)
	asked := digest(c.Request.URL.RawQuery, string(body))
	if !s.acting.begin(place) {
		return home.Errorf(home.Conflict, "a request with this Idempotency-Key is still under way").Because("idempotency_in_flight")
	}
	defer s.acting.end(place)
	kept, err := s.Hub.Answered(c, c.ID, place)
	if err != nil {
		return err
	}
	if kept != nil {
		return replay(c, kept, asked)
	}
	if o.in.body != nil {
		c.Request.Body = io.NopCloser(bytes.NewReader(body))
		if err := mediaJSON(c.Request); err != nil {
			return err
		}
		if err := o.decodeBody(body, in); err != nil {
			return err
		}
	}
	out, err := o.run(c, in)
	if err != nil {
		return err
	}
	return s.keep(o, c, out, hub.Answer{Place: place, Asked: asked, Status: o.Status, Secret: o.Secret})
}

// keep stores the answer and gives it. When it cannot be stored the answer is
// given all the same: what was asked for has been done.
func (s *Service) keep(o *Operation, c *Call, out any, a hub.Answer) error {
	if o.out == nil {
		_ = s.Hub.Answer(c, c.ID, a)
		c.Writer.WriteHeader(o.Status)
		return nil
	}
	o.headers(c, out)
	encoded, err := json.Marshal(out)
	if err != nil {
		return err
	}
	if !a.Secret {
		a.Body = encoded
	}
	a.ETag, a.Location = c.Writer.Header().Get("ETag"), c.Writer.Header().Get("Location")
	_ = s.Hub.Answer(c, c.ID, a)
	return wire.WriteRaw(c.Writer, o.Status, encoded)
}

func replay(c *Call, a *hub.Answer, asked string) error {
	if a.Asked != asked {
		return home.Errorf(home.Unprocessable, "this Idempotency-Key was used before with another body; take a new one for a new request").Because("idempotency_key_reused")
	}
	if a.Secret {
		return home.Errorf(home.Conflict, "this has been made already (%s); its secret was shown once and is not kept: rotate it to have a new one", a.Location).Because("idempotency_secret")
	}
	h := c.Writer.Header()
	h.Set("Idempotency-Replayed", "true")
	for name, value := range map[string]string{"ETag": a.ETag, "Location": a.Location} {
		if value != "" {
			h.Set(name, value)
		}
	}
	if len(a.Body) == 0 {
		c.Writer.WriteHeader(a.Status)
		return nil
	}
	return wire.WriteRaw(c.Writer, a.Status, a.Body)
}

// digest is a hash over texts and their borders.
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		sum := sha256.Sum256([]byte(p))
		h.Write(sum[:])
	}
	return hex.EncodeToString(h.Sum(nil))
}
