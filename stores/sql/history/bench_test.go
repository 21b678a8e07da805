package history_test

import (
	"cmp"
	"database/sql"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"latchkey/home"
	"latchkey/stores/sql/history"
)

// size reads a number from the environment.
func size(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

const (
	minute = home.Time(60_000)
	begun  = home.Time(1_790_000_000_000)
	group  = 1000 // points a commit
)

// house makes points like those of a house: each feature once a minute, give or
// take half a second; a fifth each of temperatures with one and two decimals,
// humidity, motion and power.
type house struct {
	rnd    *rand.Rand
	values []float64
	round  int
	seq    uint64
	buf    []home.Point
}

func newHouse(features int) *house {
	return &house{rnd: rand.New(rand.NewPCG(1, 2)), values: make([]float64, features)}
}

func (g *house) minute() []home.Point {
	g.buf = g.buf[:0]
	for i := range g.values {
		g.values[i] = g.next(i, g.values[i])
		offset := home.Time(i) * minute / home.Time(len(g.values))
		at := begun + home.Time(g.round)*minute + offset + home.Time(g.rnd.IntN(1001)) - 500
		g.buf = append(g.buf, home.Point{Feature: uint32(i + 1), At: at, Value: home.Num(g.values[i]), History: true})
	}
	slices.SortFunc(g.buf, func(a, b home.Point) int { return cmp.Compare(a.At, b.At) })
	for i := range g.buf {
		g.seq++
		g.buf[i].Seq = g.seq
	}
	g.round++
	return g.buf
}

func (g *house) next(i int, v float64) float64 {
	slow := math.Sin(float64(g.round)/230 + float64(i))
	switch i % 5 {
	case 0:
		return math.Round((21+3*slow+g.rnd.NormFloat64()*0.05)*10) / 10
	case 1:
		return math.Round((21+3*slow+g.rnd.NormFloat64()*0.05)*100) / 100
	case 2:
		return math.Round(50 + 10*slow + g.rnd.NormFloat64())
	case 3:
		if g.rnd.IntN(8) == 0 {
			return 1 - v
		}
		return v
	}
	if g.rnd.IntN(40) == 0 {
		return math.Round(g.rnd.Float64()*20000) / 10
	}
	return math.Max(0, math.Round((v+g.rnd.NormFloat64()*2)*10)/10)
}

// groups makes points in groups of one commit each.
func groups(points, features int, take func(row int64, g []home.Point)) {
	g := newHouse(features)
	var buf []home.Point
	row := int64(0)
	for made := 0; made < points; {
		buf = append(buf, g.minute()...)
		for len(buf) >= group {
			row++
			take(row, buf[:group])
			buf = append(buf[:0], buf[group:]...)
			made += group
		}
	}
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func openPlain(b *testing.B, path string) *sql.DB {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=wal_autocheckpoint(4000)")
	must(b, err)
	db.SetMaxOpenConns(1)
	return db
}

// loadPlain writes rows of (feature, at, value) into a WITHOUT ROWID table.
func loadPlain(b *testing.B, path string, points, features int) *sql.DB {
	db := openPlain(b, path)
	_, err := db.Exec(`CREATE TABLE point (feature BIGINT, at BIGINT, value REAL, PRIMARY KEY (feature, at)) WITHOUT ROWID`)
	must(b, err)
	put, err := db.Prepare(`INSERT OR REPLACE INTO point VALUES ($1, $2, $3)`)
	must(b, err)
	spent, busy := time.Duration(0), cpu()
	groups(points, features, func(row int64, g []home.Point) {
		from := time.Now()
		tx, err := db.Begin()
		must(b, err)
		s := tx.Stmt(put)
		for i := range g {
			_, err := s.Exec(g[i].Feature, int64(g[i].At), g[i].Value.Number)
			must(b, err)
		}
		must(b, tx.Commit())
		spent += time.Since(from)
	})
	load{"plain rows", points, spent, cpu() - busy}.report(path)
	return db
}

// loadChunks writes a journal row for each group, as the record store does, and
// seals in the background.
func loadChunks(b *testing.B, path string, points, features int) *history.History {
	h := open(b, history.Config{Path: path})
	serve(b, h)
	journal := openPlain(b, path+".journal")
	defer journal.Close()
	_, err := journal.Exec(`CREATE TABLE journal (row INTEGER PRIMARY KEY, points BLOB)`)
	must(b, err)
	blob := make([]byte, 0, group*24)
	spent, busy := time.Duration(0), cpu()
	groups(points, features, func(row int64, g []home.Point) {
		from := time.Now()
		blob = blob[:0]
		for i := range g {
			blob = binary.BigEndian.AppendUint32(blob, g[i].Feature)
			blob = binary.BigEndian.AppendUint64(blob, uint64(g[i].At))
			blob = binary.BigEndian.AppendUint64(blob, math.Float64bits(g[i].Value.Number))
		}
		_, err := journal.Exec(`INSERT INTO journal VALUES ($1, $2)`, row, blob)
		must(b, err)
		h.Add(row, g)
		for h.Pending() > 2*size("HISTORY_BENCH_PENDING", 1_000_000) {
			must(b, h.Seal(ctx, false))
		}
		if row%1000 == 0 {
			_, err := journal.Exec(`DELETE FROM journal WHERE row < $1`, h.Floor())
			must(b, err)
		}
		spent += time.Since(from)
	})
	from := time.Now()
	must(b, h.Seal(ctx, true))
	spent += time.Since(from)
	load{"chunks", points, spent, cpu() - busy}.report(path)
	return h
}

// cpu returns the processor time used so far.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// load is what it took to bring points in; busy has the making of the points in it.
type load struct {
	name        string
	points      int
	spent, busy time.Duration
}

func (l load) report(path string) {
	bytes := int64(0)
	if st, err := os.Stat(path); err == nil {
		bytes = st.Size()
	}
	fmt.Printf("%s: %d points loaded at %.0f/s, %.2f us of CPU and %.2f B a point\n", l.name, l.points,
		float64(l.points)/l.spent.Seconds(), l.busy.Seconds()*1e6/float64(l.points), float64(bytes)/float64(l.points))
}

// BenchmarkHouse loads HISTORY_BENCH_POINTS points of HISTORY_BENCH_FEATURES
// features into plain rows and into a history, and reads both.
func BenchmarkHouse(b *testing.B) {
	points, features := size("HISTORY_BENCH_POINTS", 400_000), size("HISTORY_BENCH_FEATURES", 200)
	busy := cpu()
	groups(points, features, func(int64, []home.Point) {})
	fmt.Printf("making the points takes %.2f us of CPU each\n", (cpu()-busy).Seconds()*1e6/float64(points))
	dir := b.TempDir()
	plain := loadPlain(b, filepath.Join(dir, "plain.db"), points, features)
	defer plain.Close()
	h := loadChunks(b, filepath.Join(dir, "history.db"), points, features)
	end := begun + home.Time(points/features)*minute
	for _, span := range []struct {
		name    string
		minutes home.Time
		every   home.Time // 0 = raw
	}{{"day raw", 1440, 0}, {"week in 1h", 7 * 1440, 60}, {"35 days in 1h", 35 * 1440, 60}, {"35 days in 1d", 35 * 1440, 1440}} {
		from := max(begun, end-span.minutes*minute)
		b.Run(span.name+"/plain", func(b *testing.B) {
			sample(b, func(f uint32) { readPlain(b, plain, reading{f, from, end, span.every * minute}) })
		})
		b.Run(span.name+"/chunks", func(b *testing.B) {
			sample(b, func(f uint32) { readChunks(b, h, reading{f, from, end, span.every * minute}) })
		})
	}
}

// sample times f over features and reports the median.
func sample(b *testing.B, f func(feature uint32)) {
	rnd := rand.New(rand.NewPCG(9, 9))
	features := size("HISTORY_BENCH_FEATURES", 200)
	var times []time.Duration
	for b.Loop() {
		from := time.Now()
		f(1 + rnd.Uint32N(uint32(features)))
		times = append(times, time.Since(from))
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Nanoseconds())/1e6, "p50-ms")
}

// reading is one question; every 0 asks for the points themselves.
type reading struct {
	feature         uint32
	from, to, every home.Time
}

func readPlain(b *testing.B, db *sql.DB, r reading) {
	query := `SELECT at, value FROM point WHERE feature = $1 AND at >= $2 AND at < $3 ORDER BY at`
	if r.every > 0 {
		query = fmt.Sprintf(`SELECT count(*), avg(value) FROM point WHERE feature = $1 AND at >= $2 AND at < $3 GROUP BY (at - %d) / %d`, r.from, r.every)
	}
	rows, err := db.Query(query, r.feature, int64(r.from), int64(r.to))
	must(b, err)
	defer rows.Close()
	for rows.Next() {
		var at int64
		var v float64
		must(b, rows.Scan(&at, &v))
	}
	must(b, rows.Err())
}

func readChunks(b *testing.B, h *history.History, r reading) {
	sum := 0.0
	if r.every == 0 {
		must(b, h.Points(ctx, home.PointQuery{Feature: r.feature, From: r.from, To: r.to}, func(s home.Sample) error {
			sum += s.Value.Number
			return nil
		}))
		return
	}
	var edges []home.Time
	for at := r.from; at <= r.to; at += r.every {
		edges = append(edges, at)
	}
	_, err := h.Buckets(ctx, home.BucketQuery{Feature: r.feature, Edges: edges})
	must(b, err)
}

// BenchmarkAdd takes points in without sealing them.
func BenchmarkAdd(b *testing.B) {
	h := open(b, history.Config{})
	g := newHouse(1000)
	row := int64(0)
	for b.Loop() {
		b.StopTimer()
		points := g.minute()
		if row++; row%100 == 0 {
			must(b, h.Seal(ctx, true))
		}
		b.StartTimer()
		h.Add(row, points)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*1000), "ns/point")
}
