package native

import (
	"bytes"
	"io"

	"latchkey/home"
)

// uploaded stands for a body that the operation reads by itself.
type uploaded struct{}

// bounded refuses a line that is longer than importLine, so that a reader of
// lines holds no more.
type bounded struct {
	in   io.Reader
	left int
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.in.Read(p)
	rest := p[:n]
	for {
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			break
		}
		if b.left -= i; b.left < 0 {
			return 0, longLine()
		}
		b.left, rest = importLine, rest[i+1:]
	}
	if b.left -= len(rest); b.left < 0 {
		return 0, longLine()
	}
	return n, err
}

func longLine() error {
	return home.Errorf(home.TooLarge, "a line is longer than %d bytes", importLine).Because("line_too_long")
}
