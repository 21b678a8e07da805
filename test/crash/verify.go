//go:build crash

package crash

import (
	"fmt"
	"net/url"

	"latchkey/test/rig"
)

// kept reads back every value of a feature, with how often it is there.
func kept(s *rig.Server, feature string) (map[float64]int, error) {
	out := map[float64]int{}
	cursor := ""
	for {
		var page struct {
			States []struct {
				Seq   uint64  `json:"seq"`
				Value float64 `json:"value"`
			} `json:"states"`
			Next string `json:"next_cursor"`
		}
		q := url.Values{"feature": {feature}, "limit": {"1000"}}
		if cursor != "" {
			q.Set("cursor", cursor)
		}
		if err := s.Do("GET", "/states?"+q.Encode(), nil, &page); err != nil {
			return nil, err
		}
		for _, st := range page.States {
			out[st.Value]++
		}
		if cursor = page.Next; cursor == "" {
			return out, nil
		}
	}
}

// verify returns how many acknowledged states are missing, or there twice.
func verify(s *rig.Server, l *load) (lost, twice int, err error) {
	for w := range l.writers {
		have, err := kept(s, feature(w))
		if err != nil {
			return 0, 0, fmt.Errorf("read %s back: %w", feature(w), err)
		}
		for _, v := range l.acked[feature(w)] {
			switch have[v] {
			case 0:
				lost++
			case 1:
			default:
				twice++
			}
		}
	}
	return lost, twice, nil
}
