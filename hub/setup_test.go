package hub_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/home"
	"latchkey/hub"
	"latchkey/stores/memory"
)

// bare is a hub without an account.
func bare(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: newClock(), store: memory.New(), driver: &virtual{}, ctx: t.Context()}
	h, err := hub.New(f.ctx, hub.Config{Store: f.store, Clock: f.clock.time})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	f.Hub = h
	return f
}

func TestSetupMakesTheServer(t *testing.T) {
	f := bare(t)
	code := f.SetupCode()
	if !f.NeedsSetup() || code == "" {
		t.Fatalf("a new server needs set-up %v, code %q", f.NeedsSetup(), code)
	}
	r := hub.SetupRequest{Username: "Ann", Password: goodPassword, Email: "ann@example.org",
		Code: strings.ToLower(strings.ReplaceAll(code, "-", " "))}
	got, err := f.Setup(f.ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	if a := got.Account; a.UID != 1 || !a.Operator || a.Username != "Ann" {
		t.Errorf("the first account is %+v", a)
	}
	if v := got.House; v.Name != "Home" || v.TimeZone != "UTC" || v.Language != "en" {
		t.Errorf("the first house is %+v", v)
	}
	id := f.identify(got.Token)
	if id.Role != home.Owner || id.House != got.House.ID || !id.May(home.Operate, nil, nil) || !id.May(home.WriteKey, nil, nil) {
		t.Errorf("the first identity is %+v", id)
	}
	if f.NeedsSetup() || f.SetupCode() != "" {
		t.Error("set-up stays open")
	}
	_, err = f.Setup(f.ctx, r)
	wantCode(t, err, home.Forbidden, "setup_done")
	f.reopen()
	_, err = f.Setup(f.ctx, hub.SetupRequest{Username: "eve", Password: goodPassword, Loopback: true})
	wantCode(t, err, home.Forbidden, "setup_done")
	f.identify(got.Token)
}

func TestSetupFromAfarNeedsTheCode(t *testing.T) {
	f := bare(t)
	for i := range 12 {
		_, err := f.Setup(f.ctx, hub.SetupRequest{Username: "eve", Password: goodPassword, Code: "AAAA-AAAA-AAAA-AAAA"})
		if i < 10 {
			wantCode(t, err, home.Forbidden, "setup_code")
		} else {
			wantCode(t, err, home.TooMany, "setup_code")
		}
	}
	_, err := f.Setup(f.ctx, hub.SetupRequest{Username: "ann", Password: goodPassword, Code: f.SetupCode()})
	wantCode(t, err, home.TooMany, "setup_code")
	f.clock.forward(time.Minute)
	if _, err := f.Setup(f.ctx, hub.SetupRequest{Username: "ann", Password: goodPassword, Code: f.SetupCode()}); err != nil {
		t.Fatal(err)
	}
}

func TestSetupHappensOnce(t *testing.T) {
	f := bare(t)
	var wg sync.WaitGroup
	results := make([]error, 6)
	for i := range results {
		wg.Go(func() {
			_, results[i] = f.Setup(f.ctx, hub.SetupRequest{Username: "ann", Password: goodPassword, Loopback: true})
		})
	}
	wg.Wait()
	made := 0
	for _, err := range results {
		if err == nil {
			made++
			continue
		}
		wantCode(t, err, home.Forbidden, "setup_done")
	}
	if made != 1 {
		t.Errorf("%d set-ups went through", made)
	}
}

func TestSetupSaysWhatIsWrong(t *testing.T) {
	f := bare(t)
	for name, c := range map[string]struct {
		change func(*hub.SetupRequest)
		path   string
	}{
		"short name":         {func(r *hub.SetupRequest) { r.Username = "ab" }, "username"},
		"name with a space":  {func(r *hub.SetupRequest) { r.Username = "ann bee" }, "username"},
		"long name":          {func(r *hub.SetupRequest) { r.Username = strings.Repeat("a", 101) }, "username"},
		"e-mail":             {func(r *hub.SetupRequest) { r.Email = "nowhere" }, "email"},
		"e-mail with a name": {func(r *hub.SetupRequest) { r.Email = "Ann <a@b.org>" }, "email"},
		"short password":     {func(r *hub.SetupRequest) { r.Password = "1234567" }, "password"},
		"long password":      {func(r *hub.SetupRequest) { r.Password = strings.Repeat("ab", 129) }, "password"},
		"common password":    {func(r *hub.SetupRequest) { r.Password = "Password123" }, "password"},
		"one letter":         {func(r *hub.SetupRequest) { r.Password = "zzzzzzzzzzzz" }, "password"},
		"the name itself":    {func(r *hub.SetupRequest) { r.Username, r.Password = "ann-of-green", "Ann-of-Green" }, "password"},
		"zone":               {func(r *hub.SetupRequest) { r.House = &hub.NewHouse{TimeZone: "Mars/Olympus"} }, "time_zone"},
	} {
		r := hub.SetupRequest{Username: "ann", Password: goodPassword, Loopback: true}
		c.change(&r)
		_, err := f.Setup(f.ctx, r)
		e, ok := errors.AsType[*home.Error](err)
		if !ok || e.Code != home.Unprocessable || len(e.Fields) != 1 || e.Fields[0].Path != c.path {
			t.Errorf("%s: got %#v, want one fault at %s", name, err, c.path)
		} else if strings.Contains(e.Error(), r.Password) && c.path == "password" {
			t.Errorf("%s: the password is in the text %q", name, e.Error())
		}
	}
	if !f.NeedsSetup() {
		t.Error("a refused set-up closed the door")
	}
	r := hub.SetupRequest{Username: "ann", Password: strings.Repeat("ab", 128), Loopback: true}
	if _, err := f.Setup(f.ctx, r); err != nil {
		t.Errorf("256 characters: %v", err)
	}
}

func TestTheSetupCodeLapses(t *testing.T) {
	f := bare(t)
	code := f.SetupCode()
	f.clock.forward(hub.SetupCodeLife)
	if f.SetupCode() != "" {
		t.Error("a code that has lapsed is still shown")
	}
	_, err := f.Setup(f.ctx, hub.SetupRequest{Username: "eve", Password: goodPassword, Code: code})
	wantCode(t, err, home.Forbidden, "setup_code_expired")
	_, err = f.Setup(f.ctx, hub.SetupRequest{Username: "eve", Password: goodPassword, Code: "AAAA-AAAA-AAAA-AAAA"})
	wantCode(t, err, home.Forbidden, "setup_code")
	f.reopen()
	if _, err := f.Setup(f.ctx, hub.SetupRequest{Username: "ann", Password: goodPassword, Code: f.SetupCode()}); err != nil {
		t.Errorf("a new start has no new code: %v", err)
	}
}
