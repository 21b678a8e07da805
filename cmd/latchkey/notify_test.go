package main_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// start runs the program with what surrounds it, and ends it with the test.
func start(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.Command("latchkey", args...)
	c.Env = append(append(os.Environ(), "HOME="+t.TempDir(), "LATCHKEY_DATA="+filepath.Join(t.TempDir(), "data")), env...)
	c.Stderr = t.Output()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if c.ProcessState == nil {
			_ = c.Process.Kill() // a test that failed before it had ended
			_ = c.Wait()
		}
	})
	return c
}

func TestSystemdIsTold(t *testing.T) {
	dir, err := os.MkdirTemp("", "nb") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "n"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	c := start(t, []string{"NOTIFY_SOCKET=" + filepath.Join(dir, "n"), "WATCHDOG_USEC=200000", "LATCHKEY_LISTEN=127.0.0.1:0"}, "serve")
	hear := func(want string) {
		t.Helper()
		if err := socket.SetReadDeadline(time.Now().Add(15 * time.Second)); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 1024)
		for {
			n, err := socket.Read(buf)
			if err != nil {
				t.Fatalf("%s was not heard: %v", want, err)
			}
			if strings.Contains(string(buf[:n]), want) {
				return
			}
		}
	}
	hear("READY=1")
	hear("WATCHDOG=1")
	hear("WATCHDOG=1")
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	hear("STOPPING=1")
	if err := c.Wait(); err != nil {
		t.Errorf("the program ended with %v", err)
	}
}

// Requests come all the while; each one that was sent has its answer.
func TestStopCutsNoRequest(t *testing.T) {
	addr := freeAddress()
	c := start(t, []string{"LATCHKEY_LISTEN=" + addr, "LATCHKEY_LIMITS_VISITOR_RATE=0"}, "serve")
	url := "http://" + addr + "/api/latchkey/v1/setup"
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	answer := func() error {
		r, err := http.NewRequest(http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		r.Close = true // a connection of its own: whatever was accepted is answered
		w, err := transport.RoundTrip(r)
		if err != nil {
			return err
		}
		defer w.Body.Close()
		if _, err := io.ReadAll(w.Body); err != nil {
			return fmt.Errorf("cut in the answer: %w", err)
		}
		return nil
	}
	for deadline := time.Now().Add(15 * time.Second); answer() != nil; {
		if time.Now().After(deadline) {
			t.Fatal("the server does not answer")
		}
	}
	var clients sync.WaitGroup
	failed := make(chan error, 8)
	for range 8 {
		clients.Go(func() {
			for {
				if err := answer(); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	// As from timeout(1), or a shell that passes on what its group got as well.
	for _, twice := range []os.Signal{syscall.SIGTERM, syscall.SIGINT} {
		if err := c.Process.Signal(twice); err != nil {
			t.Fatal(err)
		}
	}
	clients.Wait()
	close(failed)
	for err := range failed {
		if strings.Contains(err.Error(), "cut in the answer") {
			t.Error(err)
		}
	}
	if err := c.Wait(); err != nil {
		t.Errorf("the program ended with %v", err)
	}
}
