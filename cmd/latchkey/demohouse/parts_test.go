package demohouse_test

import (
	"latchkey/drivers/virtual"
	"latchkey/home"
	memstore "latchkey/stores/memory"
)

func memory() home.Store { return memstore.New() }

func drivers() []home.Driver { return []home.Driver{virtual.New(wall)} }
