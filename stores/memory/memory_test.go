package memory_test

import (
	"testing"

	"latchkey/home"
	"latchkey/stores/memory"
	"latchkey/stores/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, storetest.Subject{Open: func(*testing.T) home.Store { return memory.New() }})
}

func TestSize(t *testing.T) {
	s := memory.New()
	g := home.Group{Points: []home.Point{{House: "a", Feature: 1, Seq: 1, At: 1, History: true}, {House: "a", Feature: 1, Seq: 2, At: 2}}}
	if err := s.Write(t.Context(), &g); err != nil {
		t.Fatal(err)
	}
	if bytes, points := s.Size(); bytes == 0 || points != 1 {
		t.Errorf("size %d bytes, %d points", bytes, points)
	}
}
