package hub_test

import (
	"strings"
	"testing"

	"latchkey/home"
	"latchkey/hub"
)

func TestSecretsHaveTheirShape(t *testing.T) {
	f := open(t)
	seen := map[string]bool{}
	for _, kind := range []home.KeyKind{home.TokenKey, home.OpenKey, home.GatewayKey, home.HookKey, home.PartnerKey} {
		_, secret := f.key(f.owner, hub.NewKey{Kind: kind})
		got, ok := hub.TokenKind(secret)
		if !ok || got != kind || !strings.HasPrefix(secret, "lk_"+string(kind)+"_") || len(secret) != len("lk__")+len(kind)+36 || seen[secret] {
			t.Errorf("%s: %q reads as %s, %v", kind, secret, got, ok)
		}
		seen[secret] = true
	}
	_, secret := f.key(f.owner, hub.NewKey{Kind: home.OpenKey, Hex80: true})
	if kind, ok := hub.TokenKind(secret); !ok || kind != home.OpenKey || len(secret) != 80 {
		t.Errorf("80 digits: %q reads as %s, %v", secret, kind, ok)
	}
	f.identify(secret)
}

// Every single wrong character shows without a look-up.
func TestAWrongCharacterShows(t *testing.T) {
	f := open(t)
	_, secret := f.key(f.owner, hub.NewKey{Kind: home.TokenKey})
	for i := range secret {
		for _, c := range []byte{'0', 'a', 'Z', '_'} {
			if secret[i] == c {
				continue
			}
			wrong := secret[:i] + string(c) + secret[i+1:]
			if kind, ok := hub.TokenKind(wrong); ok {
				t.Fatalf("%q passes as %s", wrong, kind)
			}
			f.refused(wrong, "credential_invalid")
		}
	}
	f.refused("", "credential_missing")
	f.refused(strings.Repeat("0", 80), "credential_invalid")
}

func TestRedactionHidesTheSecret(t *testing.T) {
	f := open(t)
	k, secret := f.key(f.owner, hub.NewKey{Kind: home.OpenKey})
	if got := hub.Redact(secret); got != k.Hint || !strings.HasPrefix(got, "lk_key_...") || len(got) != len("lk_key_...")+4 {
		t.Errorf("%q is shown as %q, its key's hint is %q", secret, got, k.Hint)
	}
	if got := hub.Redact("short"); strings.Contains(got, "short") {
		t.Errorf("a short secret is shown: %q", got)
	}
}

func FuzzTokenKind(f *testing.F) {
	for _, s := range []string{"", "lk_", "lk_pat_", "lk_pat_000000000000000000000000000000000000", strings.Repeat("a", 80),
		"lk__0", "lk_rst_" + strings.Repeat("z", 36), "LK_PAT_", "lk_pat_\x00", strings.Repeat("lk_", 1000)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		kind, ok := hub.TokenKind(s)
		if !ok {
			if kind != "" && len(s) != 80 && !strings.HasPrefix(s, "lk_") {
				t.Errorf("%q has the kind %s", s, kind)
			}
			return
		}
		if len(s) != 80 && !strings.HasPrefix(s, "lk_"+string(kind)+"_") {
			t.Errorf("%q is taken as %s", s, kind)
		}
		if shown := hub.Redact(s); strings.Contains(shown, s[10:len(s)-10]) {
			t.Errorf("%q is shown as %q", s, shown)
		}
	})
}
