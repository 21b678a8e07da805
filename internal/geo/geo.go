// Package geo measures on the earth: how far a point is from the edge of an
// area, anywhere, over the antimeridian and at the poles.
package geo

import (
	"math"

	"latchkey/home"
)

// Radius is the earth's mean radius in metres. A sphere is within 0.6 % of the
// real shape, less than a phone is wrong.
const Radius = 6371008.8

// Widest is how far, in metres, a polygon's corners may be from its first one.
const Widest = 100000

// Distance returns the metres between two points along the surface.
func Distance(a, b home.Coordinate) float64 {
	lat1, lat2 := radians(a.Latitude), radians(b.Latitude)
	sinLat := math.Sin((lat2 - lat1) / 2)
	sinLon := math.Sin(radians(b.Longitude-a.Longitude) / 2)
	h := sinLat*sinLat + math.Cos(lat1)*math.Cos(lat2)*sinLon*sinLon
	return 2 * Radius * math.Asin(math.Sqrt(min(h, 1)))
}

// Edge returns the metres from p to the edge of a: negative inside, positive
// outside. An area that is neither circle nor polygon is infinitely far away.
func Edge(a home.Area, p home.Coordinate) float64 {
	switch {
	case a.Circle != nil:
		return Distance(home.Coordinate{Latitude: a.Circle.Latitude, Longitude: a.Circle.Longitude}, p) - a.Circle.Radius
	case len(a.Polygon) >= 3:
		return polygonEdge(a.Polygon, p)
	}
	return math.Inf(1)
}

func radians(degrees float64) float64 { return degrees * math.Pi / 180 }

// spot is a point on the plane, in metres.
type spot struct{ x, y float64 }

// project lays b onto the plane that touches the earth at a, keeping its
// distance and direction from a. It knows no antimeridian and no poles.
func project(a, b home.Coordinate) spot {
	lat1, lat2, turn := radians(a.Latitude), radians(b.Latitude), radians(b.Longitude-a.Longitude)
	east := math.Sin(turn) * math.Cos(lat2)
	north := math.Cos(lat1)*math.Sin(lat2) - math.Sin(lat1)*math.Cos(lat2)*math.Cos(turn)
	length := math.Hypot(east, north)
	if length == 0 {
		return spot{y: Distance(a, b)} // the same point, or the other end of the earth
	}
	d := Distance(a, b) / length
	return spot{east * d, north * d}
}
