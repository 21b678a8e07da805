// Command bench measures how fast the program is, in one run and as ratios:
// against a plain net/http server that decodes and encodes the same JSON (the
// echo), and against the same program with a store that keeps everything in
// memory. Whatever is compared runs in alternating rounds; the medians count.
//
// It starts only servers of its own, on loopback, and stops them.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// options is what the command line says.
type options struct {
	pairs    int
	length   time.Duration
	points   int
	only     string
	out      string
	profiles string
}

// bench is one run.
type bench struct {
	options
	ctx    context.Context
	bin    string
	dir    string
	doing  string // the part under way
	report report
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "echo" {
		exit(echo())
	}
	if len(os.Args) > 1 && os.Args[1] == "memory" {
		exit(serveMemory())
	}
	if len(os.Args) > 1 && os.Args[1] == "broker" {
		exit(serveBroker())
	}
	var o options
	flag.IntVar(&o.pairs, "pairs", 5, "rounds of each comparison")
	flag.DurationVar(&o.length, "length", 2*time.Second, "length of one measurement")
	flag.IntVar(&o.points, "points", 10_000_000, "points in the history that is read")
	flag.StringVar(&o.only, "only", "", "only these parts, with commas between: "+strings.Join(partNames(), ","))
	flag.StringVar(&o.out, "out", "", "also write the results as Markdown to this file")
	flag.StringVar(&o.profiles, "profiles", "", "also take processor profiles of the program into this folder; the figures suffer a little")
	flag.Parse()
	exit(run(o))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// part is one group of measurements.
type part struct {
	name, title string
	run         func(*bench) error
}

func parts() []part {
	return []part{
		{"disk", "What the disk does", (*bench).disk},
		{"ingest", "One state a request, answered when it is on disk", (*bench).ingest},
		{"batch", "Batches of 100 states", (*bench).batches},
		{"mqtt", "MQTT, answered when it is on disk", (*bench).mqtt},
		{"fire", "A message in, a command out", (*bench).fire},
		{"size", "Bytes for a state", (*bench).sizes},
		{"history", "Reading history over HTTP", (*bench).history},
		{"stream", "Event streams", (*bench).streams},
		{"idle", "At rest", (*bench).idle},
	}
}

func partNames() []string {
	var names []string
	for _, p := range parts() {
		names = append(names, p.name)
	}
	return names
}

func run(o options) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	dir, err := os.MkdirTemp("", "latchkey-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{options: o, ctx: ctx, dir: dir, bin: filepath.Join("bin", "latchkey")}
	if _, err := os.Stat(b.bin); err != nil {
		return fmt.Errorf("%s is missing; run make build first", b.bin)
	}
	b.report.begin()
	for _, p := range parts() {
		if o.only != "" && !slices.Contains(strings.Split(o.only, ","), p.name) {
			continue
		}
		b.doing = p.name
		b.report.section(p.title)
		if err := p.run(b); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	summary := b.report.summary()
	fmt.Print(summary)
	if o.out == "" {
		return nil
	}
	return os.WriteFile(o.out, []byte(b.report.head+summary+b.report.text.String()), 0o644)
}
