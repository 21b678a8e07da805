package mqtt_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"latchkey/home"
	"latchkey/internal/mqtt"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// script is a broker that says what the test wants it to say.
type script struct {
	t  *testing.T
	ln net.Listener
	c  net.Conn
	in *bufio.Reader
}

// accept takes the client's next connection, up to its subscription.
func (s *script) accept() {
	s.t.Helper()
	c, err := s.ln.Accept()
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		s.t.Fatal(err)
	}
	s.c, s.in = c, bufio.NewReader(c)
	s.read(1)
	s.write(0x20, 1, 0, 0) // session present
	subscribe := s.read(8)
	s.write(0x90, subscribe[0], subscribe[1], 0, 1)
}

// read reads packets up to one of that kind and returns its body.
func (s *script) read(kind byte) []byte {
	s.t.Helper()
	for {
		first, err := s.in.ReadByte()
		if err != nil {
			s.t.Fatalf("waiting for a packet of kind %d: %v", kind, err)
		}
		n, err := binary.ReadUvarint(s.in)
		if err != nil {
			s.t.Fatal(err)
		}
		body := make([]byte, n)
		if _, err := io.ReadFull(s.in, body); err != nil {
			s.t.Fatal(err)
		}
		if first>>4 == kind {
			return body
		}
	}
}

func (s *script) write(head byte, body ...byte) {
	s.t.Helper()
	if _, err := s.c.Write(append([]byte{head, byte(len(body))}, body...)); err != nil {
		s.t.Fatal(err)
	}
}

// publish sends a message of quality 1, perhaps as one that was sent before.
func (s *script) publish(id byte, payload string, again bool) {
	head := byte(0x32)
	if again {
		head |= 8
	}
	s.write(head, append([]byte{0, 1, 'a', 0, id, 0}, payload...)...)
}

// acked reads an acknowledgement and checks whose it is.
func (s *script) acked(id byte) {
	s.t.Helper()
	if body := s.read(4); body[1] != id {
		s.t.Fatalf("the acknowledgement is of %d, want %d", body[1], id)
	}
}

// fates lets a test decide when messages are on disk.
type fates struct {
	messages chan *mqtt.Message
	count    atomic.Int64
}

func speak(t *testing.T) (*script, *fates) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fates{messages: make(chan *mqtt.Message, 100)}
	table, err := mqtt.NewTable([]mqtt.Topic{{Pattern: "a", Name: "a", Handler: func(m *mqtt.Message) { f.count.Add(1); f.messages <- m }}})
	if err != nil {
		t.Fatal(err)
	}
	c := mqtt.NewClient(mqtt.ClientConfig{URL: &url.URL{Scheme: "mqtt", Host: ln.Addr().String()}, Name: "test", Topics: table,
		Who: &home.Identity{}, Told: func() []mqtt.News { return nil }, Backoff: func(int) time.Duration { return time.Millisecond }})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		_ = ln.Close()
		if err := <-ended; err != nil {
			t.Errorf("the client ended with %v", err)
		}
	})
	return &script{t: t, ln: ln}, f
}

// TestAgain: a message whose acknowledgement was lost is acknowledged when it
// comes again, and not taken in twice; one that is another one is.
func TestAgain(t *testing.T) {
	s, f := speak(t)
	s.accept()
	s.publish(7, "x", false)
	m := <-f.messages
	_ = s.c.Close() // before it is on disk
	s.accept()
	s.publish(7, "x", true)
	m.Done(nil)
	s.acked(7)
	_ = s.c.Close()
	s.accept()
	s.publish(7, "x", true)
	s.acked(7)
	if n := f.count.Load(); n != 1 {
		t.Errorf("the message was taken in %d times", n)
	}
	s.publish(8, "x", true) // not known: it was lost before it reached us
	(<-f.messages).Done(nil)
	s.acked(8)
	s.publish(7, "x", false) // the same words, said anew
	(<-f.messages).Done(nil)
	s.acked(7)
	s.publish(9, "y", false)
	(<-f.messages).Done(home.Errorf(home.Unprocessable, "no")) // refused for good
	s.acked(9)
	if n := f.count.Load(); n != 4 {
		t.Errorf("%d messages were taken in, want 4", n)
	}
}

// TestLater: what the house cannot take now is left to the broker.
func TestLater(t *testing.T) {
	s, f := speak(t)
	s.accept()
	s.publish(1, "x", false)
	(<-f.messages).Done(home.Errorf(home.Unavailable, "the disk is full"))
	rest, err := io.ReadAll(s.in) // a ping may come, and then the end
	if err != nil || bytes.Contains(rest, []byte{0x40}) {
		t.Fatalf("%x came instead of the end of the connection, %v", rest, err)
	}
	s.accept()
	s.publish(1, "x", true)
	(<-f.messages).Done(nil)
	s.acked(1)
}

// TestOrder: acknowledgements go out in the order of the messages.
func TestOrder(t *testing.T) {
	s, f := speak(t)
	s.accept()
	for id := range byte(3) {
		s.publish(id+1, string('a'+rune(id)), false)
	}
	one, two, three := <-f.messages, <-f.messages, <-f.messages
	three.Done(nil)
	two.Done(nil)
	one.Done(nil)
	for id := range byte(3) {
		s.acked(id + 1)
	}
}
