package wire

import (
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// hostChars are what a host with its port is made of; nothing that a page or a
// shell takes for more.
const hostChars = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:[]"

// Origin returns under which address the caller asked for this server, such as
// https://home.example.org or http://192.0.2.7:7311; "" when r does not say, or
// not as an address. Which proxy says https is believed as in RemoteIP.
func Origin(r *http.Request) string {
	host := r.Host
	if strings.Trim(host, hostChars) != "" {
		return ""
	}
	u, err := url.Parse("http://" + host)
	if err != nil || u.Host != host || u.Hostname() == "" {
		return ""
	}
	if port := u.Port(); port != "" {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return ""
		}
	}
	scheme := "http://"
	if r.TLS != nil || proxied(r) && strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") {
		scheme = "https://"
	}
	return scheme + host
}

// proxied reports whether r came through one of Options.Proxies.
func proxied(r *http.Request) bool {
	x := exchangeOf(r.Context())
	return x != nil && within(x.srv.Proxies, peerOfRequest(r).addr)
}

// LoopbackOrigin reports whether an address that Origin gave is one that only
// this machine itself reaches.
func LoopbackOrigin(origin string) bool {
	_, host, _ := strings.Cut(origin, "://")
	if host == "" {
		return false
	}
	name := strings.TrimSuffix(bareHost(host), ".")
	a, err := netip.ParseAddr(name)
	return err == nil && a.Unmap().IsLoopback() || strings.EqualFold(name, "localhost") || below(name, ".localhost")
}
