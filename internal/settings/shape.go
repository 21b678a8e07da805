package settings

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

func oneOf(words ...string) shape {
	return shape{"one of " + strings.Join(words, ", "), func(v string) error {
		if !slices.Contains(words, v) {
			return fmt.Errorf("%.60q is not one of them", v)
		}
		return nil
	}}
}

func addressShape() shape {
	return shape{"host:port, such as 127.0.0.1:7311, :7311 (every address) or 127.0.0.1:0 (a free port)", func(v string) error {
		host, port, err := net.SplitHostPort(v)
		if err != nil || !isPort(port, 0) {
			return fmt.Errorf("%.80q is not an address to listen on", v)
		}
		if host != "" && !isHost(host) {
			return fmt.Errorf("%.80q is not a host", host)
		}
		return nil
	}}
}

func folderShape() shape {
	return shape{"the path of a folder", func(v string) error {
		if v == "" || strings.ContainsRune(v, 0) {
			return errors.New("the path is empty or holds a NUL")
		}
		return nil
	}}
}

func hostShape() shape {
	return shape{"host names, such as home.example.org or *.example.org", func(v string) error {
		if !isHost(strings.TrimPrefix(v, "*.")) {
			return fmt.Errorf("%.80q is not a host name", v)
		}
		return nil
	}}
}

func originShape() shape {
	return shape{"web origins, such as https://wall.example.org, or \"*\"", func(v string) error {
		if v == "*" {
			return nil
		}
		u, err := url.Parse(v)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || !isHost(u.Hostname()) || v != u.Scheme+"://"+u.Host {
			return fmt.Errorf("%.80q is not a web origin", v)
		}
		return nil
	}}
}

func targetShape() shape {
	return shape{"host:port, such as 192.168.1.20:1880", func(v string) error {
		host, port, err := net.SplitHostPort(v)
		if err != nil || !isHost(host) || !isPort(port, 1) {
			return fmt.Errorf("%.80q is not a host with a port", v)
		}
		return nil
	}}
}

func brokerShape() shape {
	return shape{"off, embedded, mqtt://host:port or mqtts://host:port", func(v string) error {
		if v == "off" || v == "embedded" {
			return nil
		}
		u, err := url.Parse(v)
		if err != nil || u.Scheme != "mqtt" && u.Scheme != "mqtts" || !isHost(u.Hostname()) || !isPort(u.Port(), 1) {
			return errors.New("that is not a broker") // it may hold a password
		}
		if u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
			return errors.New("a broker has no path")
		}
		return nil
	}}
}

func wordShape() shape {
	return shape{"a text of at most 200 bytes without control characters", func(v string) error {
		if len(v) > 200 || strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return errors.New("that is too long, or holds control characters") // it may be a password
		}
		return nil
	}}
}

func isPort(s string, least int) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && int(n) >= least
}

// isHost takes names and IP addresses, without judging whether they exist.
func isHost(s string) bool {
	if net.ParseIP(s) != nil {
		return true
	}
	if s == "" || len(s) > 253 {
		return false
	}
	for part := range strings.SplitSeq(s, ".") {
		if part == "" || len(part) > 63 || strings.Trim(part, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
			return false
		}
	}
	return true
}
