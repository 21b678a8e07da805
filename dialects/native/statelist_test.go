package native_test

import (
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"latchkey/dialects/native"
	"latchkey/dialects/native/stream"
	"latchkey/home"
)

// TestLongAnswers: what is written without encoding/json reads as it should.
func TestLongAnswers(t *testing.T) {
	type state struct {
		Feature string
		Seq     uint64
		At      home.Time
		Value   *float64
		Text    *string
	}
	var page struct {
		States []state
		Cursor *string `json:"next_cursor"`
	}
	read(t, native.AppendStates("", "", nil), &page)
	if page.States == nil || len(page.States) > 0 || page.Cursor != nil {
		t.Errorf("an empty page reads as %+v", page)
	}
	var samples []home.Sample
	var want []state
	for i, v := range []home.Value{home.Num(0), home.Num(-1.5), home.Num(1e21), home.Num(1e-7), home.Txt(""), home.Txt("a \"é\"\n<b>")} {
		s := home.Sample{Seq: uint64(i), At: home.Time(1774767600007 * int64(i)), Value: v}
		one := state{Feature: `lamp:"1"`, Seq: s.Seq, At: s.At, Value: &s.Value.Number}
		if v.IsText {
			one.Value, one.Text = nil, &s.Value.Text
		}
		samples, want = append(samples, s), append(want, one)
	}
	read(t, native.AppendStates(`lamp:"1"`, `n"`, samples), &page)
	if page.Cursor == nil || *page.Cursor != `n"` || !reflect.DeepEqual(page.States, want) {
		t.Errorf("the page reads as %+v", page)
	}
}

// TestNumbers: a number is written as strconv writes it.
func TestNumbers(t *testing.T) {
	check := func(t interface{ Errorf(string, ...any) }, n float64) {
		if got, want := string(stream.AppendNumber(nil, n)), strconv.FormatFloat(n, 'f', -1, 64); got != want {
			t.Errorf("%v is written %s", want, got)
		}
	}
	for _, n := range []float64{0, math.Copysign(0, -1), 0.1 + 0.2, -0.001, 0.0005, 999_999_999.999, 1e9, 1e12, -40, 18.53, 0.125} {
		check(t, n)
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(-1e13, 1e13).Draw(t, "n")
		check(t, float64(n)/math.Pow10(rapid.IntRange(0, 6).Draw(t, "decimals")))
	})
}

func TestBucketAnswers(t *testing.T) {
	bucket := home.Bucket{From: 1, To: 2, Count: 4, Min: -1, Max: 7.25, Sum: 10, On: 5, Known: 6,
		First: home.Sample{Value: home.Num(3)}, Last: home.Sample{Value: home.Num(1)}}
	text := home.Bucket{From: 2, To: 3, Count: 1, First: home.Sample{Value: home.Txt("<a>")}, Last: home.Sample{Value: home.Txt("b")}}
	want := `{"feature":"f","every":"1h","buckets":[` +
		`{"from":"1970-01-01T00:00:00.001Z","to":"1970-01-01T00:00:00.002Z","count":4,"min":-1,"max":7.25,"mean":2.5,"sum":10,"first":3,"last":1,"on_ms":5,"known_ms":6},` +
		`{"from":"1970-01-01T00:00:00.002Z","to":"1970-01-01T00:00:00.003Z","count":1,"first":"<a>","last":"b","on_ms":0,"known_ms":0},` +
		`{"from":"1970-01-01T00:00:00.003Z","to":"1970-01-01T00:00:00.004Z","count":0,"first":null,"last":null,"on_ms":0,"known_ms":0}]}`
	if got := native.AppendBuckets("f", []home.Bucket{bucket, text, {From: 3, To: 4}}); string(got) != want {
		t.Errorf("the buckets are\n%s\nnot\n%s", got, want)
	}
}

func read(t *testing.T, text []byte, to any) {
	t.Helper()
	if err := json.Unmarshal(text, to); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}
