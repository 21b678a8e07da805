//go:build !noui

package phone

import "embed"

//go:embed page
var files embed.FS

// read returns a file of the page, or nil.
func read(name string) []byte {
	b, err := files.ReadFile("page/" + name)
	if err != nil {
		return nil
	}
	return b
}
