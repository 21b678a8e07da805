package demohouse

import (
	"sync"
	"time"

	"latchkey/home"
)

// Clock is the time of a whole demo house: hub, store, scenes and drivers go by
// it. It follows the machine's clock until Run, and from then on runs a number
// of times faster. It never goes back, from one start of the program to the
// next either: see NotBefore.
type Clock struct {
	wall home.Clock

	mu   sync.RWMutex
	from time.Time // of the wall
	base time.Time // what this clock showed then
	pace int64
}

// MaxPace is how many times faster than real time a demo house lives at most.
const MaxPace = 86400

// NewClock returns a clock that shows what wall shows.
func NewClock(wall home.Clock) *Clock {
	now := wall()
	return &Clock{wall: wall, from: now, base: now, pace: 1}
}

// Now is a home.Clock.
func (c *Clock) Now() time.Time {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.at(c.wall())
}

// at multiplies microseconds: a Duration would end after 292 years.
func (c *Clock) at(wall time.Time) time.Time {
	return time.UnixMicro(c.base.UnixMicro() + wall.Sub(c.from).Microseconds()*c.pace).UTC()
}

// NotBefore moves the clock on to t if it shows an earlier moment.
func (c *Clock) NotBefore(t home.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	wall := c.wall()
	if t > home.TimeOf(c.at(wall)) {
		c.from, c.base = wall, t.Std()
	}
}

// Run lets the clock run pace times faster from now on, 1 to MaxPace.
func (c *Clock) Run(pace int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	wall := c.wall()
	c.from, c.base, c.pace = wall, c.at(wall), int64(min(max(pace, 1), MaxPace))
}
