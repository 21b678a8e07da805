package chunk_test

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"latchkey/home"
	"latchkey/stores/sql/history/chunk"
)

// same compares bit for bit, so that -0 is not 0 and NaN is itself.
func same(a, b home.Sample) bool {
	return a.Seq == b.Seq && a.At == b.At && a.Value.IsText == b.Value.IsText && a.Value.Text == b.Value.Text &&
		math.Float64bits(a.Value.Number) == math.Float64bits(b.Value.Number)
}

func number() *rapid.Generator[float64] {
	return rapid.OneOf(
		rapid.Float64(),
		rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, math.SmallestNonzeroFloat64, 1.0 / 3}),
		rapid.Map(rapid.IntRange(-100000, 100000), func(n int) float64 { return float64(n) / 100 }),
		rapid.Map(rapid.Int64(), func(n int64) float64 { return float64(n) / 1e15 }),
	)
}

func decimal() *rapid.Generator[float64] {
	return rapid.Custom(func(t *rapid.T) float64 {
		scale := math.Pow10(rapid.IntRange(0, 15).Draw(t, "scale"))
		return float64(rapid.Int64Range(-1<<52, 1<<52).Draw(t, "k")) / scale
	})
}

func points(max int) *rapid.Generator[[]home.Sample] {
	return rapid.Custom(func(t *rapid.T) []home.Sample {
		n := rapid.IntRange(1, max).Draw(t, "n")
		nums := rapid.SampledFrom([]*rapid.Generator[float64]{number(), decimal(), rapid.Just(21.5)}).Draw(t, "numbers")
		texts := rapid.Bool().Draw(t, "texts")
		wild := rapid.Bool().Draw(t, "wild")
		at, seq := rapid.Int64().Draw(t, "at"), rapid.Uint64().Draw(t, "seq")
		out := make([]home.Sample, n)
		for i := range out {
			if wild {
				at, seq = rapid.Int64().Draw(t, "at"), rapid.Uint64().Draw(t, "seq")
			} else {
				at += 60000 + rapid.Int64Range(-500, 500).Draw(t, "jitter")
				seq += rapid.Uint64Range(1, 300).Draw(t, "step")
			}
			v := home.Num(nums.Draw(t, "v"))
			if texts && rapid.Bool().Draw(t, "text") {
				v = home.Txt(rapid.StringN(0, 8, 40).Draw(t, "s"))
			}
			out[i] = home.Sample{Seq: seq, At: home.Time(at), Value: v}
		}
		slices.SortFunc(out, func(a, b home.Sample) int {
			return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Seq, b.Seq))
		})
		return out
	})
}

// identity packs and unpacks, and compares the sums with a plain count.
func identity(t *rapid.T) {
	var e chunk.Encoder
	var r chunk.Reader
	for range 2 { // buffers are used again
		in := points(200).Draw(t, "points")
		head, body, err := e.Encode(in)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Reset(head, body); err != nil {
			t.Fatal(err)
		}
		out, err := r.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.EqualFunc(in, out, same) {
			t.Fatalf("got %v\nwant %v", out, in)
		}
		sums(t, r.Head, in)
	}
}

func sums(t *rapid.T, h chunk.Head, in []home.Sample) {
	last := in[len(in)-1]
	if h.Count != len(in) || h.First.At != in[0].At || h.First.Seq != in[0].Seq || h.Last.At != last.At || h.Last.Seq != last.Seq {
		t.Fatalf("head %+v of %v", h, in)
	}
	if texts := slices.ContainsFunc(in, func(s home.Sample) bool { return s.Value.IsText }); h.Summed == texts {
		t.Fatalf("summed %v with texts %v", h.Summed, texts)
	}
	if !h.Summed {
		return
	}
	low, high, sum, on := in[0].Value.Number, in[0].Value.Number, 0.0, int64(0)
	for i, s := range in {
		low, high, sum = min(low, s.Value.Number), max(high, s.Value.Number), sum+s.Value.Number
		if i > 0 && in[i-1].Value.Number != 0 {
			on += int64(s.At - in[i-1].At)
		}
	}
	eq := func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }
	if !eq(h.Min, low) || !eq(h.Max, high) || h.On != on || (!eq(h.Sum, sum) && !(math.IsNaN(sum) && math.IsNaN(h.Sum))) {
		t.Fatalf("head %+v, want min %v max %v sum %v on %v", h, low, high, sum, on)
	}
	if !same(h.First, in[0]) || !same(h.Last, last) {
		t.Fatalf("head %+v of %v", h, in)
	}
}

func TestIdentity(t *testing.T) { rapid.Check(t, identity) }

func FuzzIdentity(f *testing.F) { f.Fuzz(rapid.MakeFuzz(identity)) }

func TestCount(t *testing.T) {
	var e chunk.Encoder
	for _, n := range []int{0, chunk.MaxPoints + 1} {
		if _, _, err := e.Encode(make([]home.Sample, n)); !errors.Is(err, chunk.ErrCount) {
			t.Errorf("%d points: %v", n, err)
		}
	}
	head, body, err := e.Encode(make([]home.Sample, chunk.MaxPoints))
	if err != nil {
		t.Fatal(err)
	}
	var r chunk.Reader
	if err := r.Reset(head, body); err != nil {
		t.Fatal(err)
	}
	if out, err := r.Append(nil); err != nil || len(out) != chunk.MaxPoints {
		t.Fatalf("%d points, %v", len(out), err)
	}
}
