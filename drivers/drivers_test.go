package drivers_test

import (
	"os"
	"testing"

	"latchkey/drivers"
)

// Every folder with a driver in it is listed once, under its own name.
func TestAllAreListed(t *testing.T) {
	listed := map[string]int{}
	for _, d := range drivers.All(drivers.Options{}) {
		listed[d.Name()]++
	}
	folders, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		if !f.IsDir() || f.Name() == "drivertest" {
			continue
		}
		if listed[f.Name()] != 1 {
			t.Errorf("the driver %s is listed %d times in all.go, want once", f.Name(), listed[f.Name()])
		}
		delete(listed, f.Name())
	}
	for name := range listed {
		t.Errorf("the listed driver %s has no folder of its name", name)
	}
}
