package native

import "latchkey/home"

// AppendStates is a page of states as it is written.
func AppendStates(feature, cursor string, list []home.Sample) []byte {
	return stateList{States: sampleList{feature: feature, list: list}, Cursor: cursor}.AppendJSON(nil)
}

// AppendBuckets is an answer of buckets as it is written.
func AppendBuckets(feature string, list []home.Bucket) []byte {
	return bucketList{Feature: feature, Every: "1h", Buckets: list}.AppendJSON(nil)
}
