package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// sizes measures what states cost on the disk: kept, and written.
func (b *bench) sizes() error {
	s, err := b.program(filepath.Join(b.dir, "size"))
	if err != nil {
		return err
	}
	defer s.stop()
	key, err := s.furnish(features)
	if err != nil {
		return err
	}
	b.report.table("states come", "states", "bytes written for a state")
	for _, c := range []struct {
		name        string
		body        func(int) string
		states      int
		connections int
	}{
		{"one at a time", stateBody, 1, 1}, {"from 64 clients, one each", stateBody, 1, 64}, {"in batches of 100", batchBody, 100, 1}, {"in batches of 100 from 16 clients", batchBody, 100, 16},
	} {
		before := s.written()
		o, err := drive(b.ctx, s, many(s.addr, statePath(key), c.body), c.connections, b.length)
		if err != nil {
			return err
		}
		wait(b.ctx, 1500*time.Millisecond)
		states := o.requests * c.states
		if c.states > 1 && c.connections == 1 {
			b.report.aim(aim{what: "bytes written for a state in batches of 100", wanted: 190, most: true, measured: float64(s.written()-before) / float64(states)})
		}
		b.report.row(c.name, thousands(float64(states)), fmt.Sprintf("%.0f", float64(s.written()-before)/float64(states)))
	}
	return nil
}

// idle measures the program with nothing to do.
func (b *bench) idle() error {
	info, err := os.Stat(b.bin)
	if err != nil {
		return err
	}
	var starts []float64
	var memory int64
	for i := range max(b.pairs, 3) {
		begun := time.Now()
		s, err := b.program(filepath.Join(b.dir, fmt.Sprintf("idle-%d", i%2)))
		if err != nil {
			return err
		}
		text, err := ask(s.addr, get(s.addr, "/healthz", "x"))
		if err != nil || !answered(text) {
			s.stop()
			return fmt.Errorf("healthz answered %q, %v", text, err)
		}
		starts = append(starts, float64(time.Since(begun)))
		if i == 0 {
			wait(b.ctx, 5*time.Second)
			memory = s.memory()
		}
		s.stop()
	}
	b.report.aim(aim{what: "memory at rest", wanted: 30, unit: "MB", most: true, measured: float64(memory) / 1e6})
	b.report.aim(aim{what: "start to the first answer, empty", wanted: 60, unit: "ms", most: true, measured: median(starts) / 1e6})
	b.report.table("figure", "value", "aim")
	b.report.row("start to the first answer", micros(time.Duration(median(starts))), "60 ms")
	b.report.row("memory after 5 s", fmt.Sprintf("%.1f MB", float64(memory)/1e6), "30 MB")
	b.report.row("size of the program", fmt.Sprintf("%.1f MB", float64(info.Size())/1e6), "25 MB")
	return nil
}
