package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"path/filepath"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"latchkey"
)

// tell says something to systemd, if it started us.
func (s *serving) tell(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		s.config.Log.Warn("systemd could not be told", "state", state, "error", err)
	}
}

// watchdog tells systemd that the house still moves, twice in each of its
// spans. A house that stands still is not told of, and systemd starts it anew.
func (s *serving) watchdog(ctx context.Context, house *latchkey.Latchkey) {
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil || every <= 0 {
		return
	}
	beat := time.NewTicker(every / 2)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
			house.Hub().NeedsSetup() // goes through the registry's lock
			s.tell(daemon.SdNotifyWatchdog)
		}
	}
}

// profiles opens the unix socket for profiles when the settings ask for it, and
// returns what closes it again.
func (s *serving) profiles() (func(), error) {
	if !s.config.Settings.Debug.Pprof {
		return func() {}, nil
	}
	path := filepath.Join(s.config.Settings.Data, "pprof.sock")
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("open the socket for profiles: %w", err)
	}
	ln, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("open the socket for profiles: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("keep the socket for the owner only: %w", err), ln.Close())
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			s.config.Log.Warn("the socket for profiles ended", "error", err)
		}
	}()
	return func() { _ = server.Close(); <-ended }, nil
}
