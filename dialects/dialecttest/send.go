package dialecttest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// Host is the name under which the server is asked.
const Host = "home.example"

// patience is how long one answer may take.
const patience = 20 * time.Second

// send puts c on a connection of its own, byte for byte, and reads the answer.
func (w *World) send(c call) (Answer, error) {
	conn, err := net.DialTimeout("tcp", w.address, patience)
	if err != nil {
		return Answer{}, err
	}
	_ = conn.SetDeadline(time.Now().Add(patience))
	written := make(chan struct{})
	go func() {
		defer close(written)
		_, _ = io.WriteString(conn, c.wire()) // a server may answer before it has all; what it says counts
	}()
	defer func() { _ = conn.Close(); <-written }()
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: c.method})
	if err != nil {
		return Answer{}, fmt.Errorf("read the answer to %s %s: %w", c.method, c.target, err)
	}
	var body []byte // a stream's is not closed: that would wait for its end
	if resp.StatusCode != http.StatusSwitchingProtocols && !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		if body, err = io.ReadAll(resp.Body); err != nil {
			return Answer{}, fmt.Errorf("read the answer to %s %s: %w", c.method, c.target, err)
		}
	}
	a := Answer{Status: resp.StatusCode, Header: resp.Header, Body: string(body)}
	w.seen(c, a)
	return a, nil
}

// wire returns c as HTTP/1.1. A call that asks to upgrade keeps its own
// Connection header.
func (c *call) wire() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", c.method, c.target)
	for _, line := range c.headers {
		b.WriteString(line + "\r\n")
	}
	if c.header("Host") == "" {
		b.WriteString("Host: " + Host + "\r\n")
	}
	if c.header("Connection") == "" {
		b.WriteString("Connection: close\r\n")
	}
	if c.header("Content-Length") == "" && c.header("Transfer-Encoding") == "" && (c.body != "" || c.method != http.MethodGet) {
		b.WriteString("Content-Length: " + strconv.Itoa(len(c.body)) + "\r\n")
	}
	b.WriteString("\r\n" + c.body)
	return b.String()
}
