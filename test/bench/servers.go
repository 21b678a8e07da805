package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"latchkey"
	"latchkey/internal/settings"
)

// single is the body of one state.
type single struct {
	Feature string  `json:"device_feature_external_id"`
	State   float64 `json:"state"`
}

// echo is the ceiling: a plain net/http server that decodes the same JSON and
// encodes the same answer, and does nothing else.
func echo() error {
	mux := http.NewServeMux()
	reply := func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(struct {
			Status int `json:"status"`
		}{200})
	}
	mux.HandleFunc("POST /v1/api/device/state/{key}", func(w http.ResponseWriter, r *http.Request) {
		var s single
		if err := json.NewDecoder(r.Body).Decode(&s); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		reply(w)
	})
	mux.HandleFunc("POST /batch/{key}", func(w http.ResponseWriter, r *http.Request) {
		var s []single
		if err := json.NewDecoder(r.Body).Decode(&s); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		reply(w)
	})
	page := make([]byte, 30<<10)
	mux.HandleFunc("GET /static", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(page) })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	return http.Serve(l, mux)
}

// serveMemory is the whole program but for the disk: the same parts over the
// store in memory.
func serveMemory() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	c := latchkey.Config{Settings: settings.Default(os.Getenv), Store: "memory", Version: "bench"}
	c.Settings.Limits.KeyRate, c.Settings.Limits.URLKeyRate, c.Settings.Limits.VisitorRate, c.Settings.Limits.Connections = 0, 0, 0, 8192
	house, err := latchkey.Open(ctx, c, latchkey.Usual(c))
	if err != nil {
		return err
	}
	defer house.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	go latchkey.BalanceMemory(ctx) // as the program does; it ends with this process
	return house.Serve(ctx, l)
}
