package wire_test

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/internal/wire"
)

// discard is a ResponseWriter that costs next to nothing, so that what is
// measured is the way to the handler.
type discard struct{ h http.Header }

func (d *discard) Header() http.Header         { return d.h }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}

type state struct {
	Feature string  `json:"device_feature_external_id"`
	State   float64 `json:"state"`
}

func measured(b *testing.B, h http.Handler, body string) {
	r, err := http.NewRequest("POST", "http://192.168.1.5:8080/v1/api/state/lk_key_0123456789abcdefghijklmnopqrstab12", nil)
	if err != nil {
		b.Fatal(err)
	}
	r.RequestURI, r.RemoteAddr = r.URL.Path, "192.168.1.9:4711"
	r.Header.Set("Content-Type", "application/json")
	reader := strings.NewReader(body)
	closer := io.NopCloser(reader)
	w := &discard{h: make(http.Header, 16)}
	b.ReportAllocs()
	for b.Loop() {
		reader.Reset(body)
		r.Body, r.ContentLength = closer, int64(len(body))
		clear(w.h)
		h.ServeHTTP(w, r)
	}
}

// BenchmarkPlain is net/http's own mux with a handler that answers the same.
func BenchmarkPlain(b *testing.B) {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/api/state/{key}", func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Content-Type"] = []string{"application/json"}
		w.WriteHeader(200)
		_, _ = io.WriteString(w, `{"status":200}`)
	})
	measured(b, mux, "")
}

// BenchmarkMounted is the same over Mount, with everything but credentials.
func BenchmarkMounted(b *testing.B) {
	d := alpha()
	d.Routes[2].Handler = func(w http.ResponseWriter, r *http.Request) error {
		return wire.WriteRaw(w, 200, []byte(`{"status":200}`))
	}
	measured(b, mount(b, wire.Options{Log: slog.New(slog.NewJSONHandler(io.Discard, nil))}, d, web()), "")
}

// BenchmarkReport adds what a report of a phone needs: the key, its rate, the JSON.
func BenchmarkReport(b *testing.B) {
	d := alpha()
	d.Routes[2].Handler = func(w http.ResponseWriter, r *http.Request) error {
		if _, _, err := wire.Credential(r, wire.RouteOf(r)); err != nil {
			return err
		}
		if err := wire.Spend(r, "key", "pat"); err != nil {
			return err
		}
		var s state
		if err := wire.ReadJSON(r, wire.StateBody, &s, wire.JSONOptions{}); err != nil {
			return err
		}
		return wire.WriteRaw(w, 200, []byte(`{"status":200}`))
	}
	o := wire.Options{Log: slog.New(slog.NewJSONHandler(io.Discard, nil)), Limiter: wire.NewLimiter(time.Now, wire.Rates{Key: wire.Rate{PerSecond: 1e9, Burst: 1e9}})}
	measured(b, mount(b, o, d, web()), `{"device_feature_external_id":"mqtt:kitchen:temperature","state":21.5}`)
}
