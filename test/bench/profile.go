package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// profile takes a processor profile of p for so long, into a file of the
// folder for profiles. The next one of the same name takes its place. It
// returns what waits for its end.
func (p *process) profile(name string, length time.Duration) (wait func() error) {
	if p.socket == "" {
		return func() error { return nil }
	}
	ended := make(chan error, 1)
	go func() { ended <- p.takeProfile(name, max(1, int(length/time.Second))) }()
	return func() error { return <-ended }
}

func (p *process) takeProfile(name string, seconds int) error {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", p.socket)
	}
	client := &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}
	answer, err := client.Get(fmt.Sprintf("http://latchkey/debug/pprof/profile?seconds=%d", seconds))
	if err != nil {
		return fmt.Errorf("take a profile: %w", err)
	}
	defer answer.Body.Close()
	f, err := os.Create(filepath.Join(p.profiles, name+".pprof"))
	if err != nil {
		return fmt.Errorf("keep a profile: %w", err)
	}
	defer f.Close()
	_, err = io.Copy(f, answer.Body)
	return err
}
