package bus_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"latchkey/bus"
	"latchkey/home"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func entries(house home.ID, from, to uint64) []*bus.Entry {
	var out []*bus.Entry
	for seq := from; seq <= to; seq++ {
		out = append(out, &bus.Entry{Seq: seq, House: house, Event: &home.Event{Seq: seq}})
	}
	return out
}

func TestAReaderGetsWhatComesInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 20).Draw(t, "size")
		b := bus.New(size)
		var published, oldest uint64
		r, next := (*bus.Reader)(nil), uint64(0)
		steps := rapid.IntRange(1, 40).Draw(t, "steps")
		for range steps {
			if rapid.Bool().Draw(t, "publish") || published == 0 {
				n := rapid.Uint64Range(1, 12).Draw(t, "n")
				b.Publish(entries("h", published+1, published+n))
				published += n
				oldest = 1
				if published > uint64(size) {
					oldest = published - uint64(size) + 1
				}
				continue
			}
			if r == nil {
				next = rapid.Uint64Range(1, published+1).Draw(t, "start")
				var first uint64
				if r, first = b.Read("h", next-1); first != oldest {
					t.Fatalf("oldest is %d, want %d", first, oldest)
				}
			}
			if next > published {
				continue // nothing to read yet
			}
			limit := rapid.IntRange(1, 30).Draw(t, "limit")
			got, err := r.Next(context.Background(), limit)
			if next < oldest {
				if !errors.Is(err, bus.ErrGap) {
					t.Fatalf("reading %d with %d the oldest: %v", next, oldest, err)
				}
				r = nil
				continue
			}
			if err != nil || len(got) == 0 || len(got) > limit {
				t.Fatalf("%d entries, %v", len(got), err)
			}
			for _, e := range got {
				if e.Seq != next {
					t.Fatalf("got %d, want %d", e.Seq, next)
				}
				next++
			}
		}
	})
}

func TestAReaderWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := bus.New(8)
		r, oldest := b.Read("h", 0)
		if oldest != 0 {
			t.Fatalf("an empty ring's oldest is %d", oldest)
		}
		var got []*bus.Entry
		var wg sync.WaitGroup
		wg.Go(func() { got, _ = r.Next(t.Context(), 10) })
		synctest.Wait()
		b.Publish(entries("other", 1, 3))
		synctest.Wait()
		b.Publish(entries("h", 1, 2))
		wg.Wait()
		if len(got) != 2 {
			t.Fatalf("got %d entries", len(got))
		}
	})
}

func TestAReaderEndsWithItsContextAndItsHouse(t *testing.T) {
	b := bus.New(8)
	r, _ := b.Read("h", 0)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := r.Next(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	b.Forget("h")
	if _, err := r.Next(context.Background(), 1); !errors.Is(err, bus.ErrGap) {
		t.Fatal(err)
	}
}

func TestAHoleIsAGap(t *testing.T) {
	b := bus.New(8)
	b.Publish(entries("h", 1, 3))
	r, _ := b.Read("h", 3)
	b.Publish(entries("h", 5, 6))
	if _, err := r.Next(context.Background(), 10); !errors.Is(err, bus.ErrGap) {
		t.Fatal(err)
	}
}

func TestListenersHearEverythingInOrder(t *testing.T) {
	b := bus.New(2)
	var heard []uint64
	b.Listen(func(es []*bus.Entry) {
		for _, e := range es {
			heard = append(heard, e.Seq)
		}
	})
	var readers sync.WaitGroup
	for range 4 {
		r, _ := b.Read("h", 0)
		readers.Go(func() {
			for next := uint64(1); next <= 1000; {
				es, err := r.Next(context.Background(), 7)
				if errors.Is(err, bus.ErrGap) {
					return
				}
				if es[0].Seq != next {
					t.Errorf("got %d, want %d", es[0].Seq, next)
					return
				}
				next += uint64(len(es))
			}
		})
	}
	for seq := uint64(1); seq <= 1000; seq++ {
		b.Publish(entries("h", seq, seq))
	}
	readers.Wait()
	for i, seq := range heard {
		if seq != uint64(i+1) {
			t.Fatalf("heard %d at place %d", seq, i)
		}
	}
	if len(heard) != 1000 {
		t.Fatalf("heard %d", len(heard))
	}
}

func TestAFrameIsMadeOnce(t *testing.T) {
	e := entries("h", 1, 1)[0]
	n := 0
	for range 3 {
		e.Frame(func(*bus.Entry) []byte { n++; return []byte("x") })
	}
	if n != 1 {
		t.Fatalf("made %d times", n)
	}
}
