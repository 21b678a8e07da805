//go:build !noui

package web_test

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"latchkey/home"
	"latchkey/internal/wire"
	"latchkey/web"
)

func serve(t *testing.T, o web.Options) http.Handler {
	t.Helper()
	d, err := web.Dialect(o)
	if err != nil {
		t.Fatal(err)
	}
	h, err := wire.Mount([]wire.Dialect{d}, wire.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func get(h http.Handler, path, language string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host = "localhost"
	if language != "" {
		r.Header.Set("Accept-Language", language)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestStartPageFollowsStateAndLanguage(t *testing.T) {
	fresh := true
	h := serve(t, web.Options{NeedsSetup: func() bool { return fresh }})
	for _, c := range []struct {
		fresh          bool
		path, language string
		has, lacks     string
	}{
		{true, "/", "", "Set up this house", `class="banner"`},
		{true, "/setup", "fr-CH, fr;q=0.9", "Installer cette maison", "Set up"},
		{true, "/?lang=fr", "en", "Installer cette maison", "Set up"},
		{false, "/", "de, en;q=0.3, fr;q=0.2", "Latchkey is running", "<form"},
		{false, "/setup?lang=fr", "", "Latchkey est en marche", "<form"},
	} {
		fresh = c.fresh
		w := get(h, c.path, c.language)
		if body := w.Body.String(); w.Code != 200 || !strings.Contains(body, c.has) || strings.Contains(body, c.lacks) {
			t.Errorf("%+v: %d %s", c, w.Code, body)
		}
		if !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'self'") {
			t.Errorf("%s: no content security policy", c.path)
		}
	}
}

func TestDemoSaysSo(t *testing.T) {
	h := serve(t, web.Options{NeedsSetup: func() bool { return false }, Demo: true, Kept: func() int { return 3 }})
	if body := get(h, "/", "").Body.String(); !strings.Contains(body, "Demo: an invented home") || !strings.Contains(body, "kept here: 3") {
		t.Errorf("no banner: %s", body)
	}
}

func TestFiles(t *testing.T) {
	h := serve(t, web.Options{NeedsSetup: func() bool { return true }})
	for path, want := range map[string]struct {
		status int
		kind   string
	}{
		"/page/style.css":           {200, "text/css; charset=utf-8"},
		"/page/setup.js":            {200, "text/javascript; charset=utf-8"},
		"/page/icon.svg":            {200, "image/svg+xml"},
		"/page/setup.en.html":       {404, "application/problem+json"},
		"/page/..%2fweb.go":         {404, "application/problem+json"},
		"/page/%2e%2e/web.go":       {404, "application/problem+json"},
		"/page/nothing.css":         {404, "application/problem+json"},
		"/page/style.css/style.css": {404, "application/problem+json"},
	} {
		w := get(h, path, "")
		if w.Code != want.status || w.Header().Get("Content-Type") != want.kind {
			t.Errorf("%s: %d %s, want %+v", path, w.Code, w.Header().Get("Content-Type"), want)
		}
	}
}

func TestRecoveryEscapesWhatItShows(t *testing.T) {
	w := httptest.NewRecorder()
	web.Recovery(w, httptest.NewRequest(http.MethodGet, "/", nil), &home.Damage{Reason: "db_corrupt", Message: "page 3 of <b>core.db</b>"})
	if body := w.Body.String(); w.Code != 503 || !strings.Contains(body, "db_corrupt") || !strings.Contains(body, "&lt;b&gt;core.db") {
		t.Errorf("%d %s", w.Code, body)
	}
}

func TestPagesAskNothingOfOthersAndHaveNothingInline(t *testing.T) {
	foreign := regexp.MustCompile(`(?i)(src|href|action)="(https?:)?//|@import|url\(`)
	inline := regexp.MustCompile(`(?i)\sstyle="|\son[a-z]+="|<style|<script>|javascript:`)
	input := regexp.MustCompile(`<(?:input|select)[^>]* id="([^"]+)"`)
	pages := os.DirFS("page")
	names, err := fs.Glob(pages, "*")
	if err != nil || len(names) < 8 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		b, err := fs.ReadFile(pages, name)
		if err != nil {
			t.Fatal(err)
		}
		if m := foreign.Find(b); m != nil {
			t.Errorf("%s reaches out: %s", name, m)
		}
		if m := inline.Find(b); m != nil && strings.HasSuffix(name, ".html") {
			t.Errorf("%s has inline code: %s", name, m)
		}
		for _, m := range input.FindAllSubmatch(b, -1) {
			if !strings.Contains(string(b), `<label for="`+string(m[1])+`"`) {
				t.Errorf("%s: input %s has no label", name, m[1])
			}
		}
		if en, ok := strings.CutSuffix(name, ".en.html"); ok {
			if _, err := fs.Stat(pages, en+".fr.html"); err != nil {
				t.Errorf("%s has no French twin", name)
			}
		}
	}
}
