//go:build !noui

package web

import "embed"

//go:embed page
var pages embed.FS

// read returns a file of the pages, or nil.
func read(name string) []byte {
	b, err := pages.ReadFile("page/" + name)
	if err != nil {
		return nil
	}
	return b
}
