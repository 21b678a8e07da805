package stream

import (
	"errors"
	"io"
	"os"
	"time"
	"unicode/utf8"

	"github.com/gobwas/ws"

	"latchkey/home"
)

const (
	// MaxFrame is the largest frame that a client may send.
	MaxFrame = 64 << 10
	// maxFirst is the largest first message.
	maxFirst = 4 << 10
	// maxFrames is how many frames a client may send in a minute.
	maxFrames = 120
	// maxBeats is how many pings in a row may stay unanswered.
	maxBeats = 3
)

// listen reads until the client ends the socket or breaks a rule. What it says
// besides control frames is not asked for and thrown away.
func (k *socket) listen() error {
	for {
		if err := k.wake(); err != nil {
			return err
		}
		h, err := k.header()
		if err != nil {
			return err
		}
		if h.OpCode.IsControl() {
			if err := k.control(h); err != nil {
				return err
			}
			continue
		}
		if _, err := io.CopyN(discard{}, k, h.Length); err != nil {
			return gone(err)
		}
	}
}

// wake waits for the first byte of a frame and pings meanwhile. The frame's
// rest is due soon after.
func (k *socket) wake() error {
	for range maxBeats {
		_ = k.conn.SetReadDeadline(time.Now().Add(Beat))
		n, err := k.in.Read(k.early[:])
		if n == 1 {
			k.waiting = true
			_ = k.conn.SetReadDeadline(time.Now().Add(WriteTime))
			return nil
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return gone(err)
		}
		if err := k.write(ws.CompiledPing); err != nil {
			return gone(err)
		}
	}
	return &over{ws.StatusGoingAway, "no pong"}
}

// Read implements io.Reader for what the client sends, the byte that wake took
// first.
func (k *socket) Read(b []byte) (int, error) {
	if k.waiting && len(b) > 0 {
		k.waiting = false
		b[0] = k.early[0]
		return 1, nil
	}
	return k.in.Read(b)
}

// discard throws away through a small buffer.
type discard struct{}

// Write implements io.Writer.
func (discard) Write(b []byte) (int, error) { return len(b), nil }

// ReadFrom implements io.ReaderFrom, so that io.Copy brings no buffer of 32 KiB.
func (discard) ReadFrom(r io.Reader) (n int64, err error) {
	var buf [512]byte
	for {
		m, err := r.Read(buf[:])
		n += int64(m)
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return n, err
		}
	}
}

// header reads the next frame's header and judges it.
func (k *socket) header() (ws.Header, error) {
	h, err := ws.ReadHeader(k)
	if err != nil {
		if errors.Is(err, ws.ErrHeaderLengthMSB) || errors.Is(err, ws.ErrHeaderLengthUnexpected) {
			return h, &over{ws.StatusProtocolError, "the frame is malformed"}
		}
		return h, gone(err)
	}
	if h.Length > MaxFrame {
		return h, &over{ws.StatusMessageTooBig, "a frame has at most 64 KiB"}
	}
	state := ws.StateServerSide
	if k.split {
		state = state.Set(ws.StateFragmented)
	}
	if err := ws.CheckHeader(h, state); err != nil {
		return h, &over{ws.StatusProtocolError, "the frame is malformed"}
	}
	if !h.OpCode.IsControl() {
		k.split = !h.Fin
	}
	if now := time.Now(); now.Sub(k.minute) > time.Minute {
		k.minute, k.frames = now, 0
	}
	if k.frames++; k.frames > maxFrames {
		return h, &over{ws.StatusPolicyViolation, "too many frames"}
	}
	return h, nil
}

// control answers a control frame.
func (k *socket) control(h ws.Header) error {
	var buf [ws.MaxControlFramePayloadSize]byte
	payload := buf[:h.Length]
	if _, err := io.ReadFull(k, payload); err != nil {
		return gone(err)
	}
	ws.Cipher(payload, h.Mask, 0)
	switch h.OpCode {
	case ws.OpPing:
		return gone(k.write(ws.MustCompileFrame(ws.NewPongFrame(payload))))
	case ws.OpClose:
		return closed(payload)
	}
	return nil
}

// closed is how a client's close frame is answered.
func closed(payload []byte) error {
	if len(payload) == 0 {
		return &over{ws.StatusNormalClosure, ""}
	}
	code, reason := ws.ParseCloseFrameData(payload)
	if len(payload) < 2 || ws.CheckCloseFrameData(code, reason) != nil || !utf8.ValidString(reason) {
		return &over{ws.StatusProtocolError, "the close frame is malformed"}
	}
	return &over{code, ""}
}

// gone wraps a failure of the connection itself; nil stays nil.
func gone(err error) error {
	if err == nil {
		return nil
	}
	return &over{0, "the connection is gone"}
}

// message reads one whole text message, answering control frames on the way.
func (k *socket) message() ([]byte, error) {
	var text []byte
	for {
		h, err := k.header()
		if err != nil {
			return nil, err
		}
		if h.OpCode.IsControl() {
			if err := k.control(h); err != nil {
				return nil, err
			}
			continue
		}
		if h.OpCode == ws.OpBinary || int64(len(text))+h.Length > maxFirst {
			return nil, home.Errorf(home.Unauthorized, "the first message is a short text").Because("credential_missing")
		}
		part := make([]byte, h.Length)
		if _, err := io.ReadFull(k, part); err != nil {
			return nil, gone(err)
		}
		ws.Cipher(part, h.Mask, 0)
		if text = append(text, part...); h.Fin {
			return text, nil
		}
	}
}
