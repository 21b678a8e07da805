package chunk_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"latchkey/home"
	"latchkey/stores/sql/history/chunk"
)

// shapes are what the features of a house say, one value at a time.
func shapes() map[string]func(r *rand.Rand, i int, v float64) float64 {
	return map[string]func(r *rand.Rand, i int, v float64) float64{
		"temperature1": func(r *rand.Rand, i int, v float64) float64 {
			return math.Round((21+3*math.Sin(float64(i)/230)+r.NormFloat64()*0.05)*10) / 10
		},
		"temperature2": func(r *rand.Rand, i int, v float64) float64 {
			return math.Round((21+3*math.Sin(float64(i)/230)+r.NormFloat64()*0.05)*100) / 100
		},
		"humidity": func(r *rand.Rand, i int, v float64) float64 {
			return math.Round(50 + 10*math.Sin(float64(i)/500) + r.NormFloat64())
		},
		"motion": func(r *rand.Rand, i int, v float64) float64 {
			if r.IntN(8) == 0 {
				return 1 - v
			}
			return v
		},
		"power": func(r *rand.Rand, i int, v float64) float64 {
			if r.IntN(40) == 0 {
				return math.Round(r.Float64()*20000) / 10
			}
			return math.Round((v+r.NormFloat64()*2)*10) / 10
		},
		"random": func(r *rand.Rand, i int, v float64) float64 { return r.Float64() },
	}
}

// sample makes n points a minute apart with half a second of jitter, of one of
// 1000 features that report in turns.
func sample(shape func(*rand.Rand, int, float64) float64, n int) []home.Sample {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]home.Sample, n)
	v := 0.0
	for i := range out {
		v = shape(r, i, v)
		at := 1_790_000_000_000 + int64(i)*60_000 + r.Int64N(1001) - 500
		seq := 5_000_000 + uint64(i)*1000 + uint64(r.IntN(17))
		out[i] = home.Sample{Seq: seq, At: home.Time(at), Value: home.Num(v)}
	}
	return out
}

func BenchmarkEncode(b *testing.B) {
	for name, shape := range shapes() {
		b.Run(name, func(b *testing.B) {
			in := sample(shape, 500)
			var e chunk.Encoder
			size := 0
			for b.Loop() {
				head, body, _ := e.Encode(in)
				size = len(head) + len(body)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(in)), "ns/point")
			b.ReportMetric(float64(size)/float64(len(in)), "B/point")
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	for name, shape := range shapes() {
		b.Run(name, func(b *testing.B) {
			in := sample(shape, 500)
			var e chunk.Encoder
			var r chunk.Reader
			head, body, _ := e.Encode(in)
			sum := 0.0
			for b.Loop() {
				_ = r.Reset(head, body)
				for r.Next() {
					for i := range r.Len() {
						sum += r.Number(i)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(in)), "ns/point")
		})
	}
}
