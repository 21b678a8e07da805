package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/mdp/qrterminal/v3"

	"latchkey/hub"
)

// beginning is what a person needs to begin, said once when the server is ready.
type beginning struct {
	Event   string   `json:"event"` // "ready"
	Version string   `json:"version"`
	Seconds float64  `json:"seconds"`
	PID     int      `json:"pid"`
	URL     string   `json:"url"`
	LAN     string   `json:"lan_url,omitempty"`
	MQTT    string   `json:"mqtt_url,omitempty"`
	Setup   string   `json:"setup_url,omitempty"` // works once
	Curl    []string `json:"curl"`
	Data    string   `json:"data"`
	Demo    bool     `json:"demo,omitempty"`
	Speed   int      `json:"demo_speed,omitempty"` // how many times faster than real time the demo lives
	User    string   `json:"user,omitempty"`       // of the demo
	Secret  string   `json:"password,omitempty"`   // of the demo
	local   bool     // only this machine can reach it
}

// announce prints it: for people on a terminal, as plain lines elsewhere, or as
// one line of JSON.
func (s *serving) announce(h *hub.Hub, addr net.Addr) error {
	b := beginning{Event: "ready", Version: s.config.Version, Seconds: time.Since(s.began).Seconds(), PID: os.Getpid(),
		Data: s.config.Settings.Data, URL: urlOf(addr.String()), LAN: lanURL(addr), MQTT: s.mqtt}
	if a, ok := addr.(*net.TCPAddr); ok {
		b.local = a.IP.IsLoopback()
	}
	switch {
	case s.demo != nil:
		b.Demo, b.User, b.Secret, b.Speed = true, s.demo.Kept.User, s.demo.Kept.Password, s.pace
		b.Curl = s.demo.Curls(b.URL, apiPrefix)
	case h.NeedsSetup():
		from := b.URL
		if b.LAN != "" {
			from = b.LAN
		}
		b.Setup = from + "/setup#code=" + h.SetupCode()
		b.Curl = []string{
			"curl " + b.URL + "/healthz",
			"curl -X POST " + b.URL + apiPrefix + "/setup -H 'Content-Type: application/json' -d '{\"username\": \"me\", \"password\": \"" + strings.ToLower(rand.Text()[:16]) + "\", \"code\": \"" + h.SetupCode() + "\"}'",
		}
	default:
		b.Curl = []string{"curl " + b.URL + "/healthz"}
	}
	if s.json {
		return json.NewEncoder(s.out).Encode(b)
	}
	return s.printBeginning(&b)
}

func (s *serving) printBeginning(b *beginning) error {
	f, isFile := s.out.(*os.File)
	tty := isFile && isatty.IsTerminal(f.Fd()) && s.getenv("TERM") != "dumb" && s.getenv("NO_COLOR") == ""
	strong, plain := "", ""
	if tty {
		strong, plain = "\x1b[1m", "\x1b[0m"
	}
	var w strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&w, format+"\n", args...) }
	line(s.say("%sLatchkey %s ready in %.2f s%s", "%sLatchkey %s prêt en %.2f s%s"), strong, b.Version, b.Seconds, plain)
	if b.Demo {
		line("%s%s%s", strong, s.say("DEMO: an invented home in a folder of its own; nothing is sent outside.", "DÉMONSTRATION : une maison inventée, dans son propre dossier ; rien n'est envoyé au dehors."), plain)
	}
	if b.Speed > 1 {
		line(s.say("Its clock runs %d times faster than yours: every moment that it tells is its own.", "Son horloge va %d fois plus vite que la vôtre : chaque moment qu'elle donne est le sien."), b.Speed)
	}
	line("")
	line("  %-14s %s", s.say("here", "ici"), b.URL)
	if b.LAN != "" {
		line("  %-14s %s", s.say("home network", "réseau local"), b.LAN)
	} else if b.local {
		line("  %-14s %s", s.say("home network", "réseau local"), s.say("not reachable; --listen :7311 opens it", "non accessible ; --listen :7311 l'ouvre"))
	}
	if b.MQTT != "" {
		line("  %-14s %s", "MQTT", b.MQTT)
	}
	if b.Setup != "" {
		line("  %-14s %s", s.say("set-up link", "installation"), b.Setup)
		line("  %-14s %s", "", s.say("works once, for 15 minutes, for the first account", "sert une fois, pendant 15 minutes, pour le premier compte"))
	}
	if b.Demo {
		line("  %-14s %s / %s", s.say("sign in", "connexion"), b.User, b.Secret)
	}
	line("\n%s", s.say("Try it (paste into another terminal):", "Essayez (à coller dans un autre terminal) :"))
	for _, c := range b.Curl {
		line("  %s", c)
	}
	line("\n  %-14s %s", s.say("data", "données"), b.Data)
	line("  %-14s %s", s.say("stop", "arrêter"), s.say("Ctrl-C", "Ctrl-C"))
	line("  %-14s %s", s.say("trouble?", "un souci ?"), "latchkey doctor")
	if _, err := io.WriteString(s.out, w.String()); err != nil {
		return err
	}
	if tty && b.Setup != "" {
		qrterminal.GenerateHalfBlock(b.Setup, qrterminal.L, s.out)
	}
	return nil
}

// urlOf returns how a program on this machine reaches the address.
func urlOf(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "http://" + addr
	}
	if a, err := netip.ParseAddr(host); host == "" || err == nil && a.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// lanURL returns how another machine at home reaches the address; "" when it
// cannot.
func lanURL(addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return ""
	}
	a, err := netip.ParseAddr(host)
	if err != nil || a.IsLoopback() {
		return ""
	}
	if !a.IsUnspecified() {
		return "http://" + net.JoinHostPort(host, port)
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return ""
	}
	found := ""
	for _, one := range addrs {
		p, err := netip.ParsePrefix(one.String())
		if err != nil || !p.Addr().Is4() || !p.Addr().IsGlobalUnicast() || found != "" && !p.Addr().IsPrivate() {
			continue
		}
		found = "http://" + net.JoinHostPort(p.Addr().String(), port)
		if p.Addr().IsPrivate() {
			break
		}
	}
	return found
}
