package sql_test

import (
	"fmt"
	"syscall"
	"testing"

	"latchkey/home"
)

// states makes a group of n states of 1,000 features, as the hub would.
func states(seq uint64, n int) home.Group {
	var g home.Group
	cause := home.Cause{{Kind: "key", ID: "k7f3kq2vnb5xw4tzs6ydm3ahre", Name: "kitchen phone"}}
	for i := range n {
		num := seq + uint64(i)
		g.Points = append(g.Points, home.Point{House: "h2v7c4jq5nb6xw3tzs2ydm7ahr", Feature: uint32(1 + num%1000), Seq: num,
			At: home.Time(1_774_764_000_000 + num), Received: home.Time(1_774_764_000_005 + num), Value: home.Num(float64(num%300) / 10),
			Cause: cause, Live: true, Current: true, History: true})
	}
	return g
}

func cpu() float64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1000
}

func BenchmarkWrite(b *testing.B) {
	for _, n := range []int{1, 64, 100, 500} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := open(b, b.TempDir())
			seq := uint64(1)
			before := cpu()
			for b.Loop() {
				write(b, s, states(seq, n))
				seq += uint64(n)
			}
			b.ReportMetric((cpu()-before)/float64(b.N), "cpu-us/op")
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "states/s")
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	for _, rows := range []int{0, 8000, 100_000} {
		b.Run(fmt.Sprintf("after %d rows", rows), func(b *testing.B) {
			dir := b.TempDir()
			s := open(b, dir)
			for i := range rows {
				write(b, s, states(uint64(i+1), 1))
			}
			image := b.TempDir()
			copyFolder(b, image, dir)
			var used float64
			for b.Loop() {
				b.StopTimer()
				at := b.TempDir()
				copyFolder(b, at, image)
				used -= cpu()
				b.StartTimer()
				s := open(b, at)
				b.StopTimer()
				used += cpu()
				_ = s.Close()
				b.StartTimer()
			}
			b.ReportMetric(used/1000/float64(b.N), "cpu-ms/op")
		})
	}
}
