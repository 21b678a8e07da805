// Package rig runs the real program for tests and benchmarks: it builds the
// binary, starts and ends processes that it started, and speaks to their API.
package rig

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Password is the password of the account that Setup makes.
const Password = "a rig needs no secrets"

// Build builds the program with the given build tags into dir and returns its
// path.
func Build(dir string, tags ...string) (string, error) {
	bin := filepath.Join(dir, "latchkey-"+strings.Join(append(tags, "bin"), "-"))
	cmd := exec.Command("go", "build", "-tags", strings.Join(tags, ","), "-o", bin, "latchkey/cmd/latchkey")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return bin, nil
}

// Server is a running program.
type Server struct {
	URL   string // http://127.0.0.1:port
	MQTT  string // mqtt://127.0.0.1:port; "" without a broker of its own
	Token string // set by Setup
	House string

	cmd  *exec.Cmd
	log  *bytes.Buffer
	done chan error
	http *http.Client
	once sync.Once // ends the process
}

// Start runs `latchkey serve` on the data folder and returns when it says that
// it is ready. extra are environment settings.
func Start(ctx context.Context, bin, data string, extra ...string) (*Server, error) {
	s := &Server{cmd: exec.Command(bin, "serve", "--json", "--data", data, "--listen", "127.0.0.1:0"), log: &bytes.Buffer{}, done: make(chan error, 1),
		http: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	s.cmd.Env = append(append(os.Environ(), "LATCHKEY_LIMITS_KEY_RATE=0", "LATCHKEY_LOG_LEVEL=warn"), extra...)
	s.cmd.Stderr = s.log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	ready := make(chan [2]string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			var line struct {
				Event string `json:"event"`
				URL   string `json:"url"`
				MQTT  string `json:"mqtt_url"`
			}
			if json.Unmarshal(lines.Bytes(), &line) != nil {
				continue
			}
			if line.Event == "damaged" { // it would go on saying so
				_ = s.cmd.Process.Kill()
			}
			if line.URL != "" {
				ready <- [2]string{line.URL, line.MQTT}
				break
			}
		}
		_, _ = io.Copy(io.Discard, out)
		s.done <- s.cmd.Wait()
	}()
	select {
	case urls := <-ready:
		s.URL, s.MQTT = urls[0], urls[1]
		return s, nil
	case err := <-s.done:
		return nil, fmt.Errorf("the program ended before it was ready: %v\n%s", err, s.log)
	case <-time.After(30 * time.Second):
	case <-ctx.Done():
	}
	s.Kill()
	return nil, fmt.Errorf("the program was not ready in time\n%s", s.log)
}

// PID returns the process's number.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Signal sends the process a signal.
func (s *Server) Signal(sig os.Signal) error { return s.cmd.Process.Signal(sig) }

// Kill ends the process at once (SIGKILL) and waits for its end. Once is enough.
func (s *Server) Kill() {
	s.once.Do(func() {
		_ = s.cmd.Process.Kill()
		<-s.done
		s.http.CloseIdleConnections()
	})
}

// Stop asks the process to end and waits for it, at most 10 seconds.
func (s *Server) Stop() error {
	err := errors.New("it had ended before")
	s.once.Do(func() {
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		defer s.http.CloseIdleConnections()
		select {
		case err = <-s.done:
		case <-time.After(10 * time.Second):
			_ = s.cmd.Process.Kill()
			<-s.done
			err = errors.New("the program did not stop within 10 s")
		}
	})
	return err
}

// Log returns what the process wrote to its error output. Read it after the end.
func (s *Server) Log() string { return s.log.String() }

// Setup makes the first account and house and keeps the token.
func (s *Server) Setup() error {
	var got struct {
		Token string `json:"token"`
		House struct {
			ID string `json:"id"`
		} `json:"house"`
	}
	err := s.Do("POST", "/setup", map[string]any{"username": "rig", "password": Password, "house": map[string]any{"name": "Rig", "time_zone": "UTC", "language": "en"}}, &got)
	s.Token, s.House = got.Token, got.House.ID
	return err
}

// Device makes a device with the named numeric features.
func (s *Server) Device(externalID string, features ...string) error {
	list := []map[string]any{}
	for _, f := range features {
		list = append(list, map[string]any{"external_id": f, "name": f, "category": "sensor", "type": "decimal"})
	}
	return s.Do("POST", "/devices", map[string]any{"name": externalID, "external_id": externalID, "features": list}, nil)
}

// Key makes an open API key (80 hex characters) and returns it.
func (s *Server) Key(name string) (string, error) {
	var got struct {
		APIKey string `json:"api_key"`
	}
	err := s.do("POST", s.URL+"/open-api-keys", map[string]string{"name": name}, &got)
	return got.APIKey, err
}

// Do calls the native API.
func (s *Server) Do(method, path string, body, answer any) error {
	return s.do(method, s.URL+"/api/latchkey/v1"+path, body, answer)
}

func (s *Server) do(method, url string, body, answer any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequest(method, url, bytes.NewReader(b))
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	} else {
		req.Body, req.ContentLength = nil, 0
	}
	if s.Token != "" {
		req.Header.Set("Authorization", "Bearer "+s.Token)
	}
	res, err := s.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %d %s", method, url, res.StatusCode, text)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(text, answer)
}

// At returns a server that somebody else has started.
func At(url string) *Server {
	return &Server{URL: url, http: &http.Client{Timeout: 30 * time.Second}}
}
