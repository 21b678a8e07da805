package geo

import (
	"math"

	"latchkey/home"
)

// polygonEdge looks at the corners from p, where the plane is true. Far from p
// the plane is not, so a polygon that is far away is only measured roughly.
func polygonEdge(corners []home.Coordinate, p home.Coordinate) float64 {
	if d := Distance(corners[0], p); d > 10*Widest {
		return d - Widest
	}
	inside, nearest := false, math.Inf(1)
	a := project(p, corners[len(corners)-1])
	for _, c := range corners {
		b := project(p, c)
		nearest = min(nearest, toSegment(a, b))
		if (a.y > 0) != (b.y > 0) && a.x+(b.x-a.x)*a.y/(a.y-b.y) > 0 {
			inside = !inside // the side crosses the ray that goes east from p
		}
		a = b
	}
	if inside {
		return -nearest
	}
	return nearest
}

// toSegment returns the distance from the origin to the side from a to b.
func toSegment(a, b spot) float64 {
	dx, dy := b.x-a.x, b.y-a.y
	along := 0.0
	if square := dx*dx + dy*dy; square > 0 {
		along = min(max(-(a.x*dx+a.y*dy)/square, 0), 1)
	}
	return math.Hypot(a.x+along*dx, a.y+along*dy)
}

// Extent returns the square metres that a polygon encloses and how far its
// farthest corner is from the first. Sides that cross each other take area
// away.
func Extent(corners []home.Coordinate) (square, across float64) {
	if len(corners) == 0 {
		return 0, 0
	}
	a := project(corners[0], corners[len(corners)-1])
	for _, c := range corners {
		b := project(corners[0], c)
		square += (a.x*b.y - b.x*a.y) / 2
		across = max(across, math.Hypot(b.x, b.y))
		a = b
	}
	return math.Abs(square), across
}
