package native_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/dialects/dialecttest"
	"latchkey/dialects/native"
	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/wire"
	"latchkey/stores/memory"
)

// ask sends a request to a world's handler and returns the answer.
func ask(t testing.TB, w *dialecttest.World, method, path, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, "http://"+dialecttest.Host+native.Prefix+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+w.Vars["token"])
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	w.Handler.ServeHTTP(rec, r)
	return rec
}

func decode[T any](t testing.TB, rec *httptest.ResponseRecorder) (v T) {
	t.Helper()
	if err := json.Unmarshal(rec.Body.Bytes(), &v); err != nil {
		t.Fatalf("%v: %d %s", err, rec.Code, rec.Body)
	}
	return v
}

// TestSetUp: once, from the machine itself or with the code.
func TestSetUp(t *testing.T) {
	fresh := func() (*hub.Hub, http.Handler) {
		h, err := hub.New(t.Context(), hub.Config{Store: memory.New()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(h.Close)
		d, err := native.New(h, native.Options{})
		if err != nil {
			t.Fatal(err)
		}
		handler, err := wire.Mount([]wire.Dialect{d}, wire.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return h, handler
	}
	post := func(h http.Handler, remote, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", "http://localhost"+native.Prefix+"/setup", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.RemoteAddr = remote
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		return rec
	}
	const who = `"username":"alice","password":"alice-opens-the-door","house":{"name":"Home","time_zone":"Europe/Paris","latitude":48.85,"longitude":2.35,"language":"fr"}`
	h, handler := fresh()
	if rec := post(handler, "192.0.2.7:1234", "{"+who+"}"); rec.Code != 403 || !strings.Contains(rec.Body.String(), "setup_code") {
		t.Errorf("from elsewhere without the code: %d %s", rec.Code, rec.Body)
	}
	rec := post(handler, "192.0.2.7:1234", `{`+who+`,"code":"`+h.SetupCode()+`"}`)
	done := decode[struct {
		Account struct {
			ID       home.ID
			Operator bool
		}
		House struct {
			ID       home.ID
			TimeZone string `json:"time_zone"`
		}
		Token string
	}](t, rec)
	if rec.Code != 201 || !done.Account.Operator || done.House.TimeZone != "Europe/Paris" || done.Token == "" {
		t.Errorf("with the code: %d %+v", rec.Code, done)
	}
	if id, err := h.Identify(t.Context(), hub.Credential{Secret: done.Token}); err != nil || id.House != done.House.ID {
		t.Errorf("the token: %v %v", id, err)
	}
	if rec := post(handler, "127.0.0.1:1234", "{"+who+"}"); rec.Code != 403 {
		t.Errorf("a second time: %d %s", rec.Code, rec.Body)
	}
	_, handler = fresh()
	if rec := post(handler, "127.0.0.1:1234", `{"username":"alice","password":"alice-opens-the-door"}`); rec.Code != 201 {
		t.Errorf("from the machine itself: %d %s", rec.Code, rec.Body)
	}
}

// TestIdempotency: a key acts once, also when two come at the same moment, and
// after 24 hours it is free again.
func TestIdempotency(t *testing.T) {
	w := kit(t, 64).World(t)
	var wait sync.WaitGroup
	var mu sync.Mutex
	made := map[int]int{}
	for range 20 {
		wait.Go(func() {
			rec := ask(t, w, "POST", "/rooms", `{"name":"Attic"}`, "Idempotency-Key", "same")
			mu.Lock()
			defer mu.Unlock()
			made[rec.Code]++
			if rec.Code == 409 && !strings.Contains(rec.Body.String(), "idempotency_in_flight") {
				t.Errorf("%s", rec.Body)
			}
		})
	}
	wait.Wait()
	if made[201] == 0 || made[201]+made[409] != 20 {
		t.Errorf("statuses %v", made)
	}
	first := ask(t, w, "POST", "/rooms", `{"name":"Attic"}`, "Idempotency-Key", "same")
	if first.Code != 201 || first.Header().Get("Idempotency-Replayed") != "true" || first.Header().Get("ETag") != `"1"` || first.Header().Get("Location") == "" {
		t.Errorf("the replay: %d %v", first.Code, first.Header())
	}
	if rec := ask(t, w, "POST", "/rooms", `{"name":"Attic"}`, "Idempotency-Key", "same", "Authorization", "Bearer "+w.Vars["pat"]); rec.Code != 409 || strings.Contains(rec.Body.String(), "idempotency") {
		t.Errorf("another credential with the same key shares nothing: %d %s", rec.Code, rec.Body)
	}
	if rec := ask(t, w, "POST", "/rooms", `{"name":""}`, "Idempotency-Key", "refused"); rec.Code != 422 {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	if rec := ask(t, w, "POST", "/rooms", `{"name":"Cellar"}`, "Idempotency-Key", "refused"); rec.Code != 201 {
		t.Errorf("a refusal keeps its key: %d %s", rec.Code, rec.Body)
	}
	w.Advance(24*time.Hour + time.Minute)
	if rec := ask(t, w, "POST", "/rooms", `{"name":"Attic"}`, "Idempotency-Key", "same"); rec.Code != 409 || !strings.Contains(rec.Body.String(), "name_taken") {
		t.Errorf("a day later: %d %s", rec.Code, rec.Body)
	}
}

// TestConditional: what one has is not sent again, and a device's tag follows
// its values too.
func TestConditional(t *testing.T) {
	w := kit(t, 64).World(t)
	path := "/devices/" + w.Vars["sensor"]
	tag := ask(t, w, "GET", path, "").Header().Get("ETag")
	if rec := ask(t, w, "GET", path, "", "If-None-Match", `"x", `+tag); rec.Code != 304 || rec.Body.Len() != 0 {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	if rec := ask(t, w, "POST", "/states", `{"feature":"demo:sensor:temperature","value":21}`); rec.Code != 201 {
		t.Fatal(rec.Body)
	}
	rec := ask(t, w, "GET", path, "", "If-None-Match", tag)
	if rec.Code != 200 || !strings.Contains(rec.Body.String(), `"last_value":21`) {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	if rec := ask(t, w, "PATCH", path, `{"name":"Outside"}`, "If-Match", tag); rec.Code != 200 {
		t.Errorf("an older value is no older version: %d %s", rec.Code, rec.Body)
	}
	if rec := ask(t, w, "PATCH", path, `{"name":"Inside"}`, "If-Match", tag); rec.Code != 412 {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

// TestPages: pages joined are the whole, in both orders, whatever the size.
func TestPages(t *testing.T) {
	w := kit(t, 64).World(t)
	var b strings.Builder
	b.WriteString("feature,at,value\n")
	for i := range 50 {
		fmt.Fprintf(&b, "demo:sensor:temperature,%s,%d\n", dialecttest.Start.Add(time.Duration(i/3-400)*time.Minute).Format(time.RFC3339), i)
	}
	if rec := ask(t, w, "POST", "/states/import", b.String(), "Content-Type", "text/csv"); rec.Code != 200 {
		t.Fatal(rec.Body)
	}
	type page struct {
		States []struct{ Seq uint64 }
		Next   string `json:"next_cursor"`
	}
	for _, order := range []string{"asc", "desc"} {
		whole := decode[page](t, ask(t, w, "GET", "/states?feature=demo:sensor:temperature&limit=1000&order="+order, ""))
		for _, limit := range []int{1, 7, 17} {
			var got []uint64
			at := fmt.Sprintf("/states?feature=demo:sensor:temperature&limit=%d&order=%s", limit, order)
			for next := ""; ; {
				p := decode[page](t, ask(t, w, "GET", at+"&cursor="+next, ""))
				for _, s := range p.States {
					got = append(got, s.Seq)
				}
				if next = p.Next; next == "" {
					break
				}
			}
			if len(got) != len(whole.States) {
				t.Fatalf("%s by %d: %d of %d", order, limit, len(got), len(whole.States))
			}
			for i := range got {
				if got[i] != whole.States[i].Seq {
					t.Fatalf("%s by %d: place %d is %d, want %d", order, limit, i, got[i], whole.States[i].Seq)
				}
			}
		}
	}
}

// TestEventsAhead: who asks behind a number that the house has not reached, as
// after a recovery that lost the tail, is told so and goes on from the head.
func TestEventsAhead(t *testing.T) {
	w := kit(t, 64).World(t)
	type page struct {
		Last, Head uint64
		Gap        bool
	}
	now := decode[page](t, ask(t, w, "GET", "/events?limit=1000", ""))
	if now.Gap || now.Head == 0 {
		t.Fatalf("%+v", now)
	}
	if at := decode[page](t, ask(t, w, "GET", fmt.Sprint("/events?since=", now.Head), "")); at.Gap || at.Last != now.Head {
		t.Errorf("at the head: %+v", at)
	}
	if ahead := decode[page](t, ask(t, w, "GET", fmt.Sprint("/events?since=", now.Head+1000), "")); !ahead.Gap || ahead.Last != ahead.Head || ahead.Head != now.Head {
		t.Errorf("ahead of it: %+v", ahead)
	}
}

// TestImportBatches: a wrong line refuses its own batch and no other, and is
// named.
func TestImportBatches(t *testing.T) {
	w := kit(t, 64).World(t)
	var b strings.Builder
	for i := range 1600 {
		value := "1"
		if i == 700 {
			value = `"x"`
		}
		fmt.Fprintf(&b, `{"feature":"demo:sensor:temperature","at":"%s","value":%s}`+"\n", dialecttest.Start.Add(time.Duration(i-2000)*time.Minute).Format(time.RFC3339), value)
	}
	rec := ask(t, w, "POST", "/states/import", b.String(), "Content-Type", "application/x-ndjson")
	got := decode[struct {
		Accepted, Refused int
		Problems          []struct {
			Line int
			From int `json:"from_line"`
			To   int `json:"to_line"`
		}
	}](t, rec)
	if got.Accepted != 1100 || got.Refused != 500 || len(got.Problems) != 1 || got.Problems[0].Line != 701 || got.Problems[0].From != 501 || got.Problems[0].To != 1000 {
		t.Errorf("%s", rec.Body)
	}
	rec = ask(t, w, "POST", "/states/import", "feature,at,value\n\"a\n"+strings.Repeat("x", 40<<10), "Content-Type", "text/csv")
	if rec.Code != 413 {
		t.Errorf("a line of 40 KiB: %d %s", rec.Code, rec.Body)
	}
}

// TestExportIsSteady: an export of many values holds few of them, and comes
// back as it was.
func TestExportIsSteady(t *testing.T) {
	w := kit(t, 64).World(t)
	alice, err := w.Hub.Identify(t.Context(), hub.Credential{Secret: w.Vars["token"]})
	if err != nil {
		t.Fatal(err)
	}
	const n = 100_000
	reports := make([]home.Report, 1000)
	for i := 0; i < n; i += len(reports) {
		for j := range reports {
			reports[j] = home.Report{Feature: "demo:sensor:temperature", Value: home.Num(float64((i+j)%100) / 4), Explicit: true, At: home.TimeOf(dialecttest.Start).Add(time.Duration(i+j-2*n) * time.Second)}
		}
		if _, err := w.Hub.Report(t.Context(), alice, reports...); err != nil {
			t.Fatal(err)
		}
	}
	r := httptest.NewRequest("GET", "http://"+dialecttest.Host+native.Prefix+"/states/export?feature=demo:sensor:temperature", nil)
	r.Header.Set("Authorization", "Bearer "+w.Vars["token"])
	out := &counter{header: http.Header{}}
	w.Handler.ServeHTTP(out, r)
	if out.lines != n+2 { // the head, and the fixture's own value
		t.Errorf("%d lines of %d", out.lines, n+2)
	}
	if out.most > 4<<20 {
		t.Errorf("the export held %d bytes at once", out.most)
	}
}

// counter counts lines and looks at how much memory is held meanwhile.
type counter struct {
	header http.Header
	lines  int
	writes int
	first  uint64
	most   uint64
}

func (c *counter) Header() http.Header { return c.header }
func (c *counter) WriteHeader(int)     {}

func (c *counter) Write(b []byte) (int, error) {
	c.lines += bytes.Count(b, []byte("\n"))
	if c.writes++; c.writes%100 == 1 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		if c.first == 0 {
			c.first = m.HeapAlloc
		}
		if m.HeapAlloc > c.first {
			c.most = max(c.most, m.HeapAlloc-c.first)
		}
	}
	return len(b), nil
}

// TestFormulas: no cell of an export is one that a spreadsheet calculates, and
// the import reads back what was exported.
func TestFormulas(t *testing.T) {
	w := kit(t, 64).World(t)
	texts := []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", "'", "plain", "a,b\"c\nd", "\u00e9"}
	for i, text := range texts {
		b, _ := json.Marshal(map[string]any{"feature": "demo:board:text", "text": text, "history": true, "at": dialecttest.Start.Add(time.Duration(i-100) * time.Minute)})
		if rec := ask(t, w, "POST", "/states", string(b)); rec.Code != 201 {
			t.Fatal(rec.Body)
		}
	}
	exported := ask(t, w, "GET", "/states/export?feature=demo:board:text", "").Body.String()
	for line := range strings.SplitSeq(exported, "\n") {
		for cell := range strings.SplitSeq(line, ",") {
			if cell = strings.Trim(cell, `"`); cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				t.Errorf("a cell begins with %q: %s", cell[0], line)
			}
		}
	}
	before := ask(t, w, "GET", "/states/export?format=ndjson&feature=demo:board:text", "").Body.String()
	if rec := ask(t, w, "DELETE", "/states?feature=demo:board:text", ""); rec.Code != 204 {
		t.Fatal(rec.Body)
	}
	if rec := ask(t, w, "POST", "/states/import", exported, "Content-Type", "text/csv"); rec.Code != 200 {
		t.Fatal(rec.Body)
	}
	after := ask(t, w, "GET", "/states/export?format=ndjson&feature=demo:board:text", "").Body.String()
	if strip(before) != strip(after) {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
}

// strip takes the order numbers out.
func strip(ndjson string) string {
	var out []string
	for line := range strings.SplitSeq(ndjson, "\n") {
		head, rest, _ := strings.Cut(line, `"seq":`)
		_, rest, _ = strings.Cut(rest, ",")
		out = append(out, head+rest)
	}
	return strings.Join(out, "\n")
}
