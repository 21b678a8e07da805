package main

import (
	"context"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"latchkey"
	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/settings"
)

const (
	historyFeatures = 200
	minute          = 60_000
)

// past is a data folder with a long history in it.
type past struct {
	dir      string
	from, to home.Time
	loaded   time.Duration
	secret   string
}

// settle makes the folder once; later calls find it.
func (b *bench) past() (*past, error) {
	p := &past{dir: filepath.Join(b.dir, "history")}
	c := latchkey.Config{Settings: settings.Default(func(string) string { return "" }), Version: "bench"}
	c.Settings.Data = p.dir
	house, err := latchkey.Open(b.ctx, c, latchkey.Usual(c))
	if err != nil {
		return nil, err
	}
	defer house.Close()
	h := house.Hub()
	got, err := h.Setup(b.ctx, hub.SetupRequest{Username: "rig", Password: "a rig needs no secrets", Loopback: true})
	if err != nil {
		return nil, err
	}
	p.secret = got.Token
	id, err := h.Identify(b.ctx, hub.Credential{Secret: got.Token})
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	if err := p.fill(b.ctx, h, id, b.points); err != nil {
		return nil, err
	}
	p.loaded = time.Since(begun)
	return p, nil
}

// fill stores the points: temperatures of two decimals each minute, give or
// take half a second, over all features in turn, as an import would bring them.
func (p *past) fill(ctx context.Context, h *hub.Hub, id *home.Identity, points int) error {
	var list []hub.NewFeature
	for i := range historyFeatures {
		list = append(list, hub.NewFeature{ExternalID: feature(i), Category: "temperature-sensor", Type: "decimal"})
	}
	if _, err := h.CreateDevice(ctx, id, hub.NewDevice{Name: "bench", ExternalID: "bench", Features: list}); err != nil {
		return err
	}
	minutes := points / historyFeatures
	p.to = home.TimeOf(time.Now()) / minute * minute
	p.from = p.to - home.Time(minutes)*minute
	group := make([]home.Report, 0, hub.MaxReports)
	noise := uint64(1)
	for m := range minutes {
		for f := range historyFeatures {
			noise = noise*6364136223846793005 + 1442695040888963407
			at := p.from + home.Time(m)*minute + home.Time(noise>>54) - 512
			value := float64(1800+(m/7+f*13)%900+int(noise>>40&7)) / 100
			group = append(group, home.Report{Feature: feature(f), Value: home.Num(value), At: at, Explicit: true})
			if len(group) == cap(group) {
				if _, err := h.Report(ctx, id, group...); err != nil {
					return err
				}
				group = group[:0]
			}
		}
	}
	if len(group) == 0 {
		return nil
	}
	_, err := h.Report(ctx, id, group...)
	return err
}

func (b *bench) history() error {
	p, err := b.past()
	if err != nil {
		return err
	}
	perPoint := float64(size(filepath.Join(p.dir, "history.db"))) / float64(b.points)
	b.report.say("%s points of %d features, one a minute, loaded as history at %s points/s; %.2f bytes of history for a point, %.2f of all files, the log of the last entries with them.\n",
		thousands(float64(b.points)), historyFeatures, thousands(float64(b.points)/p.loaded.Seconds()), perPoint, float64(size(p.dir))/float64(b.points))
	b.report.aim(aim{what: "bytes of history for a point", wanted: 3, most: true, measured: perPoint})
	begun := time.Now()
	s, err := b.program(p.dir)
	if err != nil {
		return err
	}
	defer s.stop()
	b.report.aim(aim{what: "start to ready with the history", wanted: 60, unit: "ms", most: true, measured: float64(time.Since(begun)) / 1e6})
	b.report.say("Start to ready with these points: %s; memory %.1f MB.\n", micros(time.Since(begun)), float64(s.memory())/1e6)
	e, err := b.self("echo")
	if err != nil {
		return err
	}
	defer e.stop()
	ceiling, err := drive(b.ctx, e, [][]byte{get(e.addr, "/static", "x")}, 16, b.length)
	if err != nil {
		return err
	}
	b.report.say("A static body of 30 kB: %s/s at 16 connections.\n", thousands(ceiling.rate()))
	b.report.say("A page of raw points is about 80 kB: each has its feature, number, moment and value.\n")
	b.report.table("query", "c=1 p50", "c=16 /s", "of the static body", "server CPU for one")
	for _, q := range []struct{ name, path string }{
		{"1,000 points raw, a page", b.query("/states", p.to-24*60*minute, p.to, "")},
		{"a week in hours", b.query("/states/buckets", p.to-7*24*60*minute, p.to, "1h")},
		{"35 days in hours", b.query("/states/buckets", p.to-35*24*60*minute, p.to, "1h")},
		{"35 days in days", b.query("/states/buckets", p.to-35*24*60*minute, p.to, "1d")},
	} {
		var requests [][]byte
		for f := range historyFeatures {
			requests = append(requests, get(s.addr, strings.Replace(q.path, "FEATURE", url.QueryEscape(feature(f)), 1), p.secret))
		}
		s.doing = "history-" + strings.ReplaceAll(q.name, " ", "-")
		one, err := drive(b.ctx, s, requests, 1, b.length)
		if err != nil {
			return fmt.Errorf("%s: %w", q.name, err)
		}
		many, err := drive(b.ctx, s, requests, 16, b.length)
		if err != nil {
			return fmt.Errorf("%s: %w", q.name, err)
		}
		b.report.row(q.name, micros(percentile(one.latencies, 0.5)), thousands(many.rate()), fmt.Sprintf("%.2f", many.rate()/ceiling.rate()), micros(each([]outcome{many})))
		b.queryAims(q.name, float64(percentile(one.latencies, 0.5))/1e6, many.rate()/ceiling.rate())
	}
	return nil
}

// queryAims notes what a query that has an aim came to.
func (b *bench) queryAims(name string, millis, share float64) {
	switch name {
	case "1,000 points raw, a page":
		b.report.aim(aim{what: "a page of 1,000 raw points, alone", wanted: 0.25, unit: "ms", most: true, measured: millis})
		b.report.aim(aim{what: "such pages, of a static body of 30 kB", wanted: 0.25, measured: share,
			why: "the page is nearly three times as long as the static body, and is read from compressed chunks and written as JSON each time"})
	case "35 days in hours":
		b.report.aim(aim{what: name + " (50,400 points), alone", wanted: 1, unit: "ms", most: true, measured: millis,
			why: "a chunk holds eight hours, so that each one has to be unpacked to be cut into hours; in days, the chunks' own sums do"})
	}
}

// query is a path with FEATURE where the feature goes.
func (b *bench) query(path string, from, to home.Time, every string) string {
	q := "?feature=FEATURE&from=" + url.QueryEscape(from.String()) + "&to=" + url.QueryEscape(to.String())
	if every == "" {
		return "/api/latchkey/v1" + path + q + "&limit=1000"
	}
	return "/api/latchkey/v1" + path + q + "&every=" + every
}

// size is what a folder's files hold, but for the ballast.
func size(dir string) (total int64) {
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Base(path) == "ballast" {
			return nil
		}
		if info, err := d.Info(); err == nil {
			total += info.Size()
		}
		return nil
	})
	return total
}
