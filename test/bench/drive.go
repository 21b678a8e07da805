package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"
)

// outcome is what one measurement found.
type outcome struct {
	requests  int
	seconds   float64
	cpu       time.Duration // of the server
	latencies []time.Duration
}

func (o outcome) rate() float64 { return float64(o.requests) / o.seconds }

// post is a whole HTTP/1.1 request as bytes.
func post(host, path, body string) []byte {
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", path, host, len(body), body)
}

// get is a whole HTTP/1.1 request as bytes.
func get(host, path, token string) []byte {
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n", path, host, token)
}

// drive sends requests over so many connections for so long, each connection
// one request at a time, and counts the answers. Anything but 2xx is an error.
func drive(ctx context.Context, p *process, requests [][]byte, connections int, length time.Duration) (outcome, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var mu sync.Mutex
	var all outcome
	var failed error
	var clients sync.WaitGroup
	profiled := p.profile(fmt.Sprintf("%s-%d", p.doing, connections), length)
	before, begun := p.cpu(), time.Now()
	end := begun.Add(length)
	for i := range connections {
		clients.Go(func() {
			n, latencies, err := client(ctx, p.addr, requests, i, end)
			mu.Lock()
			defer mu.Unlock()
			all.requests += n
			all.latencies = append(all.latencies, latencies...)
			if err != nil && failed == nil {
				failed = err
				cancel()
			}
		})
	}
	clients.Wait()
	all.seconds, all.cpu = time.Since(begun).Seconds(), p.cpu()-before
	return all, cmp.Or(failed, profiled())
}

// client is one connection's work. It notes every eighth latency.
func client(ctx context.Context, addr string, requests [][]byte, first int, end time.Time) (n int, latencies []time.Duration, err error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return 0, nil, err
	}
	defer conn.Close()
	in := bufio.NewReaderSize(conn, 64<<10)
	for ctx.Err() == nil {
		begun := time.Now()
		if begun.After(end) {
			break
		}
		if _, err := conn.Write(requests[(first+n)%len(requests)]); err != nil {
			return n, latencies, err
		}
		if err := answer(in); err != nil {
			return n, latencies, err
		}
		if n++; n%8 == 0 {
			latencies = append(latencies, time.Since(begun))
		}
	}
	return n, latencies, nil
}

// answer reads one answer and throws its body away.
func answer(in *bufio.Reader) error {
	status, err := in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if len(status) < 12 || status[9] != '2' {
		return refusal(in, string(status))
	}
	length, chunked := -1, false
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) <= 2 {
			break
		}
		if v, ok := header(line, "content-length"); ok {
			if length, err = strconv.Atoi(v); err != nil {
				return err
			}
		}
		if v, ok := header(line, "transfer-encoding"); ok && v == "chunked" {
			chunked = true
		}
	}
	if chunked {
		return chunks(in)
	}
	if length < 0 {
		return errors.New("an answer without a length")
	}
	_, err = in.Discard(length)
	return err
}

func header(line []byte, name string) (string, bool) {
	if len(line) <= len(name) || line[len(name)] != ':' || !bytes.EqualFold(line[:len(name)], []byte(name)) {
		return "", false
	}
	return string(bytes.TrimSpace(line[len(name)+1:])), true
}

func chunks(in *bufio.Reader) error {
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		n, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 32)
		if err != nil {
			return err
		}
		if _, err := in.Discard(int(n) + 2); err != nil || n == 0 {
			return err
		}
	}
}

func refusal(in *bufio.Reader, status string) error {
	rest := make([]byte, 600)
	n, _ := io.ReadAtLeast(in, rest, 300)
	return fmt.Errorf("answered %s%s", status, rest[:n])
}
