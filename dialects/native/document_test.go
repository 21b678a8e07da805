package native_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers/legacy"

	"latchkey/dialects/dialecttest"
	"latchkey/dialects/native"
)

func get(t *testing.T, w *dialecttest.World, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "http://"+dialecttest.Host+path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	w.Handler.ServeHTTP(rec, r)
	return rec
}

func document(t *testing.T, w *dialecttest.World) *openapi3.T {
	t.Helper()
	rec := get(t, w, native.Prefix+"/openapi.json")
	doc, err := openapi3.NewLoader().LoadFromData(rec.Body.Bytes())
	if err != nil {
		t.Fatalf("load the document: %v", err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		t.Fatalf("the document is not valid: %v", err)
	}
	return doc
}

// TestRoutesAreDescribed: the route table and the document name the same
// operations with the same rights.
func TestRoutesAreDescribed(t *testing.T) {
	w := kit(t, 64).World(t)
	doc := document(t, w)
	if !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Errorf("OpenAPI %s", doc.OpenAPI)
	}
	var described, routes []string
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			right, _ := op.Extensions["x-right"].(string)
			described = append(described, strings.Join([]string{method, native.Prefix + path, "native." + op.OperationID, right}, " "))
			if op.Summary == "" || op.Extensions["x-summary-fr"] == "" {
				t.Errorf("%s %s has no title in both languages", method, path)
			}
			if (op.Security != nil && len(*op.Security) == 0) != (right == "public") {
				t.Errorf("%s %s: right %s, security %v", method, path, right, op.Security)
			}
		}
	}
	for _, rt := range w.Dialects[0].Routes {
		if rt.Path != "/docs" { // a shorter way to a page that is described
			routes = append(routes, strings.Join([]string{rt.Method, rt.Path, rt.Name, string(rt.Right)}, " "))
		}
	}
	slices.Sort(described)
	slices.Sort(routes)
	if !slices.Equal(described, routes) {
		for _, r := range routes {
			if !slices.Contains(described, r) {
				t.Errorf("not described: %s", r)
			}
		}
		for _, d := range described {
			if !slices.Contains(routes, d) {
				t.Errorf("described, but no route: %s", d)
			}
		}
	}
}

// golden is one exchange of a golden file.
type golden struct {
	where   string
	request *http.Request
	sent    string
	status  int
	header  http.Header
	body    string
}

var placeholder = regexp.MustCompile(`\{\{[^}]*\}\}`)

func goldens(t *testing.T) []golden {
	t.Helper()
	files, err := filepath.Glob("testdata/*.http")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files", err)
	}
	var out []golden
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for part := range strings.SplitSeq("\n"+string(data), "\n### ") {
			if strings.TrimSpace(part) != "" {
				out = append(out, readGolden(t, file, part))
			}
		}
	}
	return out
}

func readGolden(t *testing.T, file, part string) golden {
	t.Helper()
	part = placeholder.ReplaceAllString(part, "x1")
	title, rest, _ := strings.Cut(part, "\n")
	for strings.HasPrefix(rest, "#") {
		_, rest, _ = strings.Cut(rest, "\n")
	}
	ask, answer, _ := strings.Cut(rest, "\n---\n")
	g := golden{where: file + ": " + title}
	head, sent, _ := strings.Cut(ask, "\n\n")
	method, target, _ := strings.Cut(strings.SplitN(head, "\n", 2)[0], " ")
	g.sent = sent
	g.request = httptest.NewRequest(method, strings.TrimSpace(target), strings.NewReader(sent))
	g.request.Header = headers(head)
	head, g.body, _ = strings.Cut(strings.TrimSpace(answer), "\n\n")
	status, _, _ := strings.Cut(head, "\n")
	g.status, _ = strconv.Atoi(status)
	g.header = headers(head)
	return g
}

// headers reads the lines behind the first.
func headers(head string) http.Header {
	h := http.Header{}
	for _, line := range strings.Split(head, "\n")[1:] {
		name, value, _ := strings.Cut(line, ":")
		h.Add(name, strings.TrimSpace(value))
	}
	return h
}

// TestAnswersAreAsDescribed holds the golden exchanges against the document:
// all answers, and the requests that succeed, with nothing in them that is not
// described.
func TestAnswersAreAsDescribed(t *testing.T) {
	doc := document(t, kit(t, 64).World(t))
	for _, s := range doc.Components.Schemas {
		if s.Value.Type.Is("object") && len(s.Value.Properties) > 0 {
			no := false
			s.Value.AdditionalProperties = openapi3.AdditionalProperties{Has: &no}
		}
	}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, g := range goldens(t) {
		route, params, err := router.FindRoute(g.request)
		if err != nil || g.request.Method == http.MethodHead {
			continue // not a path of the API, on purpose
		}
		checked++
		in := &openapi3filter.RequestValidationInput{Request: g.request, PathParams: params, Route: route,
			Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true}}
		if g.status < 300 && !strings.Contains(g.request.URL.Path, "/import") {
			if err := openapi3filter.ValidateRequest(t.Context(), in); err != nil {
				t.Errorf("%s: the request is not as described: %v", g.where, err)
			}
		}
		if strings.Contains(g.header.Get("Content-Type"), "json") && !strings.Contains(g.header.Get("Content-Type"), "ndjson") {
			out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: g.status, Header: g.header, Body: io.NopCloser(strings.NewReader(g.body)), Options: in.Options}
			if err := openapi3filter.ValidateResponse(t.Context(), out); err != nil {
				t.Errorf("%s: the answer is not as described: %v\n%s", g.where, err, g.body)
			}
		}
	}
	if checked < 100 {
		t.Errorf("only %d golden exchanges were checked", checked)
	}
}

// TestPage: the page needs nothing from elsewhere and no inline script or
// style, and shows every operation with an example in both languages.
func TestPage(t *testing.T) {
	w := kit(t, 64).World(t)
	for _, path := range []string{"/docs", native.Prefix + "/docs"} {
		rec := get(t, w, path, "Accept-Language", "fr-CH, en;q=0.5")
		page := rec.Body.String()
		if !strings.Contains(page, `<html lang="fr">`) || !strings.Contains(page, "Lister les pi\u00e8ces") {
			t.Errorf("%s is not in French", path)
		}
		if csp := rec.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'self'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: %s", path, csp)
		}
		for _, bad := range []string{"<style", " style=", " onclick", "http://", "https://", "javascript:", "<script>"} {
			if strings.Contains(page, bad) {
				t.Errorf("%s holds %s", path, bad)
			}
		}
	}
	page := get(t, w, "/docs?lang=en").Body.String()
	for _, rt := range w.Dialects[0].Routes {
		if name, _ := strings.CutPrefix(rt.Name, "native."); rt.Path != "/docs" && !strings.Contains(page, `<article id="`+name+`">`) {
			t.Errorf("the page does not show %s", name)
		}
	}
	if n := strings.Count(page, "<pre tabindex"); n != strings.Count(page, `<article id="`)-strings.Count(page, `<article id="form-`) {
		t.Errorf("%d examples", n)
	}
	if get(t, w, "/docs?lang=de").Code != 400 {
		t.Error("a language that there is not")
	}
}

// TestReadme: every route has its line.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, rt := range kit(t, 64).World(t).Dialects[0].Routes {
		line := "| `" + rt.Method + " " + strings.TrimPrefix(rt.Path, native.Prefix) + "` | " + string(rt.Right) + " |"
		if !strings.Contains(string(readme), line) {
			t.Errorf("README.md lacks %s", line)
		}
	}
}
