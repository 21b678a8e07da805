package mqtt

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxWaiting is how many bytes may wait for a client that does not read. One
	// that lets more pile up is cut off: it finds out how things are when it
	// comes back.
	maxWaiting = 1 << 20
	// easyWaiting is how many may wait before no more is sent that could wait.
	easyWaiting = 128 << 10
	// writeTime is how long one write to a client may take.
	writeTime = 10 * time.Second
	// closeTime is how long the last write to a client may take.
	closeTime = time.Second
)

var errSlow = errors.New("the client does not read what it is sent")

// conn is a client's connection. Whoever writes to it does not wait: a
// goroutine of its own sends what has gathered in one piece, so that the
// committer can acknowledge thousands of messages without a system call each.
type conn struct {
	net.Conn
	session atomic.Pointer[session]

	mu      sync.Mutex
	waiting []byte
	spare   []byte
	err     error // why nothing more is taken
	wake    chan struct{}

	deadline time.Time // of reading, as it was last set; the reader's
}

func newConn(c net.Conn) *conn { return &conn{Conn: c, wake: make(chan struct{}, 1)} }

// Write takes b and returns at once.
func (c *conn) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return 0, c.err
	}
	if len(c.waiting)+len(b) > maxWaiting {
		c.stop(errSlow)
		return 0, errSlow
	}
	c.waiting = append(c.waiting, b...)
	c.rouse()
	return len(b), nil
}

// stop takes nothing more; c.mu is held.
func (c *conn) stop(err error) {
	if c.err == nil {
		c.err = err
		_ = c.Conn.SetReadDeadline(time.Unix(1, 0)) // the reader ends; a connection that is gone has no deadline
		c.rouse()
	}
}

func (c *conn) rouse() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Close ends the connection once what waits has been sent.
func (c *conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stop(net.ErrClosed)
	return nil
}

// cut ends the connection without another word.
func (c *conn) cut(why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = nil
	c.stop(why)
}

// easy reports whether the client keeps up.
func (c *conn) easy() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err == nil && len(c.waiting) < easyWaiting
}

// ended reports whether nothing more is taken.
func (c *conn) ended() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err != nil
}

// SetDeadline is how the broker says how long the client may be silent. It is
// called for each packet and set about once a second.
func (c *conn) SetDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return c.err
	}
	if d := t.Sub(c.deadline); !t.IsZero() && d >= 0 && d < time.Second || t.IsZero() && c.deadline.IsZero() {
		return nil
	}
	c.deadline = t
	return c.SetReadDeadline(t)
}

// send writes what gathers until the connection is closed.
func (c *conn) send() {
	defer c.Conn.Close()
	for range c.wake {
		c.mu.Lock()
		out, err := c.waiting, c.err
		c.waiting, c.spare = c.spare[:0], nil
		c.mu.Unlock()
		limit := writeTime
		if err != nil {
			limit = closeTime
		}
		if len(out) > 0 {
			_ = c.SetWriteDeadline(time.Now().Add(limit)) // a connection that is gone fails the write
			if _, failed := c.Conn.Write(out); failed != nil {
				c.cut(failed)
				return
			}
		}
		if err != nil {
			return
		}
		c.mu.Lock()
		if cap(out) <= easyWaiting {
			c.spare = out[:0]
		}
		c.mu.Unlock()
	}
}
