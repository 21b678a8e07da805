//go:build noui

package web

// read finds nothing: this build has no pages.
func read(string) []byte { return nil }
