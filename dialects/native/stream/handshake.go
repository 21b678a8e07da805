package stream

import (
	"bufio"
	"bytes"
	"crypto/sha1" // the handshake of RFC 6455 is made of it; nothing is secret there
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"latchkey/home"
)

const acceptKey = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// IsUpgrade reports whether r asks for a WebSocket.
func IsUpgrade(r *http.Request) bool {
	return hasToken(r.Header["Connection"], "upgrade") && hasToken(r.Header["Upgrade"], "websocket")
}

func hasToken(lines []string, token string) bool {
	for _, l := range lines {
		for part := range strings.SplitSeq(l, ",") {
			if strings.EqualFold(strings.TrimSpace(part), token) {
				return true
			}
		}
	}
	return false
}

// CheckHandshake says what is wrong with a WebSocket handshake: its form, or
// a page of another origin that sends it.
func CheckHandshake(r *http.Request, origins []string) error {
	if !IsUpgrade(r) {
		return home.Errorf(home.Invalid, "this is a WebSocket; ask with Connection: Upgrade and Upgrade: websocket").Because("upgrade_required")
	}
	key, err := base64.StdEncoding.DecodeString(r.Header.Get("Sec-WebSocket-Key"))
	if err != nil || len(key) != 16 || r.Header.Get("Sec-WebSocket-Version") != "13" {
		return home.Errorf(home.Invalid, "the WebSocket handshake is not one of version 13").Because("handshake_invalid")
	}
	if o := r.Header["Origin"]; len(o) > 0 && !sameOrigin(r, o, origins) {
		return home.Errorf(home.Forbidden, "pages of the origin %.100q may not open this", o[0]).Because("cross_origin_forbidden")
	}
	return nil
}

func sameOrigin(r *http.Request, given, allowed []string) bool {
	if len(given) != 1 {
		return false
	}
	u, err := url.Parse(given[0])
	if err != nil || u.Host == "" {
		return false
	}
	return strings.EqualFold(u.Host, r.Host) || slices.Contains(allowed, given[0])
}

// upgrade takes the connection over and answers the handshake. What the client
// has sent already is in the reader.
func upgrade(w http.ResponseWriter, r *http.Request) (net.Conn, io.Reader, error) {
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + acceptKey))
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, nil, home.Errorf(home.Invalid, "a WebSocket needs HTTP/1.1").Because("upgrade_required")
	}
	var head bytes.Buffer
	head.WriteString("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ")
	head.WriteString(base64.StdEncoding.EncodeToString(sum[:]) + "\r\n")
	_ = w.Header().Write(&head) // the headers that every answer has; into memory
	head.WriteString("\r\n")
	_ = conn.SetDeadline(time.Now().Add(WriteTime))
	if _, err := conn.Write(head.Bytes()); err != nil {
		return nil, nil, err
	}
	_ = conn.SetDeadline(time.Time{})
	return conn, behind(conn, rw.Reader), nil
}

// behind returns conn's bytes after those that r holds already. r is let go.
func behind(conn net.Conn, r *bufio.Reader) io.Reader {
	n := r.Buffered()
	if n == 0 {
		return conn
	}
	early, _ := r.Peek(n)
	return io.MultiReader(strings.NewReader(string(early)), conn)
}
