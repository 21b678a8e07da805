package dialecttest_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/dialects/dialecttest"
	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/wire"
)

// sound is a dialect with one route that does everything right, and whatever
// else a test gives it.
func sound(more ...func(*hub.Hub) wire.Route) dialecttest.Opener {
	return func(h *hub.Hub) (wire.Dialect, error) {
		d := wire.Dialect{Name: "sound", Prefixes: []string{"/sound"}, Routes: []wire.Route{
			route("devices", home.ReadDevice, func(w http.ResponseWriter, r *http.Request) error {
				id, err := identify(h, r)
				if err != nil {
					return err
				}
				devices, err := h.Devices(r.Context(), id)
				if err != nil {
					return err
				}
				return wire.WriteJSON(w, http.StatusOK, len(devices))
			}),
		}}
		for _, m := range more {
			d.Routes = append(d.Routes, m(h))
		}
		return d, nil
	}
}

func route(word string, right home.Verb, handler wire.Handler) wire.Route {
	return wire.Route{Method: http.MethodPost, Path: "/sound/" + word, Name: "sound." + word, Right: right, Body: wire.StateBody,
		Kinds: []home.KeyKind{home.SessionKey, home.TokenKey}, Handler: handler}
}

func identify(h *hub.Hub, r *http.Request) (*home.Identity, error) {
	rt := wire.RouteOf(r)
	secret, _, err := wire.Credential(r, rt)
	if err != nil {
		return nil, err
	}
	if _, err := wire.ReadBody(r, rt.Body); err != nil {
		return nil, err
	}
	return h.Identify(r.Context(), hub.Credential{Secret: secret, Kinds: rt.Kinds})
}

// goldens writes a golden file with one exchange for each route.
func goldens(t *testing.T, words ...string) string {
	t.Helper()
	dir := t.TempDir()
	var parts []string
	for _, word := range words {
		parts = append(parts, "### "+word+"\nPOST /sound/"+word+"\nAuthorization: Bearer {{token}}\nContent-Type: application/json\n\n{\"name\":\"x\"}\n---\n200\nContent-Type: application/json\n\n5\n")
	}
	if err := os.WriteFile(filepath.Join(dir, "sound.http"), []byte(strings.Join(parts, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// check runs the suite over the sound dialect with one more route.
func check(t *testing.T, k *dialecttest.Kit, broken func(*hub.Hub) wire.Route, words ...string) []string {
	t.Helper()
	return k.With(sound(broken)).Check(t, goldens(t, append([]string{"devices"}, words...)...))
}

func TestSoundDialectPasses(t *testing.T) {
	k := dialecttest.NewKit(t, nil, sound())
	dir := goldens(t, "devices")
	k.Golden(t, dir)
	for _, f := range k.Check(t, dir) {
		t.Error(f)
	}
}

// TestBrokenRoutesAreFound: each way of being wrong is found.
func TestBrokenRoutesAreFound(t *testing.T) {
	k := dialecttest.NewKit(t, nil)
	five := func(w http.ResponseWriter) error { return wire.WriteJSON(w, http.StatusOK, 5) }
	for _, c := range []struct {
		name    string
		broken  func(*hub.Hub) wire.Route
		words   []string
		finding string
	}{
		{"no right", func(*hub.Hub) wire.Route {
			return route("bad", "", func(w http.ResponseWriter, _ *http.Request) error { return five(w) })
		}, []string{"bad"}, "no right"},
		{"no golden", func(h *hub.Hub) wire.Route {
			return route("bad", home.ReadDevice, func(w http.ResponseWriter, r *http.Request) error {
				_, err := identify(h, r)
				return err
			})
		}, nil, "no golden exchange"},
		{"asks for no credential", func(*hub.Hub) wire.Route {
			return route("bad", home.ReadDevice, func(w http.ResponseWriter, _ *http.Request) error { return five(w) })
		}, []string{"bad"}, "nobody got 200"},
		{"asks for any credential, whatever its right", func(h *hub.Hub) wire.Route {
			return route("bad", home.ReadDevice, func(w http.ResponseWriter, r *http.Request) error {
				if _, err := identify(h, r); err != nil {
					return err
				}
				return five(w)
			})
		}, []string{"bad"}, "a key without the right device:read got 200"},
		{"takes any kind", func(h *hub.Hub) wire.Route {
			return route("bad", home.ReadDevice, func(w http.ResponseWriter, r *http.Request) error {
				secret, _, err := wire.Credential(r, wire.RouteOf(r))
				if err != nil {
					return err
				}
				if _, err = h.Identify(r.Context(), hub.Credential{Secret: secret}); err != nil {
					return err
				}
				return five(w)
			})
		}, []string{"bad"}, "a key of the kind gw got 200"},
		{"shows the neighbour the house", func(h *hub.Hub) wire.Route {
			return route("bad", home.ReadDevice, func(w http.ResponseWriter, r *http.Request) error {
				if _, err := identify(h, r); err != nil {
					return err
				}
				return wire.WriteJSON(w, http.StatusOK, "Kitchen lamp")
			})
		}, []string{"bad"}, "the neighbour got 200"},
		{"echoes the key", func(h *hub.Hub) wire.Route {
			return route("bad", home.Signed, func(w http.ResponseWriter, r *http.Request) error {
				if _, err := identify(h, r); err != nil {
					return err
				}
				return wire.WriteJSON(w, http.StatusOK, r.Header.Get("Authorization"))
			})
		}, []string{"bad"}, "gives a secret away"},
		{"keeps what nobody may set", func(h *hub.Hub) wire.Route {
			return route("bad", home.WriteHouse, func(w http.ResponseWriter, r *http.Request) error {
				secret, _, err := wire.Credential(r, wire.RouteOf(r))
				if err != nil {
					return err
				}
				id, err := h.Identify(r.Context(), hub.Credential{Secret: secret, Kinds: wire.RouteOf(r).Kinds})
				if err != nil {
					return err
				}
				var in struct {
					Owner string `json:"owner_id"`
				}
				if err := wire.ReadJSON(r, wire.StateBody, &in, wire.JSONOptions{}); err != nil {
					return err
				}
				if _, err := h.CreateRoom(r.Context(), id, "x"+in.Owner); err != nil {
					return err
				}
				return five(w)
			})
		}, []string{"bad"}, "a field that nobody may set was kept in room"},
		{"falls over", func(h *hub.Hub) wire.Route {
			return route("bad", home.Signed, func(http.ResponseWriter, *http.Request) error { panic("at the disco") })
		}, []string{"bad"}, "500"},
	} {
		t.Run(c.name, func(t *testing.T) {
			findings := check(t, k, c.broken, c.words...)
			if !strings.Contains(strings.Join(findings, "\n"), c.finding) {
				t.Errorf("not found: %q in\n%s", c.finding, strings.Join(findings, "\n"))
			}
		})
	}
}

// TestSecretInLog: a secret that a handler logs is found.
func TestSecretInLog(t *testing.T) {
	open := func(h *hub.Hub) (wire.Dialect, error) {
		d, err := sound()(h)
		d.Fail = func(w http.ResponseWriter, r *http.Request, e *home.Error) {
			if e.Code == home.Unauthorized {
				panic(r.Header.Get("Authorization")) // which is logged
			}
			wire.WriteProblem(w, r, e)
		}
		return d, err
	}
	findings := strings.Join(dialecttest.NewKit(t, nil, open).Check(t, goldens(t, "devices")), "\n")
	if !strings.Contains(findings, "a secret stands in the log") {
		t.Errorf("not found in\n%s", findings)
	}
}
