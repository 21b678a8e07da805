package native

import (
	"reflect"

	"latchkey/dialects/native/rest"
	"latchkey/home"
	"latchkey/hub"
)

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

type bucketList struct {
	Feature string   `json:"feature"`
	Every   string   `json:"every"`
	Buckets []bucket `json:"buckets"`
}

type bucketQuery struct {
	Feature string     `query:"feature" required:"true" doc:"external id"`
	From    home.Time  `query:"from" required:"true"`
	To      home.Time  `query:"to" doc:"now when left out"`
	Every   home.Every `query:"every" default:"1h" doc:"a count and s, m, h, d, w, mo or y"`
}

func (a *api) listBuckets(c *rest.Call, in *bucketQuery) (bucketList, error) {
	all, err := a.hub.Buckets(c, c.ID, hub.BucketRequest{Feature: in.Feature, From: in.From, To: in.To, Every: in.Every})
	out := bucketList{Feature: in.Feature, Every: in.Every.String(), Buckets: make([]bucket, len(all))}
	for i := range all {
		out.Buckets[i] = shownBucket(&all[i])
	}
	return out, err
}

func shownBucket(b *home.Bucket) bucket {
	out := bucket{From: b.From, To: b.To, Count: b.Count, On: b.On, Known: b.Known}
	if b.Count == 0 {
		return out
	}
	out.First, out.Last = shown{&b.First.Value}, shown{&b.Last.Value}
	if !b.First.Value.IsText {
		mean := b.Sum / float64(b.Count)
		out.Min, out.Max, out.Sum, out.Mean = &b.Min, &b.Max, &b.Sum, &mean
	}
	return out
}

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }
