package wire

import (
	"bytes"
	"sync"
)

// keptBuffer is the largest buffer that is kept for the next request: a page of
// 1,000 states fits, and a month in hours.
const keptBuffer = 256 << 10

// bufferPool keeps the buffers that bodies are read into and answers written
// from. Nil gives fresh ones.
type bufferPool struct{ free sync.Pool }

func (p *bufferPool) get() *bytes.Buffer {
	if p == nil {
		return new(bytes.Buffer)
	}
	if b, ok := p.free.Get().(*bytes.Buffer); ok {
		return b
	}
	return new(bytes.Buffer)
}

func (p *bufferPool) put(b *bytes.Buffer) {
	if p != nil && b.Cap() <= keptBuffer {
		b.Reset()
		p.free.Put(b)
	}
}

// buffersOf returns the pool of the server that x belongs to; x may be nil.
func buffersOf(x *exchange) *bufferPool {
	if x == nil {
		return nil
	}
	return &x.srv.pool
}
