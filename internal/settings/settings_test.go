package settings_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/settings"
)

func nothing(string) string { return "" }

func TestLaterSourcesWin(t *testing.T) {
	file := filepath.Join(t.TempDir(), "latchkey.yaml")
	write(t, file, "listen: 127.0.0.1:1\nlog: {level: debug, format: json}\nlimits:\n  key_rate: 7.5\n")
	got, err := settings.Load(settings.Sources{
		File:  file,
		Env:   []string{"LATCHKEY_LISTEN=127.0.0.1:2", "LATCHKEY_LOG_LEVEL=warn", "LATCHKEY_EGRESS_ALLOW=10.0.0.2:80, nas.local:5000", "HOME=/home/a"},
		Flags: map[string][]string{"listen": {":3"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := settings.Default(func(k string) string { return map[string]string{"HOME": "/home/a"}[k] })
	want.Listen, want.Log.Level, want.Log.Format, want.Limits.KeyRate = ":3", "warn", "json", 7.5
	want.Limits.URLKeyRate = 7.5 // follows
	want.Egress.Allow = []string{"10.0.0.2:80", "nas.local:5000"}
	if d := cmp.Diff(want.Limits, got.Limits); d != "" || got.Listen != want.Listen || got.Log != want.Log || !cmp.Equal(got.Egress, want.Egress) {
		t.Errorf("got %+v, want %+v %s", got.Settings, want, d)
	}
	if got.Data != "/home/a/.local/share/latchkey" {
		t.Errorf("data folder %s", got.Data)
	}
	for key, origin := range map[string]string{"listen": "flag", "log.level": "LATCHKEY_LOG_LEVEL", "log.format": file, "data": ""} {
		if got.Origin[key] != origin {
			t.Errorf("%s comes from %q, want %q", key, got.Origin[key], origin)
		}
	}
}

func TestRefusalsSayWhereAndWhat(t *testing.T) {
	for name, c := range map[string]struct {
		src          string
		line, column int
		says         []string
	}{
		"unknown key":          {"listen: :1\nlimits:\n  key_rat: 3\n", 3, 3, []string{`no setting "key_rat"`, "did you mean key_rate?", "accepted here: key_rate, key_burst"}},
		"unknown section":      {"server:\n  hosts: [a]\nlogs:\n  level: info\n", 3, 1, []string{"did you mean log?", "egress"}},
		"wrong type":           {"limits:\n  key_burst: many\n", 2, 14, []string{"not a whole number", "a whole number from 1 to"}},
		"out of range":         {"limits:\n  key_rate: -1\n", 2, 13, []string{"out of range", "0 to 1000000"}},
		"list for a text":      {"listen: [a, b]\n", 1, 9, []string{"not a list"}},
		"section for a value":  {"listen:\n  host: a\n", 2, 3, []string{"not a section"}},
		"value for a section":  {"limits: 3\n", 1, 9, []string{"name: value", "key_rate"}},
		"bad entry of a list":  {"egress:\n  allow:\n    - 10.0.0.1:80\n    - nowhere\n", 4, 7, []string{`"nowhere"`, "host:port"}},
		"set twice":            {"listen: :1\nlisten: :2\n", 2, 1, []string{"already"}},
		"dotted name":          {"log.level: debug\nlog.leve: x\n", 2, 1, []string{"did you mean"}},
		"alias":                {"a: &x [1]\nb: *x\n", 1, 4, []string{"aliases"}},
		"merge":                {"log:\n  <<: {level: info}\n", 2, 3, []string{"aliases"}},
		"tag":                  {"listen: !!binary aGk=\n", 1, 9, []string{"tags"}},
		"not yaml":             {"listen: [1\n", 1, 9, []string{"not YAML"}},
		"two documents":        {"listen: :1\n---\nlisten: :2\n", 0, 0, []string{"more than one document"}},
		"deep":                 {strings.Repeat("[", 40), 1, 33, []string{"nested deeper"}},
		"deep block":           {strings.Repeat("- ", 40), 1, 65, []string{"nested deeper"}},
		"word for a switch":    {"safe_mode: maybe\n", 1, 12, []string{"true or false"}},
		"broker with a path":   {"mqtt:\n  broker: mqtt://u:hunter2@h:1883/x\n", 2, 11, []string{"a broker has no path", "mqtt://u:*******@h"}},
		"proxy":                {"server:\n  trusted_proxies: [10.0.0.0/99]\n", 2, 21, []string{"not an address or network"}},
		"origin with a path":   {"server:\n  cors_origins: [https://a.example/x]\n", 2, 18, []string{"not a web origin"}},
		"accents before caret": {"safe_mode: éé\n", 1, 12, []string{"true or false"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings.Default(nothing)
			_, err := settings.Read("home.yaml", []byte(c.src), &s)
			p, ok := errors.AsType[*settings.Problem](err)
			if !ok {
				t.Fatalf("no problem was found: %v", err)
			}
			if p.Line != c.line || p.Column != c.column {
				t.Errorf("at %d:%d, want %d:%d", p.Line, p.Column, c.line, c.column)
			}
			for _, want := range c.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is missing in:\n%s", want, err)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("a password is shown:\n%s", err)
			}
		})
	}
}

func TestCaretStandsBelowTheFault(t *testing.T) {
	s := settings.Default(nothing)
	_, err := settings.Read("home.yaml", []byte("log:\n  level: loud\n"), &s)
	want := "home.yaml:2:10: \"loud\" is not one of them; log.level accepts one of debug, info, warn, error\n" +
		"   2 |   level: loud\n" +
		"     |          ^"
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestEnvironmentIsJudgedToo(t *testing.T) {
	_, err := settings.Load(settings.Sources{Env: []string{"LATCHKEY_LIMITS_KEY_RATE=fast"}})
	if err == nil || !strings.Contains(err.Error(), "environment variable LATCHKEY_LIMITS_KEY_RATE") {
		t.Errorf("got %v", err)
	}
	got, err := settings.Load(settings.Sources{Env: []string{"LATCHKEY_LIMIT_KEY_RATE=5", "LATCHKEY_TOKEN=x"}})
	if err != nil || len(got.Strange) != 1 || !strings.Contains(got.Strange[0], "LATCHKEY_LIMITS_KEY_RATE") {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestEveryDefaultIsAcceptedByItsOwnField(t *testing.T) {
	s := settings.Default(nothing)
	seen := map[string]bool{}
	for _, f := range settings.Fields() {
		if seen[f.Key] || f.About.EN == "" || f.About.FR == "" || f.Accepts == "" {
			t.Errorf("%s is listed twice or says nothing", f.Key)
		}
		seen[f.Key] = true
		if _, err := settings.Load(settings.Sources{Env: []string{f.Variable() + "=" + f.Value(&s)}}); err != nil {
			t.Errorf("the default of %s is refused: %v", f.Key, err)
		}
	}
}

func TestPasswordsAreHiddenWhenShown(t *testing.T) {
	got, err := settings.Load(settings.Sources{Env: []string{"LATCHKEY_MQTT_BROKER=mqtt://me:hunter2@h:1883"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range settings.Fields() {
		if v := f.Value(&got.Settings); strings.Contains(v, "hunter2") {
			t.Errorf("%s shows %s", f.Key, v)
		}
	}
	if got.MQTT.Broker != "mqtt://me:hunter2@h:1883" {
		t.Errorf("the broker itself became %s", got.MQTT.Broker)
	}
}

func TestFileTooLarge(t *testing.T) {
	file := filepath.Join(t.TempDir(), "latchkey.yaml")
	write(t, file, "#"+strings.Repeat("x", settings.MaxFile))
	s := settings.Default(nothing)
	if _, err := settings.ReadFile(file, &s); err == nil || !strings.Contains(err.Error(), "256 KiB") {
		t.Errorf("got %v", err)
	}
	if _, err := settings.ReadFile(file+"x", &s); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"", "listen: :1\n", "limits:\n  key_rate: 5\n  key_burst: 1\n", "egress: {allow: [a:1, 'b:2']}\n", "a: &a [*a]\n",
		"{{{{", "- - - -", "? ? ?", "log:\n\tlevel: x", "server:\n  hosts:\n  - x\n  - |\n    y\n", "\"\\x\": 1", "%YAML 1.2\n---\nlisten: x\n...\n", "a: !!map {<<: x}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		s := settings.Default(nothing)
		keys, err := settings.Read("f", []byte(src), &s)
		if err == nil {
			for _, field := range settings.Fields() {
				if field.Accepts == "" {
					t.Error("a field says nothing")
				}
			}
			return
		}
		if p, ok := errors.AsType[*settings.Problem](err); !ok || p.Message == "" || keys != nil {
			t.Errorf("%q: %v", src, err)
		}
	})
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestKeysInURLsFollowTheRateOfKeys(t *testing.T) {
	for _, c := range []struct {
		env  []string
		rate float64
	}{
		{nil, 10},
		{[]string{"LATCHKEY_LIMITS_KEY_RATE=0"}, 0},
		{[]string{"LATCHKEY_LIMITS_KEY_RATE=500"}, 500},
		{[]string{"LATCHKEY_LIMITS_KEY_RATE=500", "LATCHKEY_LIMITS_URL_KEY_RATE=20"}, 20},
	} {
		got, err := settings.Load(settings.Sources{Env: c.env})
		if err != nil || got.Limits.URLKeyRate != c.rate {
			t.Errorf("%v: %v a second, %v; want %v", c.env, got.Limits.URLKeyRate, err, c.rate)
		}
	}
}
