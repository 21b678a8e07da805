package hub

import (
	"crypto/rand"
	"encoding/hex"
	"hash/crc32"
	"strings"

	"latchkey/home"
)

// A credential's text is lk_<kind>_, 30 random characters and 6 that check the
// ones before: lk_pat_5Hq...; or, for open API keys in the shape of Gladys, 80
// hexadecimal digits.
const (
	tokenPrefix = "lk_"
	randomChars = 30 // 178 bits
	checkChars  = 6
	hexChars    = 80 // 320 bits
	base62      = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// newToken returns a fresh secret of kind.
func newToken(kind home.KeyKind) string {
	b := make([]byte, 0, len(tokenPrefix)+len(kind)+1+randomChars+checkChars)
	b = append(append(append(b, tokenPrefix...), kind...), '_')
	b = appendRandom(b, randomChars)
	check := checkOf(string(b))
	return string(append(b, check[:]...))
}

// newHexToken returns a fresh secret of 80 hexadecimal digits.
func newHexToken() string {
	var b [hexChars / 2]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// appendRandom adds n characters of base62, each as likely as the others.
func appendRandom(b []byte, n int) []byte {
	var pool [64]byte
	for n > 0 {
		rand.Read(pool[:]) // never fails
		for _, r := range pool {
			if r < 4*62 && n > 0 {
				b = append(b, base62[r%62])
				n--
			}
		}
	}
	return b
}

// checkOf returns the CRC-32 of s in base62. It reckons byte by byte: handing s
// to the library would copy it.
func checkOf(s string) (out [checkChars]byte) {
	sum := ^uint32(0)
	for i := range len(s) {
		sum = crc32.IEEETable[byte(sum)^s[i]] ^ sum>>8
	}
	sum = ^sum
	for i := checkChars - 1; i >= 0; i-- {
		out[i] = base62[sum%62]
		sum /= 62
	}
	return out
}

// TokenKind returns the kind that a credential's text says it is of, and
// whether the text is well formed: the check characters fit. It says nothing
// of whether the credential holds.
func TokenKind(secret string) (home.KeyKind, bool) {
	if len(secret) == hexChars {
		return home.OpenKey, isHex(secret)
	}
	rest, ok := strings.CutPrefix(secret, tokenPrefix)
	if !ok {
		return "", false
	}
	word, random, ok := strings.Cut(rest, "_")
	if !ok || len(random) != randomChars+checkChars {
		return "", false
	}
	switch kind := home.KeyKind(word); kind {
	case home.SessionKey, home.TokenKey, home.OpenKey, home.GatewayKey, home.HookKey, home.PartnerKey, home.SetupKey:
		body := len(secret) - checkChars
		check := checkOf(secret[:body])
		return kind, string(check[:]) == secret[body:]
	}
	return "", false
}

func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// Redact returns what of a credential may be shown: its kind and last
// characters, to tell keys apart.
func Redact(secret string) string {
	if len(secret) < hexChars/2 {
		return "..."
	}
	head := secret[:4]
	if kind, ok := TokenKind(secret); ok && strings.HasPrefix(secret, tokenPrefix) {
		head = tokenPrefix + string(kind) + "_"
	}
	return head + "..." + secret[len(secret)-4:]
}
