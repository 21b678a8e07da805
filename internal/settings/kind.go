package settings

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"latchkey/home"
)

type (
	prefixes []netip.Prefix
	seconds  time.Duration
	span     struct{ low, high int }
)

// shape is what a text may look like.
type shape struct {
	accepts string
	check   func(string) error
}

func text(key string, about home.Label, sh shape, at func(*Settings) *string) Field {
	return Field{Key: key, About: about, Accepts: sh.accepts,
		set: func(s *Settings, v []string) error {
			if err := sh.check(v[0]); err != nil {
				return err
			}
			*at(s) = v[0]
			return nil
		},
		get: func(s *Settings) string { return *at(s) }}
}

// secret is a text that is never shown.
func secret(key string, about home.Label, sh shape, at func(*Settings) *string) Field {
	f := text(key, about, sh, at)
	f.get = func(s *Settings) string {
		if *at(s) == "" {
			return ""
		}
		return "********"
	}
	return f
}

func list(key string, about home.Label, sh shape, at func(*Settings) *[]string) Field {
	return Field{Key: key, About: about, Accepts: "a list of " + sh.accepts, List: true,
		set: func(s *Settings, v []string) error {
			for _, one := range v {
				if err := sh.check(one); err != nil {
					return err
				}
			}
			*at(s) = v
			return nil
		},
		get: func(s *Settings) string { return strings.Join(*at(s), ",") }}
}

func networks(key string, about home.Label, at func(*Settings) *prefixes) Field {
	return Field{Key: key, About: about, Accepts: "a list of addresses or networks, such as 10.0.0.0/8", List: true,
		set: func(s *Settings, v []string) error {
			var out prefixes
			for _, one := range v {
				p, err := network(one)
				if err != nil {
					return err
				}
				out = append(out, p)
			}
			*at(s) = out
			return nil
		},
		get: func(s *Settings) string {
			var out []string
			for _, p := range *at(s) {
				out = append(out, p.String())
			}
			return strings.Join(out, ",")
		}}
}

func network(s string) (netip.Prefix, error) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), nil
	}
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, fmt.Errorf("%.60q is not an address or network", s)
	}
	return netip.PrefixFrom(a, a.BitLen()), nil
}

func truth(key string, about home.Label, at func(*Settings) *bool) Field {
	return Field{Key: key, About: about, Accepts: "true or false",
		set: func(s *Settings, v []string) error {
			if v[0] != "true" && v[0] != "false" {
				return fmt.Errorf("%.60q is neither true nor false", v[0])
			}
			*at(s) = v[0] == "true"
			return nil
		},
		get: func(s *Settings) string { return strconv.FormatBool(*at(s)) }}
}

func whole(key string, about home.Label, in span, at func(*Settings) *int) Field {
	return Field{Key: key, About: about, Accepts: fmt.Sprintf("a whole number from %d to %d", in.low, in.high),
		set: func(s *Settings, v []string) error {
			n, err := strconv.Atoi(v[0])
			if err != nil {
				return fmt.Errorf("%.60q is not a whole number", v[0])
			}
			if n < in.low || n > in.high {
				return fmt.Errorf("%d is out of range", n)
			}
			*at(s) = n
			return nil
		},
		get: func(s *Settings) string { return strconv.Itoa(*at(s)) }}
}

// fastest is the highest rate that may be chosen.
const fastest = 1e6

func rate(key string, about home.Label, at func(*Settings) *float64) Field {
	return Field{Key: key, About: about, Accepts: fmt.Sprintf("a number from 0 to %d", int(fastest)),
		set: func(s *Settings, v []string) error {
			n, err := strconv.ParseFloat(v[0], 64)
			if err != nil || n != n {
				return fmt.Errorf("%.60q is not a number", v[0])
			}
			if n < 0 || n > fastest {
				return fmt.Errorf("%s is out of range", v[0])
			}
			*at(s) = n
			return nil
		},
		get: func(s *Settings) string { return strconv.FormatFloat(*at(s), 'f', -1, 64) }}
}

func duration(key string, about home.Label, at func(*Settings) *seconds) Field {
	return Field{Key: key, About: about, Accepts: "a time from 0s to 5m, such as 5s",
		set: func(s *Settings, v []string) error {
			d, err := time.ParseDuration(v[0])
			if err != nil {
				return fmt.Errorf("%.60q is not a length of time", v[0])
			}
			if d < 0 || d > 5*time.Minute {
				return fmt.Errorf("%s is out of range", d)
			}
			*at(s) = seconds(d)
			return nil
		},
		get: func(s *Settings) string { return time.Duration(*at(s)).String() }}
}
