package stream

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"unicode/utf8"

	"latchkey/bus"
	"latchkey/home"
)

// Encode returns an entry as the API shows it: one JSON object on one line.
// It has the form that bus.Entry.Frame keeps for all followers.
func Encode(e *bus.Entry) []byte {
	b := make([]byte, 0, 384)
	b = append(b, `{"seq":`...)
	b = strconv.AppendUint(b, e.Seq, 10)
	if e.State != nil {
		return appendState(b, e)
	}
	return appendEvent(b, e.Event)
}

// JSON returns the shared encoding of e.
func JSON(e *bus.Entry) []byte { return e.Frame(Encode) }

func appendState(b []byte, e *bus.Entry) []byte {
	c := e.State
	b = append(b, `,"type":"state"`...)
	b = appendTimes(b, c.New.At, c.New.Received)
	b = appendMember(b, "house", string(e.House))
	if c.Feature != nil {
		b = appendMember(b, "subject", c.Feature.ExternalID)
		b = appendMember(b, "feature", c.Feature.ExternalID)
	}
	if c.Device != nil {
		b = appendMember(b, "device", string(c.Device.ID))
	}
	if c.New.Value.IsText {
		b = append(b, `,"text":`...)
	} else {
		b = append(b, `,"value":`...)
	}
	b = appendValue(b, c.New.Value)
	b = append(b, `,"old":`...)
	if c.Old == nil {
		b = append(b, "null"...)
	} else {
		b = appendValue(b, c.Old.Value)
	}
	b = strconv.AppendBool(append(b, `,"changed":`...), c.Changed)
	b = strconv.AppendBool(append(b, `,"current":`...), c.Current)
	if c.New.Flagged {
		b = append(b, `,"flagged":true`...)
	}
	return append(appendCause(b, c.New.Cause), '}')
}

func appendEvent(b []byte, e *home.Event) []byte {
	b = appendMember(b, "type", e.Type)
	b = appendTimes(b, e.At, e.Received)
	b = appendMember(b, "house", string(e.House))
	if e.Subject != "" {
		b = appendMember(b, "subject", e.Subject)
	}
	if len(e.Data) > 0 {
		b = append(b, `,"data":`...)
		b = appendRaw(b, e.Data)
	}
	return append(appendCause(b, e.Cause), '}')
}

func appendTimes(b []byte, at, received home.Time) []byte {
	b = at.AppendJSON(append(b, `,"at":`...))
	return received.AppendJSON(append(b, `,"received_at":`...))
}

// appendRaw appends stored JSON in one line; what does not read is left out.
func appendRaw(b []byte, raw []byte) []byte {
	if bytes.IndexByte(raw, '\n') < 0 && bytes.IndexByte(raw, '\r') < 0 {
		return append(b, raw...)
	}
	var line bytes.Buffer
	if json.Compact(&line, raw) != nil {
		return append(b, "null"...)
	}
	return append(b, line.Bytes()...)
}

func appendCause(b []byte, c home.Cause) []byte {
	b = append(b, `,"cause":[`...)
	for i := range c {
		if i > 0 {
			b = append(b, ',')
		}
		l := &c[i]
		b = AppendText(append(b, `{"kind":`...), l.Kind)
		if l.ID != "" {
			b = appendMember(b, "id", string(l.ID))
		}
		if l.Name != "" {
			b = appendMember(b, "name", l.Name)
		}
		if l.Seq != 0 {
			b = strconv.AppendUint(append(b, `,"seq":`...), l.Seq, 10)
		}
		b = append(b, '}')
	}
	return append(b, ']')
}

func appendMember(b []byte, name, value string) []byte {
	b = append(b, ',', '"')
	b = append(b, name...)
	return AppendText(append(b, '"', ':'), value)
}

// AppendValue appends v as JSON: a number, a text, or null for nil.
func AppendValue(b []byte, v *home.Value) []byte {
	if v == nil {
		return append(b, "null"...)
	}
	return appendValue(b, *v)
}

func appendValue(b []byte, v home.Value) []byte {
	if v.IsText {
		return AppendText(b, v.Text)
	}
	return AppendNumber(b, v.Number)
}

// AppendNumber appends n as JSON writes numbers; what is not finite as null.
func AppendNumber(b []byte, n float64) []byte {
	if math.IsNaN(n) || math.IsInf(n, 0) {
		return append(b, "null"...)
	}
	if short, ok := appendShort(b, n); ok {
		return short
	}
	if a := math.Abs(n); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.AppendFloat(b, n, 'e', -1, 64)
	}
	return strconv.AppendFloat(b, n, 'f', -1, 64)
}

// appendShort appends a number of at most three decimals and twelve digits, which
// is what devices measure. A decimal of so few digits that reads as n is the
// shortest one that does, since no two of them read as the same number.
func appendShort(b []byte, n float64) ([]byte, bool) {
	thousandths := math.Round(n * 1000)
	if n == 0 || math.Abs(thousandths) >= 1e12 || thousandths/1000 != n {
		return b, false
	}
	whole := int64(thousandths)
	if whole < 0 {
		b, whole = append(b, '-'), -whole
	}
	b = strconv.AppendInt(b, whole/1000, 10)
	rest := whole % 1000
	if rest == 0 {
		return b, true
	}
	b = append(b, '.', byte('0'+rest/100), byte('0'+rest/10%10), byte('0'+rest%10))
	for b[len(b)-1] == '0' {
		b = b[:len(b)-1]
	}
	return b, true
}

// AppendText appends s as a JSON text.
func AppendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			q, err := json.Marshal(s)
			if err != nil {
				return append(b, `""`...)
			}
			return append(b, q...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
