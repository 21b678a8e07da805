package chunk_test

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math/rand/v2"
	"runtime"
	"testing"

	"latchkey/home"
	"latchkey/stores/sql/history/chunk"
)

// sign puts right checksums behind head and body, so that a fuzzer gets past them.
func sign(head, body []byte) ([]byte, []byte) {
	table := crc32.MakeTable(crc32.Castagnoli)
	head = binary.LittleEndian.AppendUint32(head[:len(head):len(head)], crc32.Checksum(head, table))
	sum := crc32.Update(crc32.Checksum(head, table), table, body)
	return head, binary.LittleEndian.AppendUint32(body[:len(body):len(body)], sum)
}

// seeds are chunks of each kind, with and without their checksums.
func seeds(add func(head, body []byte)) {
	var e chunk.Encoder
	lists := [][]home.Sample{{{Seq: 1, At: 1}}}
	for _, shape := range shapes() {
		lists = append(lists, sample(shape, 3), sample(shape, 200))
	}
	texts := sample(shapes()["motion"], 100)
	for i := range texts {
		if i%3 > 0 {
			texts[i].Value = home.Txt([]string{"", "on", "a longer text"}[i%3])
		}
	}
	for _, list := range append(lists, texts) {
		head, body, err := e.Encode(list)
		if err != nil {
			panic(err)
		}
		add(head[:len(head)-4:len(head)-4], body[:len(body)-4:len(body)-4])
		add(head, body)
	}
}

// decode reads whatever it is given, and fails when that takes too much memory.
func decode(t *testing.T, head, body []byte) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var r chunk.Reader
	var out []home.Sample
	err := r.Reset(head, body)
	if err == nil {
		out, err = r.Append(nil)
	}
	runtime.ReadMemStats(&after)
	if used, most := after.TotalAlloc-before.TotalAlloc, uint64(64*(len(head)+len(body))+1<<20); used > most {
		t.Fatalf("%d bytes allocated for %d", used, len(head)+len(body))
	}
	if err != nil {
		if !errors.Is(err, chunk.ErrDamaged) && !errors.Is(err, chunk.ErrNewer) {
			t.Fatalf("an error of another kind: %v", err)
		}
		return
	}
	if len(out) != r.Head.Count || len(out) > chunk.MaxPoints {
		t.Fatalf("%d points, the head says %d", len(out), r.Head.Count)
	}
}

// FuzzDecode reads arbitrary bytes with right checksums.
func FuzzDecode(f *testing.F) {
	seeds(func(head, body []byte) { f.Add(append([]byte(nil), head...), append([]byte(nil), body...)) })
	f.Fuzz(func(t *testing.T, head, body []byte) {
		decode(t, head, body)
		head, body = sign(head, body)
		decode(t, head, body)
	})
}

// TestFlips turns each bit of a chunk: none goes unnoticed.
func TestFlips(t *testing.T) {
	var e chunk.Encoder
	head, body, err := e.Encode(sample(shapes()["power"], 100))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range [][]byte{head, body} {
		for bit := range 8 * len(part) {
			part[bit/8] ^= 1 << (bit % 8)
			var r chunk.Reader
			if err := r.Reset(head, body); err == nil {
				t.Errorf("bit %d goes unnoticed", bit)
			}
			part[bit/8] ^= 1 << (bit % 8)
		}
	}
}

func TestNewer(t *testing.T) {
	var e chunk.Encoder
	head, _, err := e.Encode(sample(shapes()["motion"], 10))
	if err != nil {
		t.Fatal(err)
	}
	head[0] = chunk.Version + 1
	if _, err := chunk.ParseHead(head); !errors.Is(err, chunk.ErrNewer) {
		t.Errorf("%v", err)
	}
}

// TestSize holds the codec to its promise on what sensors say.
func TestSize(t *testing.T) {
	var e chunk.Encoder
	for name, most := range map[string]float64{"temperature1": 2.6, "temperature2": 3.0, "humidity": 2.7, "motion": 2.4, "power": 3.8, "random": 10.1} {
		in := sample(shapes()[name], 500)
		head, body, err := e.Encode(in)
		if err != nil {
			t.Fatal(err)
		}
		if size := float64(len(head)+len(body)) / float64(len(in)); size > most {
			t.Errorf("%s takes %.2f bytes a point, more than %.2f", name, size, most)
		}
	}
	regular := sample(func(_ *rand.Rand, i int, _ float64) float64 { return 21 }, 500)
	for i := range regular {
		regular[i].At, regular[i].Seq = home.Time(1_790_000_000_000+int64(i)*60_000), uint64(7+i*1000)
	}
	head, body, err := e.Encode(regular)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(head) + len(body); n > 120 {
		t.Errorf("500 regular points take %d bytes", n)
	}
}
