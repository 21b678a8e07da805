package rest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"latchkey/home"
)

// cursorSize is the length of a cursor before its text form: moment, number,
// and 6 bytes that tie it to its query.
const cursorSize = 8 + 8 + 6

// Cursor returns the text of a place in the list that the query words name.
func Cursor(at home.Cursor, query ...string) string {
	var b [cursorSize]byte
	binary.BigEndian.PutUint64(b[:], uint64(at.At))
	binary.BigEndian.PutUint64(b[8:], at.Seq)
	tie(b[:], query)
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// tie writes the last bytes of a cursor.
func tie(b []byte, query []string) {
	h := sha256.New()
	h.Write(b[:16])
	for _, q := range query {
		sum := sha256.Sum256([]byte(q))
		h.Write(sum[:])
	}
	copy(b[16:cursorSize], h.Sum(nil))
}

// ParseCursor reads what Cursor wrote for the same query; "" is the start.
// Anything else is Invalid (cursor_invalid).
func ParseCursor(s string, query ...string) (home.Cursor, error) {
	if s == "" {
		return home.Cursor{}, nil
	}
	bad := home.Errorf(home.Invalid, "this cursor is not one of this list; take next_cursor as it was given, with the same other parameters").
		Because("cursor_invalid").At("query.cursor", "not a cursor of this list")
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != cursorSize {
		return home.Cursor{}, bad
	}
	again := append([]byte(nil), b...)
	tie(again, query)
	at := home.Cursor{At: home.Time(binary.BigEndian.Uint64(b)), Seq: binary.BigEndian.Uint64(b[8:])}
	if string(again) != string(b) || at.At < 0 || at.Seq == 0 {
		return home.Cursor{}, bad
	}
	return at, nil
}
