package dialecttest

import (
	"fmt"
	"net/http"
	"strings"
)

// judgeHeaders says what an answer lacks that every answer has.
func judgeHeaders(c call, a Answer) []string {
	var out []string
	bad := func(wrong bool, format string, args ...any) {
		if wrong {
			out = append(out, fmt.Sprintf("%d to %s: ", a.Status, c.method)+fmt.Sprintf(format, args...))
		}
	}
	h := a.Header
	if a.Status == http.StatusBadRequest && strings.HasPrefix(a.Body, "400 Bad Request") {
		return nil // net/http itself, before any code of ours: it closes the connection
	}
	bad(h.Get("X-Content-Type-Options") != "nosniff", "no X-Content-Type-Options: nosniff")
	bad(!strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'"), "no Content-Security-Policy with frame-ancestors 'none'")
	bad(h.Get("Referrer-Policy") != "no-referrer", "no Referrer-Policy: no-referrer")
	bad(h.Get("Cache-Control") == "" || strings.Contains(h.Get("Cache-Control"), "public"), "it may be cached: %q", h.Get("Cache-Control"))
	bad(h.Get("X-Request-Id") == "", "no X-Request-Id")
	bad(h.Get("Access-Control-Allow-Origin") != "", "pages of other sites may read it")
	bad(h.Get("Server")+h.Get("X-Powered-By") != "", "it tells what serves it")
	bad(a.Status == http.StatusInternalServerError, "500: %.200s", a.Body)
	bad(a.Status == http.StatusUnauthorized && h.Get("WWW-Authenticate") == "", "a 401 without WWW-Authenticate")
	bad(len(a.Body) > 0 && h.Get("Content-Type") == "", "a body without Content-Type")
	return out
}
