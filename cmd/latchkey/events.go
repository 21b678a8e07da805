package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"latchkey/cmd/latchkey/api"
	"latchkey/home"
)

func (a *app) eventsCommand() *cobra.Command {
	c := &cobra.Command{Use: "events", Short: a.say("what happens in the house", "ce qui se passe dans la maison")}
	c.AddCommand(a.eventsTail())
	return c
}

func (a *app) eventsTail() *cobra.Command {
	var since string
	var limit int
	var back uint64
	var asJSON bool
	c := &cobra.Command{
		Use: "tail", Args: cobra.NoArgs, Short: a.say("follow values and events, each with its cause", "suivre valeurs et événements, chacun avec sa cause"),
		Long: a.say("Follows until Ctrl-C. A lost connection is taken up where it broke; what could not be kept is said as a gap.",
			"Suit jusqu'à Ctrl-C. Une connexion perdue est reprise où elle s'est rompue ; ce qui n'a pu être gardé est dit."),
		Example: "  latchkey events tail\n  latchkey events tail --since 0 --json | jq .type\n  latchkey events tail --last 20 --limit 20",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.signedIn()
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			t := &tail{app: a, client: c, json: asJSON, limit: limit}
			if since != "" {
				n, err := strconv.ParseUint(since, 10, 63)
				if err != nil {
					return fmt.Errorf("--since: %q is not an order number", since)
				}
				t.last, t.known = n, true
			} else if back > 0 {
				if err := t.goBack(ctx, back); err != nil {
					return err
				}
			}
			return t.follow(ctx)
		},
	}
	c.Flags().StringVar(&since, "since", "", a.say("begin behind this order number; 0 = from the oldest kept", "commencer après ce numéro d'ordre ; 0 = du plus ancien gardé"))
	c.Flags().Uint64Var(&back, "last", 0, a.say("begin so many entries back", "commencer tant d'entrées plus tôt"))
	c.Flags().IntVar(&limit, "limit", 0, a.say("end after so many; 0 = never", "finir après tant ; 0 = jamais"))
	c.Flags().BoolVar(&asJSON, "json", false, a.say("one line of JSON each", "une ligne JSON chacun"))
	return c
}

// tail follows a house's log.
type tail struct {
	*app
	client *api.Client
	json   bool
	limit  int // 0 = no end
	last   uint64
	known  bool // last is where to go on
	shown  int
}

// goBack begins n entries before the newest.
func (t *tail) goBack(ctx context.Context, n uint64) error {
	var page struct {
		Head uint64 `json:"head"`
	}
	if err := t.client.Do(ctx, "GET", "/events?limit=1", nil, &page); err != nil {
		return err
	}
	t.last, t.known = page.Head-min(n, page.Head), true
	return nil
}

// errEnough ends a tail that has shown what was asked for.
var errEnough = errors.New("enough")

// follow goes on over lost connections until ctx ends, or the server says that
// it will not answer.
func (t *tail) follow(ctx context.Context) error {
	for pause := time.Second; ; pause = min(2*pause, 30*time.Second) {
		before := t.last
		err := t.once(ctx)
		p, refused := errors.AsType[*api.Problem](err)
		switch {
		case ctx.Err() != nil || errors.Is(err, errEnough):
			return nil
		case refused && p.Status < 500:
			return err
		case before == 0 && !t.known:
			return err // it never began
		case t.last != before:
			pause = time.Second
		}
		fmt.Fprintf(t.err, t.say("latchkey: %v; trying again in %s\n", "latchkey : %v ; nouvel essai dans %s\n"), err, pause)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}

// once follows over one connection.
func (t *tail) once(ctx context.Context) error {
	path := apiPrefix + "/events/stream"
	if t.known {
		path += "?since=" + strconv.FormatUint(t.last, 10)
	}
	w, err := t.client.Send(ctx, "GET", path, nil)
	if err != nil {
		return err
	}
	defer w.Body.Close()
	lines := bufio.NewReaderSize(w.Body, 64<<10)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = errors.New(t.say("the server ended the stream", "le serveur a fini le flux"))
			}
			return err
		}
		if data, ok := strings.CutPrefix(strings.TrimRight(line, "\r\n"), "data: "); ok {
			if err := t.show(data); err != nil {
				return err
			}
		}
	}
}

// logged is one line of the log as the stream tells it.
type logged struct {
	Seq     uint64          `json:"seq"`
	Type    string          `json:"type"`
	At      home.Time       `json:"at"`
	Subject string          `json:"subject"`
	Value   *float64        `json:"value"`
	Text    *string         `json:"text"`
	Old     json.RawMessage `json:"old"`
	Data    json.RawMessage `json:"data"`
	Cause   home.Cause      `json:"cause"`
	Outcome string          `json:"outcome"` // of hello
	Head    uint64          `json:"head"`    // of hello
}

func (t *tail) show(data string) error {
	var e logged
	if err := json.Unmarshal([]byte(data), &e); err != nil {
		return fmt.Errorf("the stream is not understood: %w", err)
	}
	switch e.Type {
	case "hello":
		if e.Outcome == "gap" {
			fmt.Fprintf(t.err, t.say("latchkey: entries behind %d are no longer kept; going on from %d\n", "latchkey : ce qui suit %d n'est plus gardé ; reprise à %d\n"), t.last, e.Head)
		}
		if e.Outcome != "replay" {
			t.last = e.Head
		}
		t.known = true
		return nil
	case "cut":
		return nil // the end of the stream follows
	}
	t.last, t.known = e.Seq, true
	text := data
	if !t.json {
		text = e.line()
	}
	if _, err := fmt.Fprintln(t.out, text); err != nil {
		return errEnough // nobody reads any more
	}
	if t.shown++; t.limit > 0 && t.shown >= t.limit {
		return errEnough
	}
	return nil
}

// line writes an entry for people: when, what, and below it why.
func (e *logged) line() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%6d  %s  %-18s %s", e.Seq, e.At.Std().Local().Format("15:04:05.000"), e.Type, e.Subject)
	switch {
	case e.Value != nil:
		fmt.Fprintf(&b, " = %s", strconv.FormatFloat(*e.Value, 'g', -1, 64))
	case e.Text != nil:
		fmt.Fprintf(&b, " = %q", *e.Text)
	case len(e.Data) > 0:
		fmt.Fprintf(&b, " %s", shortened(e.Data))
	}
	if e.Type == "state" && len(e.Old) > 0 && string(e.Old) != "null" {
		fmt.Fprintf(&b, " (was %s)", e.Old)
	}
	if len(e.Cause) > 0 {
		b.WriteString("\n          <- ")
		for i := len(e.Cause) - 1; i >= 0; i-- {
			b.WriteString(linkText(e.Cause[i]))
			if i > 0 {
				b.WriteString(" <- ")
			}
		}
	}
	return b.String()
}

// shortened is the beginning of an event's data, enough to know it by; --json
// shows all.
func shortened(data []byte) string {
	const most = 120
	if len(data) <= most {
		return string(data)
	}
	return strings.ToValidUTF8(string(data[:most]), "") + "..."
}

// linkText writes one step of a cause.
func linkText(l home.Link) string {
	name := l.Name
	if name == "" {
		name = string(l.ID)
	}
	switch {
	case l.Seq > 0 && name != "":
		return fmt.Sprintf("%s %s #%d", l.Kind, name, l.Seq)
	case l.Seq > 0:
		return fmt.Sprintf("%s #%d", l.Kind, l.Seq)
	}
	return strings.TrimSpace(l.Kind + " " + name)
}
