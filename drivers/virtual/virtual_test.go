package virtual_test

import (
	"testing"

	"latchkey/drivers/drivertest"
	"latchkey/drivers/virtual"
	"latchkey/home"
)

func TestDriver(t *testing.T) {
	drivertest.Run(t, drivertest.Suite{New: func(_ *testing.T, clock home.Clock) home.Driver { return virtual.New(clock) }})
}
