package dialecttest

import (
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"latchkey/home"
	"latchkey/internal/wire"
)

// Security reports every finding of Check as an error of t.
func (k *Kit) Security(t *testing.T, dirs ...string) {
	t.Helper()
	for _, f := range k.Check(t, dirs...) {
		t.Error(f)
	}
}

// Check walks the route table of the kit's dialects and the golden exchanges in
// dirs, tries what an attacker would, and returns what is wrong, one line each.
func (k *Kit) Check(t testing.TB, dirs ...string) []string {
	t.Helper()
	s := &suite{kit: k, t: t, golden: map[string]int{}}
	s.table()
	if len(s.findings) > 0 {
		return s.findings
	}
	for _, dir := range dirs {
		files, err := filepath.Glob(filepath.Join(dir, "*.http"))
		if err != nil || len(files) == 0 {
			s.find("there are no golden exchanges in %s", dir)
		}
		for _, file := range files {
			s.walk(file)
		}
	}
	s.routes()
	for _, rt := range s.all {
		if s.golden[rt.Name] == 0 {
			s.find("route %s (%s) has no golden exchange that it answers with success", rt.Name, rt.Pattern())
		}
	}
	return s.findings
}

// suite is one run of Check.
type suite struct {
	kit      *Kit
	t        testing.TB
	all      []wire.Route
	mux      *http.ServeMux
	golden   map[string]int // successful exchanges by route name
	findings []string
}

func (s *suite) find(format string, args ...any) {
	f := fmt.Sprintf(format, args...)
	if !slices.Contains(s.findings, f) {
		s.findings = append(s.findings, f)
	}
}

// table checks the routes as data, without a server: the server would refuse
// to start with a route that has no right.
func (s *suite) table() {
	h, done := s.kit.bareHub(s.t)
	defer done()
	var dialects []wire.Dialect
	for _, open := range s.kit.open {
		d, err := open(h)
		if err != nil {
			s.find("a dialect does not open: %v", err)
			return
		}
		dialects = append(dialects, d)
		s.all = append(s.all, d.Routes...)
	}
	if err := wire.Check(dialects); err != nil {
		s.find("the route table is refused: %v", err)
		return
	}
	s.mux = http.NewServeMux()
	for i := range s.all {
		s.mux.Handle(s.all[i].Pattern(), named(s.all[i].Name))
	}
}

// named is a handler that only stands for a route.
type named string

// ServeHTTP implements http.Handler.
func (named) ServeHTTP(http.ResponseWriter, *http.Request) {}

// route returns the route that answers c; nil when there is none.
func (s *suite) route(c call) *wire.Route {
	u, err := url.ParseRequestURI(c.target)
	if err != nil {
		return nil
	}
	u.Path = strings.TrimSuffix(u.Path, "/")
	h, _ := s.mux.Handler(&http.Request{Method: c.method, URL: u, Host: Host, Header: http.Header{}})
	name, ok := h.(named)
	if !ok {
		return nil
	}
	for i := range s.all {
		if s.all[i].Name == string(name) {
			return &s.all[i]
		}
	}
	return nil
}

// walk goes through one golden file three times: with a hostile caller ahead of
// each exchange, with the neighbour beside it, and with fields in the bodies
// that nobody may set.
func (s *suite) walk(file string) {
	exchanges, err := readExchanges(file)
	if err != nil {
		s.find("%v", err)
		return
	}
	for _, step := range []func(*World, *visit){s.hostile, s.neighbour, s.greedy} {
		w := s.kit.World(s.t)
		for i := range exchanges {
			v, err := s.visit(w, &exchanges[i])
			if err != nil {
				s.find("%s: exchange %d: %v", file, i+1, err)
				break
			}
			v.where = fmt.Sprintf("%s: exchange %d (%s)", filepath.Base(file), i+1, v.name())
			step(w, v)
		}
		s.end(w, file)
	}
}

// visit is one golden exchange on its way through a world.
type visit struct {
	where string
	x     *exchange
	route *wire.Route
	call  call // with the golden credentials
}

func (s *suite) visit(w *World, x *exchange) (*visit, error) {
	c, err := w.call(x, nil)
	if err != nil {
		return nil, err
	}
	return &visit{x: x, call: c, route: s.route(c)}, nil
}

func (v *visit) name() string {
	if v.route == nil {
		return v.call.method + ", no route"
	}
	return v.route.Name
}

// succeeds reports whether the golden answer is a success.
func (v *visit) succeeds() bool { return v.x.status >= 100 && v.x.status < 400 }

// guarded reports whether the route asks for a credential.
func (v *visit) guarded() bool { return v.route != nil && v.route.Right != home.Anyone }

// real sends the golden exchange itself and judges that it is answered as
// before.
func (s *suite) real(w *World, v *visit) {
	a, err := w.exchange(v.x, nil)
	if err != nil {
		s.find("%s: %v", v.where, err)
		return
	}
	if a.Status != v.x.status {
		s.find("%s: answered %d, golden %d: %.300s", v.where, a.Status, v.x.status, a.Body)
	}
	if v.route != nil && v.succeeds() {
		s.golden[v.route.Name]++
	}
}

// end reports what was wrong with the answers, and secrets in the log.
func (s *suite) end(w *World, file string) {
	for _, f := range w.heard.wrong {
		s.find("%s", f)
	}
	log := w.Log()
	for _, secret := range w.heard.secrets {
		if at := strings.Index(log, secret); at >= 0 {
			line := log[strings.LastIndexByte(log[:at], '\n')+1:]
			line, _, _ = strings.Cut(line, "\n")
			s.find("%s: a secret stands in the log: %s", filepath.Base(file), w.normal(line, ""))
		}
	}
}
