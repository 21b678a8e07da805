package mqtt_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// metric is one figure of /metrics.
func (w *world) metric(t *testing.T, name string) string {
	t.Helper()
	answer, err := http.Get("http://" + w.http + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(v)
		}
	}
	t.Fatalf("there is no metric %s: %d", name, answer.StatusCode)
	return ""
}
