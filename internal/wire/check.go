package wire

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"latchkey/home"
)

// Check reports everything that is wrong with the dialects' routes taken
// together: a route without a right or a name, two of one name or pattern.
func Check(dialects []Dialect) error {
	var errs []error
	names, patterns, owners := map[string]string{}, map[string]string{}, map[string]string{}
	for i := range dialects {
		d := &dialects[i]
		for j := range d.Routes {
			rt := &d.Routes[j]
			label := fmt.Sprintf("route %q of dialect %s (%s)", rt.Name, d.Name, rt.Pattern())
			errs = append(errs, checkRoute(rt, label)...)
			errs = append(errs, taken(names, rt.Name, label), taken(patterns, rt.Pattern(), label))
		}
		for _, p := range d.Prefixes {
			if !strings.HasPrefix(p, "/") {
				errs = append(errs, fmt.Errorf("prefix %q of dialect %s does not begin with a slash", p, d.Name))
			}
			errs = append(errs, taken(owners, strings.TrimSuffix(p, "/"), "prefix of dialect "+d.Name))
		}
	}
	return errors.Join(errs...)
}

func taken(seen map[string]string, word, label string) error {
	if other, ok := seen[word]; ok {
		return fmt.Errorf("%s: %q is already taken by %s", label, word, other)
	}
	seen[word] = label
	return nil
}

func checkRoute(rt *Route, label string) []error {
	var errs []error
	bad := func(wrong bool, what string) {
		if wrong {
			errs = append(errs, fmt.Errorf("%s: %s", label, what))
		}
	}
	bad(rt.Name == "", "no name")
	bad(rt.Right == "", "no right; a public route says home.Anyone")
	bad(rt.Right != "" && rt.Right != home.Anyone && rt.Right != home.Signed && !slices.Contains(home.Verbs[:], rt.Right),
		fmt.Sprintf("unknown right %q", rt.Right))
	bad(rt.Handler == nil, "no handler")
	bad(!strings.HasPrefix(rt.Path, "/"), "the path does not begin with a slash")
	bad(!slices.Contains(methods(), rt.Method), fmt.Sprintf("unknown method %q", rt.Method))
	bad(rt.Class >= classes, "unknown class")
	bad(rt.Body < 0, "a body limit below 0")
	bad(strings.Contains(rt.Path, "{") && !strings.HasSuffix(rt.Path, "{$}") && rt.Sample == "", "a path with wildcards has no sample")
	bad(rt.URLSecret != "" && secretSegment(rt) < 0, fmt.Sprintf("the path has no wildcard {%s}", rt.URLSecret))
	return errs
}

// methods returns the methods that a route may have.
func methods() []string {
	return []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
}

// secretSegment returns the index of the path segment that is the route's
// secret, or -1.
func secretSegment(rt *Route) int {
	if rt.URLSecret == "" {
		return -1
	}
	return slices.Index(strings.Split(rt.Path, "/"), "{"+rt.URLSecret+"}")
}

// register adds a route to mux; a pattern that ServeMux refuses is an error.
func register(mux *http.ServeMux, pattern string, h http.Handler) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("route %s: %v", pattern, p)
		}
	}()
	mux.Handle(pattern, h)
	return nil
}
