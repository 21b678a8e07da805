package gladys

import (
	"time"

	"latchkey/home"
)

// parseMoment reads created_at: ISO 8601 with an offset, as clients really
// write it. Without an offset nobody knows which moment is meant, so that is
// refused. Errors: Invalid.
func parseMoment(s string) (home.Time, error) {
	m, err := home.ParseTime(s)
	if err == nil {
		return m, nil
	}
	for _, layout := range [...]string{"2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07", "2006-01-02T15:04Z07:00", "2006-01-02T15:04Z0700",
		"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05Z0700", "2006-01-02 15:04:05 Z0700"} {
		if t, e := time.Parse(layout, s); e == nil {
			return home.ParseTime(t.Format(time.RFC3339Nano))
		}
	}
	return 0, err
}
