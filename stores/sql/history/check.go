package history

import (
	"context"
	"fmt"

	"latchkey/home"
	"latchkey/stores/sql/history/chunk"
)

// Check implements home.Checker: SQLite's own check, then every chunk with its
// checksum, order and count.
func (h *History) Check(ctx context.Context) ([]string, error) {
	found, err := h.strings(ctx, `SELECT integrity_check FROM pragma_integrity_check`)
	if err != nil {
		return nil, err
	}
	if len(found) == 1 && found[0] == "ok" {
		found = nil
	}
	orphans, err := h.strings(ctx, `SELECT printf('feature %d: chunk %d is not listed', id >> 31, id & 2147483647) FROM chunk c
		WHERE NOT EXISTS (SELECT 1 FROM span s WHERE s.feature = c.id >> 31 AND s.num = c.id & 2147483647)`)
	if err != nil {
		return nil, err
	}
	found = append(found, orphans...)
	h.mu.Lock()
	features := make([]uint32, 0, len(h.series))
	for num := range h.series {
		features = append(features, num)
	}
	h.mu.Unlock()
	for _, num := range features {
		lines, err := h.checkFeature(ctx, num)
		if err != nil {
			return found, err
		}
		found = append(found, lines...)
	}
	return found, nil
}

func (h *History) strings(ctx context.Context, query string) ([]string, error) {
	rows, err := h.read.QueryContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("check the history: %w", err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return out, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// checkFeature reads all that the file has of a feature, in one snapshot.
func (h *History) checkFeature(ctx context.Context, feature uint32) ([]string, error) {
	rows, err := h.read.QueryContext(ctx, `SELECT points, tail_points, head, tail, 1, -1 FROM series WHERE feature = $1
		UNION ALL SELECT * FROM (SELECT 0, 0, s.head, c.body, 0, s.num FROM span s LEFT JOIN chunk c ON c.id = (s.feature << 31) + s.num
			WHERE s.feature = $1 ORDER BY s.at, s.seq)`, feature)
	if err != nil {
		return nil, fmt.Errorf("check feature %d: %w", feature, err)
	}
	defer rows.Close()
	var out []string
	var points, tailPoints, count int64
	var r chunk.Reader
	var end home.Cursor = noChunk
	for rows.Next() {
		var a, b, isTail, num int64
		var head, body []byte
		if err := rows.Scan(&a, &b, &head, &body, &isTail, &num); err != nil {
			return out, err
		}
		if isTail == 1 {
			points, tailPoints = a, b
			if len(head) == 0 {
				continue
			}
		}
		place := fmt.Sprintf("feature %d chunk %d", feature, num)
		samples, err := readAll(&r, head, body)
		switch {
		case err != nil:
			out = append(out, fmt.Sprintf("%s: %v", place, err))
		case len(samples) != r.Head.Count:
			out = append(out, fmt.Sprintf("%s: %d points of %d", place, len(samples), r.Head.Count))
		case isTail == 1 && int64(len(samples)) != tailPoints:
			out = append(out, fmt.Sprintf("%s: %d points in the tail, %d expected", place, len(samples), tailPoints))
		}
		if isTail == 1 || err != nil {
			continue
		}
		count += int64(len(samples))
		for _, s := range samples {
			if c := cursorOf(s); !before(end, c) {
				out = append(out, fmt.Sprintf("%s: points out of order", place))
				break
			} else {
				end = c
			}
		}
	}
	if len(out) == 0 && count != points {
		out = append(out, fmt.Sprintf("feature %d: %d points in chunks, %d expected", feature, count, points))
	}
	return out, rows.Err()
}

func readAll(r *chunk.Reader, head, body []byte) ([]home.Sample, error) {
	if err := r.Reset(head, body); err != nil {
		return nil, err
	}
	return r.Append(nil)
}
