package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// follower is one WebSocket that counts the entries it gets.
type follower struct {
	conn net.Conn
	in   *bufio.Reader
}

func follow(addr, token string) (*follower, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	_, err = fmt.Fprintf(conn, "GET /api/latchkey/v1/events/ws HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\nAuthorization: Bearer %s\r\n\r\n", addr, token)
	if err != nil {
		conn.Close()
		return nil, err
	}
	f := &follower{conn: conn, in: bufio.NewReaderSize(conn, 32<<10)}
	status, err := f.in.ReadString('\n')
	if err != nil || len(status) < 12 || status[9:12] != "101" {
		conn.Close()
		return nil, fmt.Errorf("the stream answered %q, %v", status, err)
	}
	for {
		line, err := f.in.ReadSlice('\n')
		if err != nil {
			conn.Close()
			return nil, err
		}
		if len(line) <= 2 {
			return f, nil
		}
	}
}

// count reads frames until the connection ends.
func (f *follower) count(n *atomic.Int64) {
	for {
		head, err := f.in.Peek(2)
		if err != nil {
			return
		}
		opcode, length, skip := head[0]&15, int(head[1]&127), 2
		if length == 126 {
			if head, err = f.in.Peek(4); err != nil {
				return
			}
			length, skip = int(binary.BigEndian.Uint16(head[2:])), 4
		} else if length == 127 {
			return // no entry is that long
		}
		if _, err := f.in.Discard(skip + length); err != nil {
			return
		}
		if opcode == 1 {
			n.Add(1)
		}
	}
}

func (b *bench) streams() error {
	s, err := b.program(filepath.Join(b.dir, "stream"))
	if err != nil {
		return err
	}
	defer s.stop()
	key, err := s.furnish(features)
	if err != nil {
		return err
	}
	b.report.say("States come in by batches of 100 as fast as they are taken; every follower gets each. Aim: 1 M messages a second at 1,000 followers.\n")
	b.report.table("followers", "messages/s", "states/s in", "server CPU for a message", "memory for a follower")
	for _, n := range []int{100, 1000} {
		if err := b.fanOut(s, key, n); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) fanOut(s *process, key string, n int) error {
	before := s.memory()
	var all []*follower
	defer func() {
		for _, f := range all {
			f.conn.Close()
		}
	}()
	for range n {
		f, err := follow(s.addr, s.rig.Token)
		if err != nil {
			return err
		}
		all = append(all, f)
	}
	wait(b.ctx, time.Second)
	idle := float64(s.memory()-before) / float64(n)
	var got atomic.Int64
	var readers sync.WaitGroup
	for _, f := range all {
		readers.Go(func() { f.count(&got) })
	}
	var requests [][]byte
	for i := range 50 {
		requests = append(requests, post(s.addr, statePath(key), batchBody(i*20)))
	}
	ctx, cancel := context.WithCancel(b.ctx)
	defer cancel()
	cpu, first, begun := s.cpu(), got.Load(), time.Now()
	in, err := drive(ctx, s, requests, 1, max(b.length, 3*time.Second))
	if err != nil {
		return err
	}
	for last := int64(-1); last != got.Load() && time.Since(begun) < 30*time.Second; {
		last = got.Load()
		wait(b.ctx, 200*time.Millisecond)
	}
	took := time.Since(begun).Seconds() - 0.2
	messages := float64(got.Load() - first)
	want := float64(in.requests*batch) * float64(n)
	b.report.row(fmt.Sprint(n), thousands(messages/took), thousands(float64(in.requests*batch)/in.seconds),
		fmt.Sprintf("%.2f us", float64(s.cpu()-cpu)/1e3/messages), fmt.Sprintf("%.1f kB", idle/1e3))
	if n == 1000 {
		b.report.aim(aim{what: "messages to 1,000 followers", wanted: 1e6, unit: "a second", measured: messages / took})
		b.report.aim(aim{what: "memory for a follower at rest", wanted: 10, unit: "kB", most: true, measured: idle / 1e3,
			why: "two goroutines with their stacks and what net/http has left behind"})
	}
	if messages < want {
		b.report.say("\n%.1f %% of the messages reached followers; the others were cut for being too slow.\n", 100*messages/want)
	}
	for _, f := range all {
		f.conn.Close()
	}
	readers.Wait()
	return nil
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// answered reports whether text holds an HTTP answer of 200.
func answered(text []byte) bool { return bytes.HasPrefix(text, []byte("HTTP/1.1 200")) }

// ask sends one request over a connection of its own.
func ask(addr string, request []byte) ([]byte, error) {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if _, err := conn.Write(request); err != nil {
		return nil, err
	}
	out := make([]byte, 12)
	_, err = io.ReadFull(conn, out)
	return out, err
}
