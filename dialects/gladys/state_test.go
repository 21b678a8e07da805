package gladys_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"latchkey/dialects/dialecttest"
	"latchkey/dialects/gladys"
	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/wire"
)

func post(t testing.TB, h http.Handler, path, contentType, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Host = dialecttest.Host
	r.Header.Set("Content-Type", contentType)
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, r)
	return answer
}

// alice is the owner of the fixture's house.
func alice(t testing.TB, w *dialecttest.World) *home.Identity {
	t.Helper()
	id, err := w.Hub.Identify(context.Background(), hub.Credential{Secret: w.Vars["token"]})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func current(t *testing.T, w *dialecttest.World, feature string) home.State {
	t.Helper()
	_, _, s, err := w.Hub.FeatureOf(t.Context(), alice(t, w), feature)
	if err != nil || s == nil {
		t.Fatalf("%s has no state: %v", feature, err)
	}
	return *s
}

func TestValues(t *testing.T) {
	w := kit(t).World(t)
	const text, lamp, on = "demo:board:text", "demo:lamp:brightness", "demo:lamp:on"
	for _, c := range []struct {
		feature, rest string
		want          home.Value
	}{
		{lamp, `"state":12.5`, home.Num(12.5)},
		{lamp, `"state":" 7 "`, home.Num(7)},
		{lamp, `"state":"1e1"`, home.Num(10)},
		{lamp, `"state":-0`, home.Num(0)},
		{on, `"state":true`, home.Num(1)},
		{on, `"state":"false"`, home.Num(0)},
		{text, `"state":"007"`, home.Txt("007")},
		{text, `"state":true`, home.Txt("true")},
		{text, `"state":1.50`, home.Txt("1.5")},
		{text, `"text":"caf\u00e9"`, home.Txt("caf\u00e9")},
		{text, `"text":"a","state":3`, home.Txt("a")},
		{text, `"text":null,"state":3`, home.Txt("3")},
		{text, `"text":""`, home.Txt("")},
	} {
		w.Advance(time.Second)
		body := fmt.Sprintf(`{"device_feature_external_id":%q,%s}`, c.feature, c.rest)
		if a := post(t, w.Handler, "/v1/api/device/state/"+w.Vars["key"], "application/json", body); a.Code != http.StatusOK || a.Body.String() != `{"status":200}` {
			t.Errorf("%s: %d %s", body, a.Code, a.Body)
		}
		if got := current(t, w, c.feature).Value; got != c.want {
			t.Errorf("%s is kept as %+v, want %+v", body, got, c.want)
		}
	}
}

func TestBatchIsAllOrNone(t *testing.T) {
	w := kit(t).World(t)
	path := "/v1/api/device/state/" + w.Vars["key"]
	state := func(n string) string {
		return `{"device_feature_external_id":"demo:lamp:brightness","state":` + n + `}`
	}
	full := "[" + strings.Repeat(state("55")+",", 999) + state("66") + "]"
	if a := post(t, w.Handler, path, "application/json", full); a.Code != http.StatusOK {
		t.Fatalf("a thousand states: %d %s", a.Code, a.Body)
	}
	if got := current(t, w, "demo:lamp:brightness").Value; got != home.Num(66) {
		t.Errorf("after the batch it is %v", got)
	}
	for _, body := range []string{"[" + strings.Repeat(state("1")+",", 1000) + state("2") + "]", "[" + strings.Repeat(state("1")+",", 998) + state("101") + "]",
		"[" + state("1") + `,{"device_feature_external_id":"nobody","state":1}]`} {
		if a := post(t, w.Handler, path, "application/json", body); a.Code != http.StatusUnprocessableEntity && a.Code != http.StatusNotFound {
			t.Errorf("a bad batch got %d", a.Code)
		}
		if got := current(t, w, "demo:lamp:brightness").Value; got != home.Num(66) {
			t.Errorf("a bad batch left %v", got)
		}
	}
	if a := post(t, w.Handler, path, "application/json", state(strings.Repeat(" ", 17<<10)+"1")); a.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("one state of 17 KiB got %d", a.Code)
	}
}

func TestCreatedAt(t *testing.T) {
	w := kit(t).World(t)
	const feature = "demo:sensor:temperature"
	before := current(t, w, feature)
	send := func(value int, at string) {
		t.Helper()
		body := fmt.Sprintf(`{"device_feature_external_id":%q,"state":%d,"created_at":%q}`, feature, value, at)
		if a := post(t, w.Handler, "/v1/api/device/state/"+w.Vars["key"], "application/json", body); a.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", body, a.Code, a.Body)
		}
	}
	send(9, "1970-01-01T00:00:00Z") // a clock that was never set
	send(10, "2026-03-01T12:00:00+01:00")
	send(11, "2026-03-01T11:00:00Z") // the same moment
	if now := current(t, w, feature); now.At != before.At || now.Value != before.Value {
		t.Errorf("history moved the current value to %+v", now)
	}
	send(12, "2026-03-29T06:59:00Z")
	if now := current(t, w, feature); now.Value != home.Num(12) {
		t.Errorf("a newer value did not become the current one: %+v", now)
	}
	var got []home.Value
	from := home.TimeOf(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	err := w.Hub.History(t.Context(), alice(t, w), hub.HistoryQuery{Feature: feature, From: from, To: from.Add(24 * time.Hour)}, func(s home.Sample) error {
		got = append(got, s.Value)
		return nil
	})
	if err != nil || len(got) != 1 || got[0] != home.Num(11) {
		t.Errorf("at that moment it was %v, %v", got, err)
	}
}

// TestNumbers: the fast reader's numbers are those of strconv.
func TestNumbers(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		text := strconv.FormatUint(random.Uint64N(1e15)>>random.UintN(50), 10)
		if cut := random.IntN(len(text)); cut > 0 {
			text = text[:cut] + "." + text[cut:]
		}
		if random.IntN(2) == 0 {
			text = "-" + text
		}
		got, ok := gladys.Quick([]byte(`{"state":` + text + `,"device_feature_external_id":"a"}`))
		if want, err := strconv.ParseFloat(text, 64); !ok || err != nil || got[0].Value.Number != want {
			t.Fatalf("%s reads as %v, %v; it is %v", text, got, ok, want)
		}
	}
}

func TestRateLimit(t *testing.T) {
	w := kit(t).World(t)
	d, err := open(w.Hub)
	if err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return dialecttest.Start }
	h, err := wire.Mount([]wire.Dialect{d}, wire.Options{Clock: clock, Hosts: []string{dialecttest.Host}, Limiter: wire.NewLimiter(clock, wire.UsualRates())})
	if err != nil {
		t.Fatal(err)
	}
	body := `{"device_feature_external_id":"mqtt:my-phone-presence","state":1}`
	var last *httptest.ResponseRecorder
	for range 21 {
		last = post(t, h, "/v1/api/device/state/"+w.Vars["key"], "application/json", body)
	}
	if last.Code != http.StatusTooManyRequests || last.Header().Get("Retry-After") == "" || !strings.Contains(last.Body.String(), `{"status":429,"error_code":"TOO_MANY_REQUESTS"`) {
		t.Errorf("the 21st request at once got %d %v %s", last.Code, last.Header(), last.Body)
	}
}

func TestStopping(t *testing.T) {
	w := kit(t).World(t)
	w.Hub.Close()
	a := post(t, w.Handler, "/v1/api/device/state/"+w.Vars["key"], "application/json", `{"device_feature_external_id":"mqtt:my-phone-presence","state":1}`)
	if a.Code != http.StatusServiceUnavailable || a.Header().Get("Retry-After") == "" || !strings.Contains(a.Body.String(), `"error_code":"SERVICE_UNAVAILABLE"`) {
		t.Errorf("a server that stops answers %d %v %s", a.Code, a.Header(), a.Body)
	}
}

func BenchmarkQuick(b *testing.B) {
	body := []byte("{\n\t\"device_feature_external_id\": \"mqtt:my-phone-presence\",\n\t\"state\": 1\n}")
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := gladys.Quick(body); !ok {
			b.Fatal("not read")
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	body := []byte(`{"device_feature_external_id":"mqtt:my-phone-presence","state":1}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := gladys.Decode(body); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPostState is the whole way but the network and the disk.
func BenchmarkPostState(b *testing.B) {
	w := kit(b).World(b)
	d, err := open(w.Hub)
	if err != nil {
		b.Fatal(err)
	}
	h, err := wire.Mount([]wire.Dialect{d}, wire.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	body := strings.NewReader("")
	r := httptest.NewRequest(http.MethodPost, "/v1/api/device/state/"+w.Vars["key"], nil)
	r.Host, r.Body = "localhost", io.NopCloser(body)
	answer := &nowhere{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(answer.header)
		body.Reset(`{"device_feature_external_id":"mqtt:my-phone-presence","state":1}`)
		if h.ServeHTTP(answer, r); answer.status > http.StatusOK {
			b.Fatal(answer.status)
		}
	}
}

// nowhere is a ResponseWriter that keeps nothing.
type nowhere struct {
	header http.Header
	status int
}

func (n *nowhere) Header() http.Header         { return n.header }
func (n *nowhere) WriteHeader(status int)      { n.status = status }
func (n *nowhere) Write(b []byte) (int, error) { return len(b), nil }
