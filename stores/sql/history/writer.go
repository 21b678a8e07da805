package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"latchkey/home"
	"latchkey/stores/sql/history/chunk"
)

// writer is the one connection that writes. Whoever holds History.turn uses it.
type writer struct {
	cfg     *Config
	conn    *sql.Conn
	enc     chunk.Encoder
	dec     chunk.Reader
	samples []home.Sample

	putChunk, putSpan, putSeries, putFloor *sql.Stmt
	dropChunk, dropSpan                    *sql.Stmt
	getTail, getSpans, getBody, getLast    *sql.Stmt
}

func newWriter(ctx context.Context, cfg *Config, db *sql.DB) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{cfg: cfg, conn: conn}
	for _, p := range [...]struct {
		stmt **sql.Stmt
		text string
	}{
		{&w.putChunk, `INSERT OR REPLACE INTO chunk (id, body) VALUES ($1, $2)`},
		{&w.putSpan, `INSERT INTO span (feature, at, seq, num, head) VALUES ($1, $2, $3, $4, $5)`},
		{&w.putSeries, `INSERT OR REPLACE INTO series
			(feature, mark_row, mark_seq, erased, next, points, last_at, last_seq, tail_points, head, tail)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`},
		{&w.putFloor, `UPDATE meta SET floor = $1`},
		{&w.dropChunk, `DELETE FROM chunk WHERE id = $1`},
		{&w.dropSpan, `DELETE FROM span WHERE feature = $1 AND at = $2 AND seq = $3`},
		{&w.getTail, `SELECT head, tail FROM series WHERE feature = $1`},
		{&w.getSpans, `SELECT num, head FROM span WHERE feature = $1
			AND at >= coalesce((SELECT max(at) FROM span WHERE feature = $1 AND at < $2), $2)
			AND at <= max($3, coalesce((SELECT min(at) FROM span WHERE feature = $1 AND at >= $2), $3))
			ORDER BY at, seq`},
		{&w.getBody, `SELECT body FROM chunk WHERE id = $1`},
		{&w.getLast, `SELECT head FROM span WHERE feature = $1 ORDER BY at DESC, seq DESC LIMIT 1`},
	} {
		if *p.stmt, err = conn.PrepareContext(ctx, p.text); err != nil {
			return nil, errors.Join(err, w.close())
		}
	}
	return w, nil
}

func (w *writer) close() error {
	var errs []error
	for _, s := range [...]*sql.Stmt{w.putChunk, w.putSpan, w.putSeries, w.putFloor, w.dropChunk, w.dropSpan, w.getTail, w.getSpans, w.getBody, w.getLast} {
		if s != nil {
			errs = append(errs, s.Close())
		}
	}
	return errors.Join(append(errs, w.conn.Close())...)
}

// do runs one statement of a transaction behind a failpoint.
func (w *writer) do(ctx context.Context, point string, stmt *sql.Stmt, args ...any) error {
	err := w.cfg.Failpoint(point)
	if err == nil {
		_, err = stmt.ExecContext(ctx, args...)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", point, err)
	}
	return nil
}

// transact runs f in one transaction: all of it is on disk when it returns nil,
// none of it otherwise.
func (w *writer) transact(ctx context.Context, f func(ctx context.Context) error) error {
	ctx = context.WithoutCancel(ctx)
	if err := w.cfg.Failpoint("seal.begin"); err != nil {
		return fmt.Errorf("seal.begin: %w", err)
	}
	if _, err := w.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	err := f(ctx)
	if err == nil {
		err = w.cfg.Failpoint("seal.commit")
	}
	if err == nil {
		_, err = w.conn.ExecContext(ctx, "COMMIT")
	}
	if err != nil {
		// A failure such as a full disk may have ended the transaction already.
		_, _ = w.conn.ExecContext(ctx, "ROLLBACK")
		return err
	}
	return nil
}

// maxChunks is how many numbers a feature has for its chunks.
const maxChunks = 1 << 31

// chunkID is where a chunk's body lies.
func chunkID(feature uint32, num int64) int64 { return int64(feature)*maxChunks + num }
