package native

import (
	"reflect"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"latchkey/dialects/native/rest"
	"latchkey/dialects/native/stream"
	"latchkey/home"
	"latchkey/hub"
)

// bucket is the form of one bucket.
type bucket struct {
	From  home.Time `json:"from"`
	To    home.Time `json:"to"`
	Count int64     `json:"count"`
	Min   *float64  `json:"min,omitempty"`
	Max   *float64  `json:"max,omitempty"`
	Mean  *float64  `json:"mean,omitempty"`
	Sum   *float64  `json:"sum,omitempty"`
	First shown     `json:"first"`
	Last  shown     `json:"last"`
	On    int64     `json:"on_ms" doc:"for how long the value was not 0"`
	Known int64     `json:"known_ms" doc:"for how long there was a value at all"`
}

// bucketList is the answer to listBuckets. There may be thousands, so it writes
// its own JSON.
type bucketList struct {
	Feature string     `json:"feature"`
	Every   string     `json:"every"`
	Buckets bucketRows `json:"buckets"`
}

// AppendJSON appends what encoding/json would make of l.
func (l bucketList) AppendJSON(b []byte) []byte {
	b = stream.AppendText(append(b, `{"feature":`...), l.Feature)
	b = stream.AppendText(append(b, `,"every":`...), l.Every)
	b = l.Buckets.appendJSON(append(b, `,"buckets":`...))
	return append(b, '}')
}

// bucketRows is buckets as they are shown.
type bucketRows []home.Bucket

// Schema implements huma.SchemaProvider.
func (bucketRows) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeArray, Items: r.Schema(typeOf[bucket](), true, "Bucket")}
}

// MarshalJSON implements json.Marshaler.
func (l bucketRows) MarshalJSON() ([]byte, error) { return l.appendJSON(nil), nil }

func (l bucketRows) appendJSON(b []byte) []byte {
	b = append(slices.Grow(b, len(l)*usualBucket), '[')
	for i := range l {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendBucket(b, &l[i])
	}
	return append(b, ']')
}

// appendBucket appends one bucket, in the form of the type of that name.
func appendBucket(b []byte, row *home.Bucket) []byte {
	b = row.From.AppendJSON(append(b, `{"from":`...))
	b = row.To.AppendJSON(append(b, `,"to":`...))
	b = strconv.AppendInt(append(b, `,"count":`...), row.Count, 10)
	var first, last *home.Value
	if row.Count > 0 {
		first, last = &row.First.Value, &row.Last.Value
		if !first.IsText {
			b = stream.AppendNumber(append(b, `,"min":`...), row.Min)
			b = stream.AppendNumber(append(b, `,"max":`...), row.Max)
			b = stream.AppendNumber(append(b, `,"mean":`...), row.Sum/float64(row.Count))
			b = stream.AppendNumber(append(b, `,"sum":`...), row.Sum)
		}
	}
	b = stream.AppendValue(append(b, `,"first":`...), first)
	b = stream.AppendValue(append(b, `,"last":`...), last)
	b = strconv.AppendInt(append(b, `,"on_ms":`...), row.On, 10)
	b = strconv.AppendInt(append(b, `,"known_ms":`...), row.Known, 10)
	return append(b, '}')
}

type bucketQuery struct {
	Feature string     `query:"feature" required:"true" doc:"external id"`
	From    home.Time  `query:"from" required:"true"`
	To      home.Time  `query:"to" doc:"now when left out"`
	Every   home.Every `query:"every" default:"1h" doc:"a count and s, m, h, d, w, mo or y"`
}

func (a *api) listBuckets(c *rest.Call, in *bucketQuery) (bucketList, error) {
	all, err := a.hub.Buckets(c, c.ID, hub.BucketRequest{Feature: in.Feature, From: in.From, To: in.To, Every: in.Every})
	return bucketList{Feature: in.Feature, Every: in.Every.String(), Buckets: all}, err
}

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }
