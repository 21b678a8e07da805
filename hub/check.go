package hub

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"latchkey/home"
)

// maxName is how many characters a name has at most.
const maxName = 100

// checkName notes in e what is wrong with a name at path.
func checkName(e *home.Error, path, name string) {
	switch n := utf8.RuneCountInString(name); {
	case strings.TrimSpace(name) == "":
		e.At(path, "a name is 1 to %d characters", maxName)
	case n > maxName:
		e.At(path, "a name is at most %d characters, this one has %d", maxName, n)
	case !printable(name):
		e.At(path, "a name is UTF-8 text without control characters")
	}
}

// checkExternalID notes in e what is wrong with an external id at path.
func checkExternalID(e *home.Error, path, id string) {
	switch {
	case id == "":
		e.At(path, "an external id is needed, such as mqtt:my-phone-presence")
	case len(id) > 200:
		e.At(path, "an external id has at most 200 bytes, this one has %d", len(id))
	case !printable(id) || strings.TrimSpace(id) != id:
		e.At(path, "an external id is UTF-8 text without control characters or outer spaces")
	}
}

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}
