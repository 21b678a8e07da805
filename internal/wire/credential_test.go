package wire_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"latchkey/home"
	"latchkey/internal/wire"
)

const key = "lk_pat_0123456789abcdefghijklmnopqrstab12"

func pair(username, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(username+":"+password))
}

func TestCredential(t *testing.T) {
	open := &wire.Route{}
	inPath := &wire.Route{URLSecret: "key"}
	onlyHeader := &wire.Route{Carry: wire.Header}
	onlyQuery := &wire.Route{Carry: wire.Query}
	browser := &wire.Route{Carry: wire.Usual | wire.Cookie}
	cases := []struct {
		name    string
		rt      *wire.Route
		query   string
		path    string
		headers map[string]string
		want    string
		how     wire.Carrier
		code    home.Code
	}{
		{name: "nothing", rt: open, code: home.Unauthorized},
		{name: "bearer", rt: open, headers: map[string]string{"Authorization": "Bearer " + key}, want: key, how: wire.Bearer},
		{name: "bearer, colon, case", rt: open, headers: map[string]string{"Authorization": "bEARER:  " + key}, want: key, how: wire.Bearer},
		{name: "bearer without a key", rt: open, headers: map[string]string{"Authorization": "Bearer"}, code: home.Unauthorized},
		{name: "bare", rt: open, headers: map[string]string{"Authorization": "a.b.c"}, want: "a.b.c", how: wire.Bare},
		{name: "basic password", rt: open, headers: map[string]string{"Authorization": pair("phone", key)}, want: key, how: wire.Basic},
		{name: "basic username", rt: open, headers: map[string]string{"Authorization": pair(key, "")}, want: key, how: wire.Basic},
		{name: "basic username is the key", rt: open, headers: map[string]string{"Authorization": pair(key, "x")}, want: key, how: wire.Basic},
		{name: "basic garbled", rt: open, headers: map[string]string{"Authorization": "Basic ###"}, code: home.Unauthorized},
		{name: "x-token", rt: open, headers: map[string]string{"X-Token": key}, want: key, how: wire.XToken},
		{name: "query", rt: open, query: "access_token=" + key, want: key, how: wire.Query},
		{name: "query key", rt: onlyQuery, query: "key=abc", want: "abc", how: wire.Query},
		{name: "query not taken", rt: onlyHeader, query: "token=abc", code: home.Unauthorized},
		{name: "header not taken", rt: onlyQuery, headers: map[string]string{"Authorization": pair("a", "b")}, query: "key=abc", want: "abc", how: wire.Query},
		{name: "unknown scheme", rt: open, headers: map[string]string{"Authorization": "Digest username=x"}, code: home.Unauthorized},
		{name: "path", rt: inPath, path: key, want: key, how: wire.PathSecret},
		{name: "path and the same header", rt: inPath, path: key, headers: map[string]string{"Authorization": "Bearer " + key}, want: key, how: wire.PathSecret},
		{name: "path and another header", rt: inPath, path: key, headers: map[string]string{"Authorization": "Bearer other"}, code: home.Invalid},
		{name: "two in the query", rt: open, query: "token=a&token=b", code: home.Invalid},
		{name: "two names in the query", rt: open, query: "token=a&key=b", code: home.Invalid},
		{name: "malformed query", rt: open, query: "token=%zz", code: home.Invalid},
		{name: "cookie not taken", rt: open, headers: map[string]string{"Cookie": "latchkey=" + key}, code: home.Unauthorized},
		{name: "cookie", rt: browser, headers: map[string]string{"Cookie": "latchkey=" + key}, want: key, how: wire.Cookie},
		{name: "cookie behind a header", rt: browser, headers: map[string]string{"Cookie": "latchkey=" + key, "X-Token": "abc"}, want: "abc", how: wire.XToken},
		{name: "too long", rt: open, query: "token=" + strings.Repeat("a", 3000), code: home.Unauthorized},
		{name: "odd characters", rt: open, query: "token=a%0ab", code: home.Unauthorized},
	}
	for _, c := range cases {
		r := httptest.NewRequest("GET", "http://localhost/", nil)
		r.URL.RawQuery = c.query
		r.SetPathValue("key", c.path)
		for name, value := range c.headers {
			r.Header.Set(name, value)
		}
		got, how, err := wire.Credential(r, c.rt)
		if got != c.want || how != c.how || home.CodeOf(err) != c.code {
			t.Errorf("%s: %q by %s, %v; want %q by %s, %s", c.name, got, how, err, c.want, c.how, c.code)
		}
		if err != nil && strings.Contains(err.Error(), key) {
			t.Errorf("%s: the error repeats the key: %v", c.name, err)
		}
	}
}

// FuzzCredential: exactly one principal, or an error the caller may read that
// does not repeat what was given.
func FuzzCredential(f *testing.F) {
	f.Add("Bearer "+key, "", "", "")
	f.Add(pair("phone", key), "access_token=x", key, "latchkey=y")
	f.Add("Bearer: a", "key=a&token=%61", "", "session_token=z")
	f.Add("Basic Og==", "key", "\x00", ";;")
	f.Fuzz(func(t *testing.T, authorization, query, path, cookie string) {
		r := &http.Request{Method: "GET", Header: http.Header{"Authorization": {authorization}, "Cookie": {cookie}}}
		r.URL = httptest.NewRequest("GET", "http://localhost/", nil).URL
		r.URL.RawQuery = query
		r.SetPathValue("key", path)
		secret, how, err := wire.Credential(r, &wire.Route{URLSecret: "key", Carry: wire.Usual | wire.Cookie})
		if (secret == "") != (err != nil) || (how == 0) != (err != nil) {
			t.Fatalf("%q by %s, %v", secret, how, err)
		}
		if err != nil {
			if c := home.CodeOf(err); c != home.Unauthorized && c != home.Invalid {
				t.Fatalf("code %s", c)
			}
			return
		}
		if strings.ContainsAny(secret, " \r\n\x00\x7f") {
			t.Fatalf("secret %q", secret)
		}
		if path != "" && secret != path {
			t.Fatalf("the path says %q, the result is %q", path, secret)
		}
	})
}
