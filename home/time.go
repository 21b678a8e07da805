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
	if t < 0 || t > lastMoment {
		return t.Std().AppendFormat(b, `"`+isoMillis+`"`)
	}
	days, millis := uint32(t/dayMillis), uint32(t%dayMillis)
	year, month, day := civil(days)
	b = append(b, `"0000-00-00T00:00:00.000Z"`...)
	p := b[len(b)-26:]
	twoDigits(p[1:3], year/100)
	twoDigits(p[3:5], year%100)
	twoDigits(p[6:8], month)
	twoDigits(p[9:11], day)
	seconds, fine := millis/1000, millis%1000
	twoDigits(p[12:14], seconds/3600)
	twoDigits(p[15:17], seconds/60%60)
	twoDigits(p[18:20], seconds%60)
	p[21] = byte('0' + fine/100)
	twoDigits(p[22:24], fine%100)
	return b
}

const (
	dayMillis  = 24 * 60 * 60 * 1000
	lastMoment = Time(253402300799999) // the end of the year 9999
)

// twoDigits writes n, below 100, into p. Histories are mostly moments: written
// like this they take a fraction of the time that a layout takes.
func twoDigits(p []byte, n uint32) {
	_ = p[1]
	tens := n / 10
	p[0], p[1] = byte('0'+tens), byte('0'+n-10*tens)
}

// civil returns the date that lies so many days after 1970-01-01. It counts in
// years that begin in March, so that the day of a leap year is the last one, and
// in quarters of days, so that centuries and years are of one length each (Neri
// and Schneider, Euclidean affine functions, 2022).
func civil(days uint32) (year, month, day uint32) {
	quarters := 4*(days+719_468) + 3 // since the 1st of March of the year 0
	century := quarters / 146_097
	inCentury := uint64(2_939_745) * uint64(quarters%146_097|3)
	inYear := uint32(inCentury) / 2_939_745 / 4
	months := 2141*inYear + 197_913
	year, month, day = 100*century+uint32(inCentury>>32), months>>16, months&0xffff/2141+1
	if inYear >= 306 {
		month -= 12
		year++
	}
	return year, month, day
}

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
// down to nanoseconds. Years outside 1970 to 9999 are refused with Invalid
// (moment_range). The first millisecond of 1970, to which clocks fall back that
// were never set, is read as the next one: the zero Time is no moment.
func ParseTime(s string) (Time, error) {
	p, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return 0, Errorf(Invalid, "%.40q is not a moment; write one like 2026-03-29T07:00:00Z or 2026-03-29T09:00:00+02:00", s)
	}
	if p.UnixMilli() < 0 || p.UTC().Year() > 9999 {
		return 0, Errorf(Invalid, "%.40q is outside the years 1970 to 9999", s).Because("moment_range")
	}
	return max(TimeOf(p), 1), nil
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
