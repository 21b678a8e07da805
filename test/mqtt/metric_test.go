package mqtt_test

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// metric is one figure of /metrics.
func (w *world) metric(t *testing.T, name string) string {
	t.Helper()
	h, err := w.l.Handler()
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", "http://localhost/metrics", nil)
	r.RemoteAddr = "127.0.0.1:1"
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, r)
	for line := range strings.Lines(answer.Body.String()) {
		if v, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(v)
		}
	}
	t.Fatalf("there is no metric %s: %d", name, answer.Code)
	return ""
}
