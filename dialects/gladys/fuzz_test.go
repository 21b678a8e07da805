package gladys_test

import (
	"bytes"
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/dialects/dialecttest"
	"latchkey/dialects/gladys"
	"latchkey/home"
)

// FuzzState: what the fast reader takes, the general decoder reads as the same.
// Whatever either takes is finite, has a feature, and never a value and a
// text at once.
func FuzzState(f *testing.F) {
	for _, seed := range []string{
		"{\n\t\"device_feature_external_id\": \"mqtt:my-phone-presence\",\n\t\"state\": 1\n}", `{"state":0,"device_feature_external_id":"a"}`,
		`{"device_feature_external_id":"a","state":-0}`, `{"device_feature_external_id":"a","state":0.1}`, `{"device_feature_external_id":"a","state":-123456.789012345}`,
		`{"device_feature_external_id":"a","state":999999999999999}`, `{"device_feature_external_id":"a","state":0.000000000000001}`,
		`{"device_feature_external_id":"a","state":01}`, `{"device_feature_external_id":"a","state":1e3}`, `{"device_feature_external_id":"a","state":1.}`,
		`{"device_feature_external_id":"a\u0041","state":1}`, "{\"device_feature_external_id\":\"\u00e9\",\"state\":\"1\"}", `{"device_feature_external_id":"a","state":true}`,
		`[{"device_feature_external_id":"a","state":1},{"device_feature_external_id":"b","state":2.5}]`, `[]`, `[{}]`, `{}`, `null`, `[null]`, ` `,
		`{"device_feature_external_id":"a","state":1,"state":2}`, `{"device_feature_external_id":"a","state":1}x`, "\xef\xbb\xbf{\"device_feature_external_id\":\"a\",\"state\":1}",
		`{"device_feature_external_id":"a","text":"b","created_at":"2026-03-29T02:30:00+01:00"}`, `{"State":1,"device_feature_external_id":"a"}`,
		`{"device_feature_external_id":"a","state":` + strings.Repeat("9", 200) + `}`, strings.Repeat("[", 100),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		fast, ok := gladys.Quick(b)
		general, err := gladys.Decode(b)
		if ok {
			if err != nil && len(fast) > 0 {
				t.Fatalf("only the fast reader takes %q: %v", b, err)
			}
			if diff := cmp.Diff(general, fast); diff != "" && len(fast)+len(general) > 0 {
				t.Fatalf("%q reads differently (-general +fast):\n%s", b, diff)
			}
		}
		if err == nil && len(general) <= 1000 {
			wellRead(t, general)
		}
	})
}

func wellRead(t *testing.T, reports []home.Report) {
	t.Helper()
	for _, r := range reports {
		n := r.Value.Number
		if r.Feature == "" || math.IsNaN(n) || math.IsInf(n, 0) || math.Signbit(n) && n == 0 || r.Value.IsText && n != 0 || !r.Value.IsText && r.Value.Text != "" {
			t.Fatalf("badly read: %+v", r)
		}
		if (r.At != 0) && !r.Explicit {
			t.Fatalf("a moment that is not history: %+v", r)
		}
	}
}

// FuzzForm: a form means what the JSON object of its texts means.
func FuzzForm(f *testing.F) {
	for _, seed := range []string{"device_feature_external_id=mqtt%3Amy-phone-presence&state=1", "device_feature_external_id=a&state=true", "device_feature_external_id=a&text=b+c",
		"device_feature_external_id=a&state=1&created_at=2026-03-28T10:00:00%2B01:00", "a=1&a=2", "%zz", "a;b", "device_feature_external_id=a&state=%ff", "", "&&"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := gladys.Form(b)
		if err != nil {
			return
		}
		wellRead(t, got)
		values, parseErr := url.ParseQuery(string(b))
		if parseErr != nil {
			t.Fatalf("%q is taken, and is no form: %v", b, parseErr)
		}
		object := map[string]string{}
		for name := range values {
			object[name] = values.Get(name)
		}
		twin, encodeErr := json.Marshal(object)
		if encodeErr != nil {
			t.Fatal(encodeErr)
		}
		want, err := gladys.Decode(twin)
		if err != nil {
			t.Fatalf("the form %q is taken, its JSON %s is not: %v", b, twin, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("the form %q and its JSON differ:\n%s", b, diff)
		}
	})
}

// FuzzMoment: what is taken is within the years, and is the moment written.
func FuzzMoment(f *testing.F) {
	for _, seed := range []string{"2026-03-29T07:00:00Z", "2026-03-29T09:00:00.123456789+02:00", "2026-03-29T09:00+02:00", "2026-03-29 09:00:00+0200", "2026-03-29T09:00:00+02",
		"0000-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", "1969-12-31T23:59:59Z", "2026-02-29T00:00:00Z", "2026-03-29T02:30:00", "", "1774681200"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := gladys.ParseMoment(s)
		if err != nil {
			if home.CodeOf(err) != home.Invalid {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		if m < 0 || m.Std().Year() > 9999 {
			t.Fatalf("%q is %d", s, m)
		}
		if again, err := gladys.ParseMoment(m.Std().Format(time.RFC3339Nano)); err != nil || again != m {
			t.Fatalf("%q is %s, which reads as %s, %v", s, m, again, err)
		}
	})
}

// FuzzOwnTracks: no body makes the server fail, and what it answers with
// success is a list.
func FuzzOwnTracks(f *testing.F) {
	for _, seed := range []string{`{"_type":"location","lat":48.85833,"lon":2.29513,"tst":1774767595,"acc":12,"batt":71,"tid":"AL"}`, `{"_type":"location","lat":0,"lon":0}`,
		`{"_type":"transition","event":"enter","desc":"Home","tst":1774767595}`, `{"_type":"waypoint","desc":"x","lat":"1","lon":"2"}`,
		`{"_type":"waypoints","waypoints":[{"_type":"waypoint","desc":"x"}]}`, `{"_type":"lwt","tst":1}`, `{"_type":"encrypted","data":"x"}`, `{"_type":"card"}`, ``, `[]`,
		`{"_type":"location","lat":1,"lon":2,"topic":"owntracks/` + "\u0001" + `/x","tid":"\u0007"}`, `{"_type":"status","x":[[[[{}]]]]}`, "\xef\xbb\xbf{\"_type\":\"lwt\"}"} {
		f.Add([]byte(seed))
	}
	w := kit(f).World(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		r := httptest.NewRequest(http.MethodPost, "/v1/api/owntracks/"+w.Vars["key"], bytes.NewReader(b))
		r.Host = dialecttest.Host
		answer := httptest.NewRecorder()
		w.Handler.ServeHTTP(answer, r)
		switch {
		case answer.Code >= 500:
			t.Fatalf("%q got %d: %s", b, answer.Code, answer.Body)
		case answer.Code == http.StatusOK && !strings.HasPrefix(answer.Body.String(), "["):
			t.Fatalf("%q got %s", b, answer.Body)
		}
	})
}
