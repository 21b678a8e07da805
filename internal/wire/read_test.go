package wire_test

import (
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"latchkey/home"
	"latchkey/internal/wire"
)

type thing struct {
	Name string `json:"name"`
}

func TestReadJSONTakesWhatItSays(t *testing.T) {
	read := func(body, contentType string, o wire.JSONOptions) error {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		if contentType != "" {
			r.Header.Set("Content-Type", contentType)
		}
		return wire.ReadJSON(r, 32, new(thing), o)
	}
	for contentType, o := range map[string]wire.JSONOptions{
		"": {}, "application/json": {}, "application/json; charset=utf-8": {}, "application/merge-patch+json": {}, "text/plain": {Types: []string{"text/plain"}}, wire.FormType: {Types: []string{"*"}},
	} {
		if err := read(`{}`, contentType, o); err != nil {
			t.Errorf("%q: %v", contentType, err)
		}
	}
	for _, contentType := range []string{"text/plain", wire.FormType, "nonsense;;", "application/xml"} {
		if err := read(`{}`, contentType, wire.JSONOptions{}); err == nil || wire.StatusOf(home.AsError(err)) != http.StatusUnsupportedMediaType {
			t.Errorf("%q: %v", contentType, err)
		}
	}
	if err := read(`{"name":"`+strings.Repeat("a", 40)+`"}`, "", wire.JSONOptions{}); home.CodeOf(err) != home.TooLarge {
		t.Errorf("over the limit: %v", err)
	}
	if err := read(``, "", wire.JSONOptions{Empty: true}); err != nil {
		t.Errorf("empty: %v", err)
	}
}

func TestWriteJSONRefusesBeforeItWrites(t *testing.T) {
	w := httptest.NewRecorder()
	if err := wire.WriteJSON(w, 200, math.NaN()); err == nil || w.Body.Len() > 0 {
		t.Errorf("%v %s", err, w.Body)
	}
	if err := wire.WriteJSON(w, 201, []string{"<&>"}); err != nil || w.Code != 201 || w.Body.String() != `["<&>"]` {
		t.Errorf("%v %d %s", err, w.Code, w.Body)
	}
}

func TestReadForm(t *testing.T) {
	form := func(body, contentType string) (int, error) {
		r := httptest.NewRequest("POST", "/?q=1", strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		v, err := wire.ReadForm(r, wire.Body)
		return len(v), err
	}
	if n, err := form("user%5Bemail%5D=a%40b&a[]=1&a[]=2", "applications/x-www-form-urlencoded; charset=utf-8"); n != 2 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	for _, bad := range []string{"a=%zz", "a;b=1", strings.Repeat("a=1&", 1000), strings.Repeat("k", 257) + "=1", "a=%00"} {
		if _, err := form(bad, wire.FormType); home.CodeOf(err) != home.Invalid {
			t.Errorf("%.40s: %v", bad, err)
		}
	}
	if _, err := form("a=1", "text/plain"); err == nil || wire.StatusOf(home.AsError(err)) != 415 {
		t.Errorf("text/plain: %v", err)
	}
}
