package history_test

import (
	"context"
	"path/filepath"
	"testing"

	"latchkey/home"
	"latchkey/stores/sql/history"
)

var ctx = context.Background()

func open(t testing.TB, cfg history.Config) *history.History {
	t.Helper()
	if cfg.Path == "" {
		cfg.Path = filepath.Join(t.TempDir(), "history.db")
	}
	h, err := history.Open(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return h
}

func TestEmpty(t *testing.T) {
	h := open(t, history.Config{})
	if f := h.Floor(); f != 0 {
		t.Errorf("floor %d", f)
	}
	if err := diffPoints(h, model{}, home.PointQuery{Feature: 7}); err != nil {
		t.Error(err)
	}
	if b, err := h.Buckets(ctx, home.BucketQuery{Feature: 7, Edges: []home.Time{0, 10}}); err != nil || len(b) != 1 || b[0].Count != 0 {
		t.Errorf("%v %v", b, err)
	}
	if _, points := h.Size(); points != 0 {
		t.Errorf("%d points", points)
	}
}
