package gladys_test

import (
	"os"
	"strings"
	"sync"
	"testing"

	"latchkey/dialects/dialecttest"
	"latchkey/dialects/gladys"
	"latchkey/drivers/mqtt"
	"latchkey/hub"
	"latchkey/internal/wire"
)

func open(h *hub.Hub) (wire.Dialect, error) {
	return gladys.New(h, gladys.Options{Version: "1.4.0"}), nil
}

// houses is the fixture, made once.
var houses struct {
	once sync.Once
	kit  *dialecttest.Kit
}

func kit(t testing.TB) *dialecttest.Kit {
	t.Helper()
	houses.once.Do(func() {
		houses.kit = dialecttest.NewKit(t, func(c *hub.Config) { c.Drivers = append(c.Drivers, mqtt.New(nil, nil)) }, open)
	})
	return houses.kit
}

func TestGolden(t *testing.T) { kit(t).Golden(t, "testdata") }

func TestSecurity(t *testing.T) { kit(t).Security(t, "testdata") }

// TestRoutesAreDescribed: the README names each route.
func TestRoutesAreDescribed(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	d, err := open(kit(t).World(t).Hub)
	if err != nil {
		t.Fatal(err)
	}
	for i := range d.Routes {
		if pattern := d.Routes[i].Pattern(); !strings.Contains(string(readme), "`"+pattern+"`") {
			t.Errorf("README.md does not name %s", pattern)
		}
	}
}
