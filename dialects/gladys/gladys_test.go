package gladys_test

import (
	"testing"

	"latchkey/dialects/dialecttest"
	"latchkey/dialects/gladys"
	"latchkey/hub"
	"latchkey/internal/wire"
)

func open(h *hub.Hub) (wire.Dialect, error) {
	return gladys.New(h, gladys.Options{Version: "1.4.0"}), nil
}

func TestGolden(t *testing.T) { dialecttest.NewKit(t, nil, open).Golden(t, "testdata") }

func TestSecurity(t *testing.T) { dialecttest.NewKit(t, nil, open).Security(t, "testdata") }
