package gladys

import (
	"context"
	"strings"

	"latchkey/home"
	"latchkey/internal/mqtt"
)

// scene starts a scene by its id or by its selector, which is made of its name.
// What a broker has kept starts nothing.
func (t *topics) scene(ctx context.Context, m *mqtt.Message) error {
	if m.Retained {
		return home.Errorf(home.Unprocessable, "a retained message starts no scene; publish without retain").Because("retained")
	}
	if !m.Who.May(home.RunScene, nil, nil) {
		return home.Errorf(home.Forbidden, "this needs the right %s, which the key does not hold", home.RunScene).Because("right_missing")
	}
	id, err := t.choose(m.Who.House, m.Words[0])
	if err != nil {
		return err
	}
	_, err = t.hub.StartScene(ctx, m.Who, id)
	return err
}

// choose returns the scene that a selector means.
func (t *topics) choose(house home.ID, selector string) (home.ID, error) {
	var found []home.ID
	for _, s := range t.hub.EveryScene() {
		if s.House != house {
			continue
		}
		if string(s.ID) == selector {
			return s.ID, nil
		}
		if Selector(s.Name) == selector {
			found = append(found, s.ID)
		}
	}
	switch len(found) {
	case 0:
		return "", home.Errorf(home.NotFound, "there is no scene %.100q; use its id, or its name in small letters with dashes", selector).Because("scene_unknown")
	case 1:
		return found[0], nil
	}
	return "", home.Errorf(home.Conflict, "%d scenes are called %.100q; use the id of one", len(found), selector).Because("scene_ambiguous")
}

// Selector is a name as the original makes selectors: small letters without
// accents and digits, everything else one dash.
func Selector(name string) string {
	var b strings.Builder
	dash := false
	for _, r := range strings.ToLower(name) {
		plain := plainLetters(r)
		if plain == "" {
			dash = b.Len() > 0
			continue
		}
		if dash {
			b.WriteByte('-')
			dash = false
		}
		b.WriteString(plain)
	}
	return b.String()
}

// plainLetters returns a small letter without its accent; "" for what is no letter or digit.
func plainLetters(r rune) string {
	switch {
	case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
		return string(r)
	case strings.ContainsRune("\u00e0\u00e1\u00e2\u00e3\u00e4\u00e5", r):
		return "a"
	case r == '\u00e7':
		return "c"
	case strings.ContainsRune("\u00e8\u00e9\u00ea\u00eb", r):
		return "e"
	case strings.ContainsRune("\u00ec\u00ed\u00ee\u00ef", r):
		return "i"
	case r == '\u00f1':
		return "n"
	case strings.ContainsRune("\u00f2\u00f3\u00f4\u00f5\u00f6\u00f8", r):
		return "o"
	case strings.ContainsRune("\u00f9\u00fa\u00fb\u00fc", r):
		return "u"
	case strings.ContainsRune("\u00fd\u00ff", r):
		return "y"
	case r == '\u0153':
		return "oe"
	case r == '\u00e6':
		return "ae"
	case r == '\u00df':
		return "ss"
	}
	return ""
}
