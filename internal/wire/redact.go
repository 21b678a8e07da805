package wire

import (
	"net/url"
	"strings"
)

// Redact makes a secret unreadable but still tellable from others: the kind of
// the key and the last four characters, such as lk_key_...ab12. Short texts
// vanish altogether.
func Redact(secret string) string {
	if len(secret) < 16 {
		return "..."
	}
	tail := secret[len(secret)-4:]
	if rest, ok := strings.CutPrefix(secret, "lk_"); ok {
		if kind, _, ok := strings.Cut(rest, "_"); ok && len(kind) <= 3 {
			return "lk_" + kind + "_..." + tail
		}
	}
	return "..." + tail
}

// RedactPath makes every path segment unreadable that looks like a secret. It
// is for paths that no route matched; see Route.URLSecret.
func RedactPath(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if looksSecret(s) {
			segments[i] = Redact(s)
		}
	}
	return clip(strings.Join(segments, "/"), 512)
}

// RedactQuery makes the values of a raw query unreadable that are secrets, by
// their name or by their look.
func RedactQuery(raw string) string {
	if raw == "" {
		return ""
	}
	pairs := strings.Split(raw, "&")
	for i, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(name); err != nil || ok && (secretName(plain) || looksSecret(value)) {
			pairs[i] = name + "=" + Redact(value)
		} else if !ok && looksSecret(name) {
			pairs[i] = Redact(name)
		}
	}
	return clip(strings.Join(pairs, "&"), 512)
}

func secretName(name string) bool {
	switch strings.ToLower(name) {
	case "access_token", "token", "key", "api_key", "apikey", "session_token", "password", "secret", "code", "signature", "authorization":
		return true
	}
	return false
}

// looksSecret reports whether s could be a key that stands where none is
// expected: one of ours, or 32 and more characters of a key's alphabet with
// a digit among them.
func looksSecret(s string) bool {
	if strings.Contains(s, "lk_") {
		return true
	}
	if len(s) < 32 {
		return false
	}
	digit := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case '0' <= c && c <= '9':
			digit = true
		case 'a' <= c|0x20 && c|0x20 <= 'z', c == '_', c == '-', c == '.', c == '=', c == '%', c == ':':
		default:
			return false
		}
	}
	return digit
}

// redactSegment makes the nth segment of path unreadable; n < 0 is none. Other
// segments that hold one of our keys are not spared.
func redactSegment(path string, n int) string {
	if n < 0 && !strings.Contains(path, "lk_") {
		return clip(path, 512)
	}
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if i == n || strings.Contains(s, "lk_") {
			segments[i] = Redact(s)
		}
	}
	return clip(strings.Join(segments, "/"), 512)
}

// clip shortens s to n bytes, at a whole character.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "..."
}
