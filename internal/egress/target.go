package egress

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"latchkey/home"
)

// maxURL is the longest URL in bytes.
const maxURL = 8 << 10

// Target is where a URL leads, written in one way only.
type Target struct {
	Scheme string     // http or https
	Host   string     // lower-case name without a final dot, or an IP address
	Port   uint16     // 1 to 65535
	IP     netip.Addr // set when Host is an address
	url    *url.URL
}

// HostPort returns host:port, the form in which targets are approved.
func (t Target) HostPort() string {
	return net.JoinHostPort(t.Host, strconv.Itoa(int(t.Port)))
}

// ParseTarget reads a URL. It returns Invalid, saying what is wrong, for
// anything but a plain http or https URL: other schemes, user names, addresses in
// unusual spellings, hosts that are not ASCII.
func ParseTarget(raw string) (Target, error) {
	if len(raw) > maxURL {
		return Target{}, refuse("the URL is longer than %d bytes", maxURL)
	}
	if strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' }) {
		return Target{}, refuse("the URL has a space, a control character or a backslash")
	}
	u, err := url.Parse(raw)
	if err != nil {
		return Target{}, refuse("this is not a URL; write one like https://example.org/path")
	}
	t := Target{Scheme: strings.ToLower(u.Scheme), url: u}
	switch {
	case t.Scheme != "http" && t.Scheme != "https":
		return Target{}, refuse("the URL has to begin with http:// or https://")
	case u.Opaque != "" || u.Host == "":
		return Target{}, refuse("the URL has no host; write one like https://example.org/path")
	case u.User != nil:
		return Target{}, refuse("a user name in a URL is not accepted; send it in an Authorization header")
	}
	if t.Port, err = portOf(u, t.Scheme); err != nil {
		return Target{}, err
	}
	if t.Host, t.IP, err = hostOf(u.Hostname()); err != nil {
		return Target{}, err
	}
	return t, nil
}

func refuse(format string, args ...any) *home.Error {
	return home.Errorf(home.Invalid, format, args...).Because("egress_url")
}

func portOf(u *url.URL, scheme string) (uint16, error) {
	text := u.Port()
	if text == "" {
		if strings.HasSuffix(u.Host, ":") {
			return 0, refuse("the port after the colon is missing")
		}
		if scheme == "https" {
			return 443, nil
		}
		return 80, nil
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 {
		return 0, refuse("port %.20q is not between 1 and 65535", text)
	}
	return uint16(n), nil
}

// hostOf returns the one spelling of a host. A name whose last label is a number
// has to be an IPv4 address of four decimal numbers: other spellings mean other
// addresses to other resolvers.
func hostOf(host string) (string, netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		if ip.Zone() != "" {
			return "", netip.Addr{}, refuse("an address with a zone is not accepted")
		}
		ip = ip.Unmap()
		return ip.String(), ip, nil
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "" || len(host) > 253 {
		return "", netip.Addr{}, refuse("the host of the URL is empty or too long")
	}
	labels := strings.Split(host, ".")
	for _, label := range labels {
		if !plainLabel(label) {
			return "", netip.Addr{}, refuse("host %.60q: only letters, digits, '-' and '_' are accepted; write other scripts as xn--", host)
		}
	}
	if last := labels[len(labels)-1]; strings.HasPrefix(last, "0x") || strings.Trim(last, "0123456789") == "" {
		return "", netip.Addr{}, refuse("host %.60q: write an IPv4 address as four numbers, such as 192.168.1.5", host)
	}
	return host, netip.Addr{}, nil
}

func plainLabel(s string) bool {
	if s == "" || len(s) > 63 {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

// named returns the class that a name has by itself, without asking anyone;
// ok is false for a name that has to be looked up.
func named(host string) (c Class, ok bool) {
	switch {
	case host == "localhost" || strings.HasSuffix(host, ".localhost"):
		return Loopback, true
	case strings.HasSuffix(host, ".local"), strings.HasSuffix(host, ".lan"), strings.HasSuffix(host, ".home.arpa"), !strings.Contains(host, "."):
		return Home, true
	}
	return Never, false
}
