package demo

import (
	"math"
	"math/rand/v2"
)

// stream keeps one kind of chance apart from the others.
type stream uint64

// Streams. Each person has three, from actsOf, daysOf and movesOf on.
const (
	clouds stream = iota + 1
	warmSpells
	gusts
	dampness
	showers
	batteries
	wash
	meals
	rings
	airing
	television
	pulse
	actsOf  stream = 100
	daysOf  stream = 200
	movesOf stream = 300
)

// dice gives chance that depends on nothing but the seed, the stream and the
// number of the throw, so that the same seed gives the same house, wherever one
// begins to look at it.
type dice uint64

// throw returns a number in [0, 1).
func (d dice) throw(s stream, n int64) float64 {
	var p rand.PCG
	p.Seed(uint64(d)^uint64(s)*0x9e3779b97f4a7c15, uint64(n))
	return float64(p.Uint64()>>11) / (1 << 53)
}

// drift is a smooth wandering between 0 and 1 that turns about every period
// seconds.
func (d dice) drift(s stream, seconds, period float64) float64 {
	at := seconds / period
	n := math.Floor(at)
	u := at - n
	a, b := d.throw(s, int64(n)), d.throw(s, int64(n)+1)
	return a + (b-a)*u*u*(3-2*u)
}

// hand is a short row of throws, one after the other.
type hand struct{ pcg rand.PCG }

func (d dice) hand(s stream, n int64) *hand {
	h := &hand{}
	h.pcg.Seed(uint64(d)^uint64(s)*0x9e3779b97f4a7c15, uint64(n))
	return h
}

// about returns a number around middle, at most spread away.
func (h *hand) about(middle, spread float64) float64 {
	return middle + (h.next()*2-1)*spread
}

func (h *hand) next() float64 { return float64(h.pcg.Uint64()>>11) / (1 << 53) }
