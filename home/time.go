package home

import (
	"encoding/json"
	"fmt"
	"time"
)

// Time is a moment in UTC milliseconds since 1970. The zero Time means "never".
// Its JSON form is ISO 8601 with milliseconds; zero is null.
type Time int64

// isoMillis is the one way a moment is written outside: UTC, milliseconds.
const isoMillis = "2006-01-02T15:04:05.000Z"

// TimeOf returns t in milliseconds, cutting finer parts off.
func TimeOf(t time.Time) Time { return Time(t.UnixMilli()) }

// Std returns t as the standard library's time, in UTC.
func (t Time) Std() time.Time { return time.UnixMilli(int64(t)).UTC() }

// Add returns t moved by d.
func (t Time) Add(d time.Duration) Time { return t + Time(d.Milliseconds()) }

// Sub returns t-u.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t-u) * time.Millisecond }

// String returns t as ISO 8601 in UTC, or "" for never.
func (t Time) String() string {
	if t == 0 {
		return ""
	}
	return t.Std().Format(isoMillis)
}

// AppendJSON appends t's JSON form to b.
func (t Time) AppendJSON(b []byte) []byte {
	if t == 0 {
		return append(b, "null"...)
	}
	at := t.Std()
	year, month, day := at.Date()
	if year < 0 || year > 9999 {
		return at.AppendFormat(b, `"`+isoMillis+`"`)
	}
	hour, minute, second := at.Clock()
	b = append(b, '"', digit(year/1000), digit(year/100), digit(year/10), digit(year))
	b = append(b, '-', digit(int(month)/10), digit(int(month)), '-', digit(day/10), digit(day))
	b = append(b, 'T', digit(hour/10), digit(hour), ':', digit(minute/10), digit(minute), ':', digit(second/10), digit(second))
	millis := at.Nanosecond() / 1e6
	return append(b, '.', digit(millis/100), digit(millis/10), digit(millis), 'Z', '"')
}

// digit is the last decimal digit of n. Histories are mostly moments, and
// writing them digit by digit takes a third of the time that a layout takes.
func digit(n int) byte { return byte('0' + n%10) }

// MarshalJSON implements json.Marshaler.
func (t Time) MarshalJSON() ([]byte, error) { return t.AppendJSON(nil), nil }

// UnmarshalJSON implements json.Unmarshaler. It reads what ParseTime reads, and null.
func (t *Time) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*t = 0
		return nil
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return Errorf(Invalid, "a moment is a text like 2026-03-29T07:00:00Z, not %.40s", b)
	}
	p, err := ParseTime(s)
	*t = p
	return err
}

// ParseTime reads a moment as ISO 8601 with an offset or Z, at any precision
// down to nanoseconds. Years outside 1970 to 9999 are refused with Invalid.
func ParseTime(s string) (Time, error) {
	p, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return 0, Errorf(Invalid, "%.40q is not a moment; write one like 2026-03-29T07:00:00Z or 2026-03-29T09:00:00+02:00", s)
	}
	if p.UnixMilli() < 0 || p.UTC().Year() > 9999 {
		return 0, Errorf(Invalid, "%.40q is outside the years 1970 to 9999", s)
	}
	return TimeOf(p), nil
}

// Clock tells the time. Everything that depends on time takes one, so that
// tests choose it.
type Clock func() time.Time

// Now returns the clock's moment.
func (c Clock) Now() Time { return TimeOf(c()) }

// Every is the width of a history bucket.
type Every struct {
	Count int
	Unit  string // "s", "m", "h", "d", "w", "mo" or "y"
}

// String returns e as it is written: 15m, 1h, 1d.
func (e Every) String() string { return fmt.Sprintf("%d%s", e.Count, e.Unit) }
