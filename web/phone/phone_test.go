//go:build !noui

package phone_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/dialects/gladys"
	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/wire"
	"latchkey/stores/memory"
	"latchkey/web"
	"latchkey/web/phone"
)

// house is a running house with its owner.
type house struct {
	*hub.Hub
	t      *testing.T
	owner  *home.Identity
	server *httptest.Server
	log    logged
	clock  func(time.Duration)
}

type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func open(t *testing.T) *house {
	t.Helper()
	f := &house{t: t}
	var mu sync.Mutex
	now := time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	f.clock = func(d time.Duration) { mu.Lock(); defer mu.Unlock(); now = now.Add(d) }
	log := slog.New(slog.NewTextHandler(&f.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h, err := hub.New(t.Context(), hub.Config{Store: memory.New(), Clock: clock, Log: log, Drivers: []home.Driver{driver{}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	f.Hub = h
	done, err := h.Setup(t.Context(), hub.SetupRequest{Username: "ann", Password: "correct horse battery", Name: "Ann", Loopback: true})
	if err != nil {
		t.Fatal(err)
	}
	if f.owner, err = h.Identify(t.Context(), hub.Credential{Secret: done.Token}); err != nil {
		t.Fatal(err)
	}
	routes, err := phone.Routes(phone.Options{Hub: h, Language: web.Language})
	if err != nil {
		t.Fatal(err)
	}
	handler, err := wire.Mount([]wire.Dialect{{Name: "web", Routes: routes}, gladys.New(h, gladys.Options{})},
		wire.Options{Log: log, Clock: clock, Hosts: []string{"home.example.org"}, Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
			Limiter: wire.NewLimiter(clock, wire.UsualRates())})
	if err != nil {
		t.Fatal(err)
	}
	f.server = httptest.NewServer(handler)
	t.Cleanup(f.server.Close)
	return f
}

type driver struct{}

func (driver) Name() string { return hub.VirtualDriver }

func (driver) Command(context.Context, home.Command, home.Reporter) error { return nil }

// link makes a pairing and returns the address that a phone opens.
func (f *house) link(name string) string {
	f.t.Helper()
	_, code, err := f.CreatePairing(f.t.Context(), f.owner, hub.NewPairing{Name: name})
	if err != nil {
		f.t.Fatal(err)
	}
	return f.server.URL + "/pair/" + code
}

// browser is one that keeps cookies, as phones do.
func browser(t *testing.T) *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

type answer struct {
	*http.Response
	body string
}

// ask sends one request, with header lines in pairs.
func (f *house) ask(c *http.Client, method, address, body string, header ...string) answer {
	f.t.Helper()
	r, err := http.NewRequestWithContext(f.t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	w, err := c.Do(r)
	if err != nil {
		f.t.Fatal(err)
	}
	defer w.Body.Close()
	b, err := io.ReadAll(w.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return answer{w, string(b)}
}

// taken opens a link in a browser and returns the page.
func (f *house) taken(c *http.Client, link string) string {
	f.t.Helper()
	f.ask(c, "GET", link, "")
	a := f.ask(c, "POST", link, "")
	if a.StatusCode != 200 {
		f.t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	return a.body
}

var (
	keyInPage = regexp.MustCompile(`/v1/api/device/state/(lk_key_[0-9A-Za-z]+)`)
	trackLink = regexp.MustCompile(`href="(owntracks:[^"]+)"`)
	copied    = regexp.MustCompile(`<code id="([^"]+)">([^<]*)</code>`)
	inlined   = regexp.MustCompile(`(?i)\sstyle="|\son[a-z]+="|<style|<script>|javascript:|ZgotmplZ|<no value>`)
)

// fields returns the texts to copy, by id.
func fields(page string) map[string]string {
	out := map[string]string{}
	for _, m := range copied.FindAllStringSubmatch(page, -1) {
		out[m[1]] = html.UnescapeString(m[2])
	}
	return out
}

// light returns what the light shows.
func (f *house) light(link string) string {
	f.t.Helper()
	a := f.ask(http.DefaultClient, "GET", link+"/light", "")
	var got struct{ Light, What string }
	if err := json.Unmarshal([]byte(a.body), &got); err != nil {
		f.t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	return strings.TrimSpace(got.Light + " " + got.What)
}

func TestPhoneIsReadyInOneOpening(t *testing.T) {
	f := open(t)
	link, c := f.link("Ann's phone"), browser(t)
	first := f.ask(c, "GET", link, "")
	if first.StatusCode != 200 || !strings.Contains(first.body, "Connect this phone") || strings.Contains(first.body, "lk_key_") || !strings.Contains(first.body, "<svg") {
		t.Errorf("before: %d %s", first.StatusCode, first.body)
	}
	if keys, _ := f.Keys(t.Context(), f.owner); len(keys) != 1 {
		t.Errorf("looking at a link makes a key: %v", keys)
	}
	page := f.taken(c, link)
	got := fields(page)
	for id, want := range map[string]string{"ios-key": "device_feature_external_id", "ios-feature": "phone:anns-phone-presence", "ios-state": "state", "ios-one": "1",
		"tasker-home": `{"device_feature_external_id": "phone:anns-phone-presence", "state": 1}`, "tasker-headers": "Content-Type:application/json"} {
		if got[id] != want {
			t.Errorf("%s is %q, want %q", id, got[id], want)
		}
	}
	for step, want := range map[string]string{got["tasker-home"]: "received home", got["tasker-away"]: "received away"} {
		f.clock(time.Second)
		if a := f.ask(http.DefaultClient, "POST", got["ios-url"], step, "Content-Type", "application/json"); a.StatusCode != 200 || a.body != `{"status":200}` {
			t.Errorf("%s: %d %s", step, a.StatusCode, a.body)
		}
		if seen := f.light(link); seen != want {
			t.Errorf("after %s the light is %q", step, seen)
		}
	}
	f.clock(time.Minute)
	again := f.ask(c, "GET", link+"?lang=fr", "")
	if !strings.Contains(again.body, got["ios-url"]) || !strings.Contains(again.body, "Ensuite") || !strings.Contains(again.body, "Re\u00e7u") {
		t.Error("a reload in another language does not show the same key, or not the light")
	}
	for _, h := range [][2]string{{"Cache-Control", "no-store"}, {"Referrer-Policy", "no-referrer"}} {
		if again.Header.Get(h[0]) != h[1] {
			t.Errorf("%s: %q", h[0], again.Header.Get(h[0]))
		}
	}
	if !strings.Contains(again.Header.Get("Content-Security-Policy"), "default-src 'self'") {
		t.Error("no content security policy")
	}
}

// A link that leaks shows nobody the key and gives no second one.
func TestLeakedLink(t *testing.T) {
	f := open(t)
	link := f.link("Phone")
	key := keyInPage.FindStringSubmatch(f.taken(browser(t), link))[1]
	for _, c := range []*http.Client{browser(t), {}} {
		for _, method := range []string{"GET", "POST", "GET"} {
			a := f.ask(c, method, link, "")
			if strings.Contains(a.body, key) || strings.Contains(strings.Join(a.Header["Set-Cookie"], ""), key) || !strings.Contains(a.body, "This link has been used") || method == "POST" && a.StatusCode != 409 {
				t.Errorf("%s: %d %v %s", method, a.StatusCode, a.Header, a.body)
			}
		}
		for _, file := range []string{"/latchkey.otrc", "/arrive.tsk.xml", "/leave.tsk.xml"} {
			if a := f.ask(c, "GET", link+file, ""); a.StatusCode != 403 || strings.Contains(a.body, key) {
				t.Errorf("%s: %d %s", file, a.StatusCode, a.body)
			}
		}
	}
	if keys, _ := f.Keys(t.Context(), f.owner); len(keys) != 2 {
		t.Errorf("there are %d keys", len(keys))
	}
	if said := f.log.String(); strings.Contains(said, key) || strings.Contains(said, link[strings.LastIndexByte(link, '/')+1:]) || !strings.Contains(said, "phone.page") && !strings.Contains(said, "/pair/lk_rst_...") {
		t.Errorf("the log holds a secret, or nothing: %s", said)
	}
}

// A browser on plain http sends no Sec-Fetch-Site, and where a page lets no
// referrer out it says "null" for an origin, which is refused beside a cookie. So
// the page with the button lets the server itself have it, and only that page.
func TestTheButtonSaysWhereItStands(t *testing.T) {
	f := open(t)
	link, c := f.link("Phone"), browser(t)
	const own = `<meta name="referrer" content="same-origin">`
	if first := f.ask(c, "GET", link, ""); !strings.Contains(first.body, own) {
		t.Error("the browser would hide the origin from the server itself")
	}
	if a := f.ask(c, "POST", link, "", "Origin", "null"); a.StatusCode != 403 {
		t.Errorf("a page of nowhere: %d", a.StatusCode)
	}
	if a := f.ask(c, "POST", link, "", "Origin", "http://evil.example"); a.StatusCode != 403 {
		t.Errorf("another's page: %d", a.StatusCode)
	}
	a := f.ask(c, "POST", link, "", "Origin", f.server.URL)
	if a.StatusCode != 200 || !keyInPage.MatchString(a.body) || strings.Contains(a.body, own) {
		t.Errorf("the page's own button: %d %s", a.StatusCode, a.body)
	}
}

// A browser without cookies has the page at once, without files.
func TestWithoutCookies(t *testing.T) {
	f := open(t)
	link := f.link("Phone")
	f.ask(http.DefaultClient, "GET", link, "")
	a := f.ask(http.DefaultClient, "POST", link, "")
	if a.StatusCode != 200 || !keyInPage.MatchString(a.body) || strings.Contains(a.body, ".otrc") || strings.Contains(a.body, ".tsk.xml") {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}

func TestLinksThatAreOver(t *testing.T) {
	f := open(t)
	late, c := f.link("Phone"), browser(t)
	page := f.taken(c, late)
	unused := f.link("Other")
	f.clock(15 * time.Minute)
	wrong := late[:len(late)-1] + "!"
	for name, link := range map[string]string{"taken, in its browser": late, "unused": unused, "wrong": wrong, "no code": f.server.URL + "/pair/x"} {
		for _, method := range []string{"GET", "POST"} {
			if a := f.ask(c, method, link, ""); a.StatusCode != 404 || !strings.Contains(a.body, "This link does not work") {
				t.Errorf("%s, %s: %d %s", name, method, a.StatusCode, a.body)
			}
		}
		if a := f.ask(c, "GET", link+"/light", ""); a.StatusCode != 404 {
			t.Errorf("%s: the light is still there", name)
		}
	}
	if a := f.ask(c, "POST", fields(page)["ios-url"], fields(page)["tasker-home"]); a.StatusCode != 200 {
		t.Errorf("the key ended with the link: %d %s", a.StatusCode, a.body)
	}
}

func TestRevokedKeyAndWrongFields(t *testing.T) {
	f := open(t)
	link := f.link("Phone")
	page := f.taken(browser(t), link)
	got := fields(page)
	if seen := f.light(link); seen != "waiting" {
		t.Errorf("at first the light is %q", seen)
	}
	f.ask(http.DefaultClient, "POST", got["ios-url"], `{"device_feature_external_id":"phone:presence","state":1}`)
	if seen := f.light(link); seen != "refused" {
		t.Errorf("after a wrong field the light is %q", seen)
	}
	all, err := f.Pairings(t.Context(), f.owner)
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	if err := f.RevokeKey(t.Context(), f.owner, all[0].Key); err != nil {
		t.Fatal(err)
	}
	if a := f.ask(http.DefaultClient, "POST", got["ios-url"], got["tasker-home"]); a.StatusCode != 401 || f.light(link) != "revoked" {
		t.Errorf("%d %s, the light is %q", a.StatusCode, a.body, f.light(link))
	}
}

// The link of OwnTracks holds a configuration whose address takes what the app
// sends.
func TestOwnTracks(t *testing.T) {
	f := open(t)
	link, c := f.link("Ann's phone"), browser(t)
	page := f.taken(c, link)
	u, err := url.Parse(html.UnescapeString(trackLink.FindStringSubmatch(page)[1]))
	if err != nil || u.Scheme != "owntracks" || u.Path != "/config" {
		t.Fatal(u, err)
	}
	b, err := base64.StdEncoding.DecodeString(u.Query().Get("inline"))
	if err != nil {
		t.Fatal(err)
	}
	if a := f.ask(c, "GET", link+"/latchkey.otrc", ""); a.body != string(b) || !strings.Contains(a.Header.Get("Content-Disposition"), `filename="latchkey.otrc"`) {
		t.Errorf("the file differs: %v %s", a.Header, a.body)
	}
	var config struct {
		Type     string `json:"_type"`
		Mode     int
		URL      string
		DeviceID string `json:"deviceId"`
		Username string
		Tracker  string `json:"tid"`
	}
	if err := json.Unmarshal(b, &config); err != nil || config.Type != "configuration" || config.Mode != 3 || config.DeviceID != "anns-phone" || config.Username != "ann" || len(config.Tracker) != 2 {
		t.Fatalf("%s %v", b, err)
	}
	const recorded = `{"_type":"location","acc":12,"alt":154,"batt":71,"bs":1,"conn":"w","created_at":1774699200,"lat":48.85833,"lon":2.29513,"m":1,"t":"u","tid":"AL","topic":"owntracks/ann/anns-phone","tst":1774699195,"vac":2,"vel":4}`
	if a := f.ask(http.DefaultClient, "POST", config.URL, recorded, "Content-Type", "application/json", "X-Limit-U", "ann", "X-Limit-D", "anns-phone"); a.StatusCode != 200 || a.body != "[]" {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if seen := f.light(link); seen != "received position" {
		t.Errorf("the light is %q", seen)
	}
	if a := f.ask(http.DefaultClient, "GET", link+"/light", ""); strings.Contains(a.body, "48.8") {
		t.Error("the light tells where the phone is")
	}
}

// The tasks of Tasker parse back, and what they ask for is taken.
func TestTasker(t *testing.T) {
	f := open(t)
	link, c := f.link(`Ann's <Pixel> & "co"`), browser(t)
	f.taken(c, link)
	for file, want := range map[string]string{"/arrive.tsk.xml": "received home", "/leave.tsk.xml": "received away"} {
		f.clock(time.Second)
		a := f.ask(c, "GET", link+file, "")
		var got struct {
			XMLName xml.Name `xml:"TaskerData"`
			Task    struct {
				Name   string `xml:"nme"`
				Action struct {
					Code    int `xml:"code"`
					Numbers []struct {
						SR    string `xml:"sr,attr"`
						Value string `xml:"val,attr"`
					} `xml:"Int"`
					Texts []struct {
						SR   string `xml:"sr,attr"`
						Text string `xml:",chardata"`
					} `xml:"Str"`
				}
			}
		}
		if err := xml.Unmarshal([]byte(a.body), &got); err != nil {
			t.Fatalf("%s: %v in %d %s", file, err, a.StatusCode, a.body)
		}
		args := map[string]string{}
		for _, n := range got.Task.Action.Numbers {
			args[n.SR] = n.Value
		}
		for _, s := range got.Task.Action.Texts {
			args[s.SR] = s.Text
		}
		if got.Task.Action.Code != 339 || args["arg1"] != "1" || !strings.HasPrefix(got.Task.Name, `Ann's <Pixel> & "co": `) {
			t.Errorf("%s: %s", file, a.body)
		}
		name, value, _ := strings.Cut(args["arg3"], ":")
		if a := f.ask(http.DefaultClient, "POST", args["arg2"], args["arg5"], name, value); a.StatusCode != 200 || f.light(link) != want {
			t.Errorf("%s: %d %s, the light is %q", file, a.StatusCode, a.body, f.light(link))
		}
	}
}

// What a person types is shown as text, in every page and both languages.
func TestNamesAreText(t *testing.T) {
	f := open(t)
	for _, language := range []string{"en", "fr"} {
		link, c := f.link(`<script>alert("x")</script>&'`), browser(t)
		pages := []string{f.ask(c, "GET", link+"?lang="+language, "").body, f.taken(c, link+"?lang="+language),
			f.ask(browser(t), "GET", link+"?lang="+language, "").body, f.ask(c, "GET", f.server.URL+"/pair/x?lang="+language, "").body}
		for i, page := range pages {
			if m := inlined.FindString(page); m != "" || strings.Contains(page, "<script>") {
				t.Errorf("%s, page %d has %q", language, i, m)
			}
			if !strings.Contains(page, `<html lang="`+language+`"`) {
				t.Errorf("page %d is not in %s", i, language)
			}
		}
	}
}

// The page says when the phone cannot reach the address or others could listen.
func TestAddress(t *testing.T) {
	f := open(t)
	for name, c := range map[string]struct {
		header   []string
		loopback bool
		plain    bool
		base     string
	}{
		"this machine": {nil, true, false, f.server.URL},
		"plain":        {[]string{"Host", "192.0.2.7:7311"}, false, true, "http://192.0.2.7:7311"},
		"a proxy":      {[]string{"Host", "home.example.org", "X-Forwarded-Proto", "https"}, false, false, "https://home.example.org"},
	} {
		link := f.link("Phone")
		first := f.ask(http.DefaultClient, "GET", link, "", c.header...)
		if strings.Contains(first.body, "cannot reach") != c.loopback || strings.Contains(first.body, "No https") != c.plain {
			t.Errorf("%s: %s", name, first.body)
		}
		cookie := first.Header.Get("Set-Cookie")
		if !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Strict") || strings.Contains(cookie, "Secure") != strings.HasPrefix(c.base, "https") {
			t.Errorf("%s: the cookie is %q", name, cookie)
		}
		if got := fields(f.ask(http.DefaultClient, "POST", link, "", c.header...).body); !strings.HasPrefix(got["ios-url"], c.base+"/v1/api/device/state/lk_key_") {
			t.Errorf("%s: the address is %q", name, got["ios-url"])
		}
	}
	if a := f.ask(http.DefaultClient, "GET", f.link("Phone"), "", "Host", "evil.example"); a.StatusCode != 421 {
		t.Errorf("another's name: %d", a.StatusCode)
	}
}

// Guessing codes is limited by address.
func TestGuessing(t *testing.T) {
	f := open(t)
	limited := 0
	for range 100 {
		if a := f.ask(http.DefaultClient, "GET", f.server.URL+"/pair/lk_rst_000000000000000000000000000000000000", ""); a.StatusCode == 429 {
			limited++
		} else if a.StatusCode != 404 {
			t.Fatalf("%d %s", a.StatusCode, a.body)
		}
	}
	if limited != 40 {
		t.Errorf("%d of 100 were refused; 60 are taken at once", limited)
	}
}
