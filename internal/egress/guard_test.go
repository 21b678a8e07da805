package egress_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"latchkey/home"
	"latchkey/internal/egress"
)

// What each kind of principal is told, in short.
const (
	yes = "allowed"
	url = "egress_url"
	no  = "egress_forbidden"
	ask = "egress_approval_required"
)

// cases are URLs with what an owner and a guest with the right egress:world are
// told. CANARY stands for the canary's port.
func cases() [][3]string {
	return [][3]string{
		// The internet.
		{"http://8.8.8.8/", yes, yes}, {"https://1.1.1.1/x?y=z#f", yes, yes}, {"http://8.8.8.8:8080/", yes, yes}, {"http://8.8.8.8:22/", no, no},
		{"http://8.8.8.8:25/", no, no}, {"https://8.8.8.8:1023/", no, no}, {"https://[2606:4700:4700::1111]/", yes, yes}, {"HTTPS://Example.TEST./", yes, yes},
		{"http://[64:ff9b::808:808]/", yes, yes}, {"http://[2002:808:808::1]/", yes, yes}, {"http://xn--caf-dma.test/", yes, yes},
		// The home network.
		{"http://192.168.1.5/", ask, no}, {"http://10.0.0.1:8123/", ask, no}, {"http://172.16.0.1/", ask, no}, {"http://172.31.255.255/", ask, no}, {"http://172.32.0.1/", yes, yes},
		{"http://100.64.0.1/", ask, no}, {"http://100.127.255.254/", ask, no}, {"http://[fd12:3456::1]/", ask, no}, {"http://[fc00::1]/", ask, no}, {"http://[::ffff:192.168.1.5]/", ask, no},
		{"http://printer.local/", ask, no}, {"http://nas/", ask, no}, {"http://nas.home.arpa/", ask, no}, {"http://home.test/", ask, no},
		{"http://192.168.1.9:80/", yes, yes}, {"http://192.168.1.9/", yes, yes}, {"http://192.168.1.9:81/", ask, no}, {"http://192.168.1.9.:80/", url, url},
		// This machine.
		{"http://127.0.0.1:CANARY/", no, no}, {"http://127.0.0.2:CANARY/", no, no}, {"http://127.255.255.254:CANARY/", no, no}, {"http://localhost:CANARY/", no, no},
		{"http://LOCALHOST.:CANARY/", no, no}, {"http://a.localhost:CANARY/", no, no}, {"http://[::1]:CANARY/", no, no}, {"http://[0:0:0:0:0:0:0:1]:CANARY/", no, no},
		{"http://[::ffff:127.0.0.1]:CANARY/", no, no}, {"http://[::ffff:7f00:1]:CANARY/", no, no}, {"http://loop.test:CANARY/", no, no}, {"http://mixed.test:CANARY/", no, no},
		{"http://[64:ff9b::7f00:1]:CANARY/", no, no}, {"http://[2002:7f00:1::]:CANARY/", no, no}, {"http://[::127.0.0.1]:CANARY/", no, no},
		// Other spellings of it.
		{"http://2130706433:CANARY/", url, url}, {"http://0x7f.1:CANARY/", url, url}, {"http://0x7f000001:CANARY/", url, url}, {"http://017700000001:CANARY/", url, url},
		{"http://127.1:CANARY/", url, url}, {"http://127.0.1:CANARY/", url, url}, {"http://0:CANARY/", url, url}, {"http://0177.0.0.1:CANARY/", url, url},
		{"http://127.0.0.1.:CANARY/", url, url}, {"http://%31%32%37.0.0.1:CANARY/", url, url}, {"http://①②⑦.⓪.⓪.①:CANARY/", url, url}, {"http://127。0。0。1:CANARY/", url, url},
		// What is never called.
		{"http://169.254.169.254/latest/meta-data/", no, no}, {"http://[fe80::1]/", no, no}, {"http://[fe80::1%25eth0]/", url, url}, {"http://[fd00:ec2::254]/", no, no},
		{"http://100.100.100.200/", no, no}, {"http://192.0.0.192/", no, no}, {"http://168.63.129.16/", no, no}, {"http://0.0.0.0:CANARY/", no, no}, {"http://[::]:CANARY/", no, no},
		{"http://[::ffff:0.0.0.0]:CANARY/", no, no}, {"http://224.0.0.1/", no, no}, {"http://239.255.255.250:1900/", no, no}, {"http://255.255.255.255/", no, no}, {"http://240.0.0.1/", no, no},
		{"http://[ff02::1]/", no, no}, {"http://[::ffff:169.254.169.254]/", no, no}, {"http://[64:ff9b::a9fe:a9fe]/", no, no}, {"http://[2002:a9fe:a9fe::1]/", no, no},
		{"http://[64:ff9b::c0a8:105]/", no, no}, {"http://[64:ff9b:1::808:808]/", no, no}, {"http://[2001:0:808:808::1]/", no, no}, {"http://meta.test/", no, no}, {"http://192.168.1.5:7777/", ask, no},
		// What is not a plain URL.
		{"ftp://8.8.8.8/", url, url}, {"file:///etc/passwd", url, url}, {"gopher://8.8.8.8/", url, url}, {"javascript:alert(1)", url, url}, {"concat:http://a", url, url},
		{"http://user@8.8.8.8/", url, url}, {"http://user:pw@8.8.8.8/", url, url}, {"http://8.8.8.8@127.0.0.1:CANARY/", url, url}, {"//8.8.8.8/", url, url}, {"/etc/passwd", url, url}, {"", url, url},
		{"http://", url, url}, {"http:///x", url, url}, {"http:8.8.8.8", url, url}, {"http://8.8.8.8:0/", url, url}, {"http://8.8.8.8:65536/", url, url}, {"http://8.8.8.8:/", url, url}, {"http://8.8.8.8:-1/", url, url},
		{"http://8.8.8.8\\@127.0.0.1/", url, url}, {"http://8.8.8.8/\r\nX: y", url, url}, {"http://8.8.8.8 /", url, url}, {"http://a..test/", url, url}, {"http://" + strings.Repeat("a", 9000), url, url},
	}
}

// guarded returns a guard for the table, with its own resolver.
func guarded(t testing.TB, c *canary) *egress.Guard {
	zone := map[string][]netip.Addr{
		"example.test": addrs("93.184.216.34"), "xn--caf-dma.test": addrs("93.184.216.35"), "home.test": addrs("192.168.1.20"), "loop.test": addrs("127.0.0.1", "::1"),
		"mixed.test": addrs("93.184.216.34", "127.0.0.1"), "meta.test": addrs("169.254.169.254"),
	}
	n := &nameserver{answer: func(name string) []netip.Addr { return zone[name] }}
	return egress.New(egress.Config{
		Approved: func(house home.ID, hostport string) bool { return house == "h" && hostport == "192.168.1.9:80" },
		Resolver: n.resolver(t),
	})
}

func told(err error) string {
	if err == nil {
		return yes
	}
	return home.AsError(err).Reason
}

func TestTable(t *testing.T) {
	c := newCanary(t)
	g := guarded(t, c)
	owner := egress.Principal{House: "h", Owner: true, World: true}
	guest := egress.Principal{House: "h", World: true}
	var all []string
	for _, row := range cases() {
		raw := strings.ReplaceAll(row[0], "CANARY", fmt.Sprint(c.port))
		all = append(all, raw)
		for i, p := range []egress.Principal{owner, guest} {
			if got := told(g.Judge(t.Context(), raw, p)); got != row[i+1] {
				t.Errorf("judge %.60q (owner %v): %s, want %s", raw, p.Owner, got, row[i+1])
			}
			if row[i+1] == yes || strings.Contains(raw, "mixed.test") {
				continue // would be dialled
			}
			if _, err := g.Do(t.Context(), p, egress.Request{URL: raw}); err == nil || told(err) != row[i+1] && told(err) != "egress_unreachable" {
				t.Errorf("fire %.60q (owner %v): %v, want %s", raw, p.Owner, err, row[i+1])
			}
		}
	}
	if len(all) < 60 {
		t.Errorf("only %d URLs", len(all))
	}
	redirectTo(t, all, owner)
	if n := c.hits.Load(); n != 0 {
		t.Errorf("the canary was reached %d times", n)
	}
}

// redirectTo lets an allowed server send us to every URL, with hops allowed.
func redirectTo(t *testing.T, urls []string, p egress.Principal) {
	t.Helper()
	where := ""
	g, _, base := target(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Location"] = []string{strings.NewReplacer("\r", "", "\n", "").Replace(where)}
		w.WriteHeader(http.StatusFound)
	})
	for _, where = range urls {
		if _, err := g.Do(t.Context(), p, egress.Request{URL: base, Hops: 3}); told(err) != "egress_redirect" {
			t.Errorf("redirect to %.60q: %v", where, err)
		}
	}
}

func TestOnlyTheRightOpensTheInternet(t *testing.T) {
	g := egress.New(egress.Config{})
	if err := g.Judge(t.Context(), "http://8.8.8.8/", egress.Principal{Owner: true}); told(err) != no || home.CodeOf(err) != home.Forbidden {
		t.Errorf("%v", err)
	}
	if err := g.Judge(t.Context(), "http://10.0.0.1/", egress.Principal{Owner: true}); home.CodeOf(err) != home.Conflict {
		t.Errorf("%v", err)
	}
}

func TestTheFileOpensExactlyWhatItNames(t *testing.T) {
	g := egress.New(egress.Config{Allow: []string{"127.0.0.1:1880", "LOCALHOST:1881", "[::1]:1882"}})
	for raw, want := range map[string]string{
		"http://127.0.0.1:1880/x": yes, "http://localhost:1881": yes, "http://[::1]:1882/": yes, "http://127.0.0.1:1881/": no, "http://localhost:1880/": no, "http://127.0.0.2:1880/": no,
		"http://[::ffff:127.0.0.1]:1880/": yes, // another spelling of the very same address
	} {
		if got := told(g.Judge(t.Context(), raw, egress.Principal{})); got != want {
			t.Errorf("%s: %s, want %s", raw, got, want)
		}
	}
}

func TestOwnListenersAreNeverCalled(t *testing.T) {
	c := newCanary(t)
	mine := fmt.Sprint(c.port)
	g := egress.New(egress.Config{
		Allow: []string{"127.0.0.1:" + mine, "localhost:" + mine, "192.0.2.1:" + mine},
		Own:   func() []netip.AddrPort { return []netip.AddrPort{netip.AddrPortFrom(netip.IPv4Unspecified(), c.port)} },
	})
	for _, host := range []string{"127.0.0.1", "localhost"} {
		raw := "http://" + host + ":" + mine + "/"
		if got := told(g.Judge(t.Context(), raw, egress.Principal{Owner: true, World: true})); got != no {
			t.Errorf("judge %s: %s", raw, got)
		}
		if _, err := g.Do(t.Context(), egress.Principal{Owner: true, World: true}, egress.Request{URL: raw}); told(err) != no {
			t.Errorf("fire %s: %v", raw, err)
		}
	}
	if got := told(g.Judge(t.Context(), "http://192.0.2.1:"+mine+"/", egress.Principal{})); got != yes {
		t.Errorf("another machine's port of the same number: %s", got)
	}
	if n := c.hits.Load(); n != 0 {
		t.Errorf("reached %d times", n)
	}
}

func TestRebindingMeetsTheDial(t *testing.T) {
	c := newCanary(t)
	asked := 0
	n := &nameserver{}
	n.set(func(string) []netip.Addr {
		asked++
		if asked <= 2 { // A and AAAA of the judgement
			return addrs("192.168.1.20")
		}
		return addrs("127.0.0.1", "::1")
	})
	hostport := fmt.Sprintf("camera.test:%d", c.port)
	g := egress.New(egress.Config{Resolver: n.resolver(t), Approved: func(_ home.ID, hp string) bool { return hp == hostport }})
	p := egress.Principal{House: "h", World: true}
	if err := g.Judge(t.Context(), "http://"+hostport+"/", p); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if _, err := g.Do(t.Context(), p, egress.Request{URL: "http://" + hostport + "/"}); told(err) != no {
			t.Fatalf("%v", err)
		}
	}
	if hits := c.hits.Load(); hits != 0 {
		t.Errorf("the canary was reached %d times", hits)
	}
}

func TestAnUnknownNameIsJudgedAsTheInternet(t *testing.T) {
	g := egress.New(egress.Config{Resolver: (&nameserver{answer: func(string) []netip.Addr { return nil }}).resolver(t)})
	if got := told(g.Judge(context.Background(), "http://nowhere.test/", egress.Principal{World: true})); got != yes {
		t.Errorf("with the right: %s", got)
	}
	if got := told(g.Judge(context.Background(), "http://nowhere.test/", egress.Principal{Owner: true})); got != no {
		t.Errorf("without: %s", got)
	}
}

// FuzzPermit: what is permitted is in an allowed class, as the standard library
// and a second reading of the rules see it.
func FuzzPermit(f *testing.F) {
	for _, row := range cases() {
		f.Add(strings.ReplaceAll(row[0], "CANARY", "80"), []byte{127, 0, 0, 1}, uint8(7))
	}
	f.Add("http://a.test/", addrs("64:ff9b::7f00:1")[0].AsSlice(), uint8(5))
	f.Add("http://a.test/", addrs("::ffff:10.0.0.1")[0].AsSlice(), uint8(2))
	g := egress.New(egress.Config{Allow: []string{"127.0.0.1:1880"}, Approved: func(house home.ID, _ string) bool { return house == "approved" }})
	f.Fuzz(func(t *testing.T, raw string, ip []byte, flags uint8) {
		target, err := egress.ParseTarget(raw)
		if err != nil {
			if told(err) != url {
				t.Fatalf("%q: %v", raw, err)
			}
			return
		}
		again, err := egress.ParseTarget(target.Scheme + "://" + target.HostPort() + "/")
		if err != nil || again.HostPort() != target.HostPort() {
			t.Fatalf("%q is not written in one way only: %q, %v", raw, target.HostPort(), err)
		}
		addr, ok := netip.AddrFromSlice(ip)
		if target.IP.IsValid() {
			addr, ok = target.IP, true
		}
		if !ok {
			return
		}
		p := egress.Principal{Owner: flags&1 != 0, World: flags&4 != 0}
		if flags&2 != 0 {
			p.House = "approved"
		}
		if g.Permit(target, addr, p) != nil {
			return
		}
		a := addr.Unmap()
		inFile := target.HostPort() == "127.0.0.1:1880"
		switch {
		case a.IsLinkLocalUnicast(), a.IsMulticast(), a.IsUnspecified(), a.IsInterfaceLocalMulticast(), a.String() == "255.255.255.255":
			t.Fatalf("%q at %s: never called", raw, a)
		case a.IsLoopback() && !inFile:
			t.Fatalf("%q at %s: not in the file", raw, a)
		case a.IsPrivate() && p.House != "approved" && !inFile:
			t.Fatalf("%q at %s: not approved", raw, a)
		case !a.IsPrivate() && !a.IsLoopback() && g.Class(a) == egress.World && !p.World && !inFile:
			t.Fatalf("%q at %s: no right", raw, a)
		case !slices.Contains([]string{"http", "https"}, target.Scheme):
			t.Fatalf("%q: scheme %s", raw, target.Scheme)
		}
	})
}

// A silent guard asks no name server, and judges as ever what needs none.
func TestSilent(t *testing.T) {
	resolver := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		t.Error("a name server was asked")
		return nil, net.ErrClosed
	}}
	g := egress.New(egress.Config{Silent: true, Resolver: resolver})
	for url, want := range map[string]home.Code{"https://a.example.org/": "", "http://192.168.1.5/": home.Forbidden, "http://localhost:9/": home.Forbidden} {
		if err := g.Judge(t.Context(), url, egress.Principal{House: "h1", World: true}); home.CodeOf(err) != want {
			t.Errorf("%s: %v, want %q", url, err, want)
		}
	}
	if err := g.Judge(t.Context(), "https://a.example.org/", egress.Principal{House: "h1"}); home.CodeOf(err) != home.Forbidden {
		t.Errorf("without the right to the internet: %v", err)
	}
}
