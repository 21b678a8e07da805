package native

import (
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"latchkey/dialects/native/stream"
	"latchkey/home"
)

// stateList is a page of a feature's history. A page is long, so it writes its
// own JSON.
type stateList struct {
	States sampleList `json:"states"`
	Cursor string     `json:"next_cursor,omitempty" doc:"left out on the last page"`
}

// Next implements rest.Paged.
func (l stateList) Next() string { return l.Cursor }

// AppendJSON appends what encoding/json would make of l.
func (l stateList) AppendJSON(b []byte) []byte {
	b = l.States.appendJSON(append(b, `{"states":`...))
	if l.Cursor != "" {
		b = stream.AppendText(append(b, `,"next_cursor":`...), l.Cursor)
	}
	return append(b, '}')
}

// usualSample and usualBucket are about how many bytes one of a list takes, the
// feature's id not counted: room is made for all of them at once.
const usualSample, usualBucket = 68, 224

// sampleList is values of one feature, as states.
type sampleList struct {
	feature string
	list    []home.Sample
}

// Schema implements huma.SchemaProvider.
func (sampleList) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeArray, Items: r.Schema(typeOf[state](), true, "State")}
}

// MarshalJSON implements json.Marshaler.
func (l sampleList) MarshalJSON() ([]byte, error) { return l.appendJSON(nil), nil }

func (l sampleList) appendJSON(b []byte) []byte {
	feature := stream.AppendText([]byte(`{"feature":`), l.feature)
	b = append(slices.Grow(b, len(l.list)*(len(feature)+usualSample)), '[')
	for i := range l.list {
		s := &l.list[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, feature...), `,"seq":`...)
		b = strconv.AppendUint(b, s.Seq, 10)
		b = s.At.AppendJSON(append(b, `,"at":`...))
		if s.Value.IsText {
			b = append(b, `,"text":`...)
		} else {
			b = append(b, `,"value":`...)
		}
		b = append(stream.AppendValue(b, &s.Value), '}')
	}
	return append(b, ']')
}
