package egress

import "net/netip"

// Class is what kind of address a request would reach.
type Class uint8

// The classes, from what is never reached to what is widest.
const (
	Never    Class = iota // link-local and cloud metadata, multicast, unspecified, reserved, our own listeners
	Loopback              // this machine
	Home                  // private networks, CGNAT and Tailscale
	World                 // the rest
)

// String returns the class as an error text calls it.
func (c Class) String() string {
	return [...]string{"never reached", "loopback", "home network", "internet"}[c&3]
}

// never lists what no setting opens.
func never() []netip.Prefix {
	return prefixes(
		"0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "100.100.100.200/32", "168.63.129.16/32", "224.0.0.0/4", "240.0.0.0/4",
		"::/128", "fe80::/10", "fec0::/10", "ff00::/8", "fd00:ec2::254/128", "fd20:ce::254/128", "2001::/32", "64:ff9b:1::/48",
	)
}

func private() []netip.Prefix {
	return prefixes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
}

func prefixes(texts ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		all[i] = netip.MustParsePrefix(t)
	}
	return all
}

// table is the address rules, parsed once.
type table struct{ never, private, translated, sixToFour, global []netip.Prefix }

func newTable() table {
	return table{
		never: never(), private: private(),
		translated: prefixes("64:ff9b::/96"), sixToFour: prefixes("2002::/16"), global: prefixes("2000::/3"),
	}
}

func in(list []netip.Prefix, a netip.Addr) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// class returns the class of an address. An IPv4 address in IPv6 clothes
// (mapped, NAT64, 6to4) is judged by what it carries; behind a translator only
// the internet is believed.
func (t *table) class(a netip.Addr) Class {
	if !a.IsValid() || a.Zone() != "" {
		return Never
	}
	a = a.Unmap()
	switch b := a.As16(); {
	case in(t.never, a):
		return Never
	case a.IsLoopback():
		return Loopback
	case in(t.private, a):
		return Home
	case a.Is4():
		return World
	case in(t.translated, a):
		return t.carried(netip.AddrFrom4([4]byte(b[12:16])))
	case in(t.sixToFour, a):
		return t.carried(netip.AddrFrom4([4]byte(b[2:6])))
	case in(t.global, a):
		return World
	}
	return Never
}

func (t *table) carried(v4 netip.Addr) Class {
	if t.class(v4) == World {
		return World
	}
	return Never
}
