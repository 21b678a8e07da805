package native_test

import (
	"strings"
	"testing"

	"latchkey/home"
	"latchkey/hub"
)

// TestPairingLink: the link of an answer opens once; its key is among the keys,
// and ends with the pairing.
func TestPairingLink(t *testing.T) {
	w := kit(t, 64).World(t)
	type made struct {
		Pairing struct {
			ID      home.ID
			Key     home.ID
			Feature string
		}
		URL, QR string
	}
	got := decode[made](t, ask(t, w, "POST", "/pairings", `{"name":"My phone","qr":true}`))
	before, code, ok := strings.Cut(got.URL, "/pair/")
	if !ok || !strings.HasPrefix(before, "http://") || !strings.HasPrefix(got.QR, "<svg ") || strings.Contains(got.QR, code) {
		t.Fatalf("%+v", got)
	}
	v, err := w.Hub.OpenPairing(t.Context(), code, "192.0.2.9")
	if err != nil {
		t.Fatal(err)
	}
	list := decode[struct{ Pairings []struct{ Key home.ID } }](t, ask(t, w, "GET", "/pairings", ""))
	if len(list.Pairings) != 1 || list.Pairings[0].Key != v.Key {
		t.Errorf("%+v", list)
	}
	for _, path := range []string{"/pairings", "/keys", "/audits"} {
		rec := ask(t, w, "GET", path, "")
		if body := rec.Body.String(); rec.Code != 200 || strings.Contains(body, code) || strings.Contains(body, v.Secret) || !strings.Contains(body, "My phone") {
			t.Errorf("%s: %d %s", path, rec.Code, body)
		}
	}
	if rec := ask(t, w, "DELETE", "/pairings/"+string(got.Pairing.ID), ""); rec.Code != 204 {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	if _, err := w.Hub.Identify(t.Context(), hub.Credential{Secret: v.Secret}); home.CodeOf(err) != home.Unauthorized {
		t.Errorf("the phone's key still works: %v", err)
	}
}
