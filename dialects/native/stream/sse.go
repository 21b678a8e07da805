package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"latchkey/bus"
	"latchkey/hub"
)

// Hello is the first message of a stream.
type Hello struct {
	Type     string          `json:"type"`    // hello
	Outcome  string          `json:"outcome"` // live, nothing, replay or gap
	Head     uint64          `json:"head"`    // order number of the newest entry
	Snapshot json.RawMessage `json:"snapshot,omitempty"`
}

// Follower is one stream about to be served.
type Follower struct {
	Stream   *hub.Stream
	Snapshot json.RawMessage // what Hello shows for a gap
}

func (f *Follower) hello() ([]byte, error) {
	return json.Marshal(Hello{Type: "hello", Outcome: f.Stream.Outcome, Head: f.Stream.Head, Snapshot: f.Snapshot})
}

// Server serves followers.
type Server struct {
	batches *batches
	waiting chan struct{} // sockets that have not yet said who they are
}

// New returns a server.
func New() *Server {
	return &Server{batches: newBatches(), waiting: make(chan struct{}, maxWaiting)}
}

// events is a follower over server-sent events.
type events struct {
	w  http.ResponseWriter
	rc *http.ResponseController
}

// Events serves f as server-sent events until either side ends it.
func (s *Server) Events(ctx context.Context, w http.ResponseWriter, f *Follower) error {
	hello, err := f.hello()
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	out := &events{w: w, rc: http.NewResponseController(w)}
	first := []byte("retry: 2000\n")
	if f.Stream.Outcome != hub.OutcomeReplay { // a replay counts only as it arrives
		first = fmt.Appendf(first, "id: %d\n", f.Stream.Head)
	}
	if err := out.write(fmt.Appendf(first, "data: %s\n\n", hello)); err != nil {
		return nil
	}
	f.Snapshot, f.Stream.Snapshot = nil, nil
	last, err := s.withBeats(ctx, f.Stream, out)
	_ = out.write(fmt.Appendf(nil, "event: cut\ndata: {\"type\":\"cut\",\"reason\":%q,\"last\":%d}\n\n", reason(err), last))
	return nil
}

// withBeats pumps, and pings every Beat so that proxies keep the connection.
func (s *Server) withBeats(ctx context.Context, log *hub.Stream, out *events) (last uint64, err error) {
	last = begin(log)
	for {
		due, cancel := context.WithTimeout(ctx, Beat)
		last, err = s.batches.pump(due, log, out, last)
		cancel()
		if ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			return last, err
		}
		if err := out.write([]byte(": ping\n\n")); err != nil {
			return last, err
		}
	}
}

func (o *events) add(batch []byte, e *bus.Entry) []byte {
	batch = strconv.AppendUint(append(batch, "id: "...), e.Seq, 10)
	batch = append(append(batch, "\ndata: "...), JSON(e)...)
	return append(batch, '\n', '\n')
}

func (o *events) write(batch []byte) error {
	if err := o.rc.SetWriteDeadline(time.Now().Add(WriteTime)); err != nil {
		return err
	}
	if _, err := o.w.Write(batch); err != nil {
		return err
	}
	return o.rc.Flush()
}
