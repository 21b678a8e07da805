package geo_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"latchkey/home"
	"latchkey/internal/geo"
)

func at(lat, lon float64) home.Coordinate { return home.Coordinate{Latitude: lat, Longitude: lon} }

// turned moves c around the earth's axis.
func turned(c home.Coordinate, degrees float64) home.Coordinate {
	c.Longitude = math.Mod(c.Longitude+degrees+540, 360) - 180
	return c
}

// step walks metres from c in a direction in radians, 0 = north. It goes by
// vectors, which no pole disturbs.
func step(c home.Coordinate, metres, direction float64) home.Coordinate {
	sinLat, cosLat := math.Sincos(c.Latitude * math.Pi / 180)
	sinLon, cosLon := math.Sincos(c.Longitude * math.Pi / 180)
	up := [3]float64{cosLat * cosLon, cosLat * sinLon, sinLat}
	north := [3]float64{-sinLat * cosLon, -sinLat * sinLon, cosLat}
	east := [3]float64{-sinLon, cosLon, 0}
	sin, cos := math.Sincos(metres / geo.Radius)
	var to [3]float64
	for i := range to {
		to[i] = up[i]*cos + (north[i]*math.Cos(direction)+east[i]*math.Sin(direction))*sin
	}
	return at(math.Atan2(to[2], math.Hypot(to[0], to[1]))*180/math.Pi, math.Atan2(to[1], to[0])*180/math.Pi)
}

func ring(center home.Coordinate, radius float64, corners int) home.Area {
	a := home.Area{}
	for i := range corners {
		a.Polygon = append(a.Polygon, step(center, radius, 2*math.Pi*float64(i)/float64(corners)))
	}
	return a
}

func coordinate(t *rapid.T, name string) home.Coordinate {
	return at(rapid.Float64Range(-90, 90).Draw(t, name+" lat"), rapid.Float64Range(-180, 180).Draw(t, name+" lon"))
}

func TestDistances(t *testing.T) {
	for _, c := range []struct {
		a, b home.Coordinate
		want float64
	}{
		{at(48.8584, 2.2945), at(48.8584, 2.2945), 0},
		{at(48.8584, 2.2945), at(51.5007, -0.1246), 340600}, // Eiffel Tower to Big Ben
		{at(0, 179.9999), at(0, -179.9999), 22.24},
		{at(89.9999, 0), at(89.9999, 180), 22.24},
		{at(90, 10), at(90, -120), 0},
		{at(0, 0), at(0, 180), math.Pi * geo.Radius},
		{at(90, 0), at(-90, 0), math.Pi * geo.Radius},
	} {
		if got := geo.Distance(c.a, c.b); math.Abs(got-c.want) > max(0.01, c.want*0.002) {
			t.Errorf("%v to %v is %.2f m, want %.2f", c.a, c.b, got, c.want)
		}
	}
}

// TestCircle: walking from the centre tells the distance to the edge, anywhere.
func TestCircle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := coordinate(t, "centre")
		radius, walked := rapid.Float64Range(10, 100000).Draw(t, "radius"), rapid.Float64Range(0, 200000).Draw(t, "walked")
		p := step(c, walked, rapid.Float64Range(0, 2*math.Pi).Draw(t, "direction"))
		area := home.Area{Circle: &home.Circle{Latitude: c.Latitude, Longitude: c.Longitude, Radius: radius}}
		if got := geo.Edge(area, p); math.Abs(got-(walked-radius)) > 0.1 {
			t.Errorf("%.2f m to the edge, want %.2f", got, walked-radius)
		}
	})
}

// TestPolygon: a ring of many corners is all but a circle, at the poles and the
// antimeridian too.
func TestPolygon(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := coordinate(t, "centre")
		if rapid.Bool().Draw(t, "pole") {
			c.Latitude = math.Copysign(90-rapid.Float64Range(0, 0.01).Draw(t, "off"), c.Latitude)
		}
		radius := rapid.Float64Range(10, 40000).Draw(t, "radius")
		walked := rapid.Float64Range(0, 3*radius).Draw(t, "walked")
		p := step(c, walked, rapid.Float64Range(0, 2*math.Pi).Draw(t, "direction"))
		if got := geo.Edge(ring(c, radius, 100), p); math.Abs(got-(walked-radius)) > radius*0.001+0.1 {
			t.Errorf("%.2f m to the edge, want about %.2f", got, walked-radius)
		}
	})
}

// TestTurning: it does not matter where on its axis the earth begins.
func TestTurning(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := coordinate(t, "centre")
		area := home.Area{}
		for range rapid.IntRange(3, 12).Draw(t, "corners") {
			area.Polygon = append(area.Polygon, step(c, rapid.Float64Range(1, 20000).Draw(t, "far"), rapid.Float64Range(0, 2*math.Pi).Draw(t, "direction")))
		}
		p, by := step(c, rapid.Float64Range(0, 40000).Draw(t, "walked"), 1), rapid.Float64Range(-180, 180).Draw(t, "turned")
		other := home.Area{}
		for _, v := range area.Polygon {
			other.Polygon = append(other.Polygon, turned(v, by))
		}
		if a, b := geo.Edge(area, p), geo.Edge(other, turned(p, by)); math.Abs(math.Abs(a)-math.Abs(b)) > 0.05 || math.Abs(a) > 0.05 && a*b < 0 {
			t.Errorf("%.3f m before and %.3f m after turning by %v", a, b, by)
		}
	})
}

// TestFarAway: nobody is inside a polygon at the other end of the earth.
func TestFarAway(t *testing.T) {
	for _, c := range []home.Coordinate{at(48, 2), at(0, 0), at(90, 0), at(-12, 179.99)} {
		area := ring(c, 50000, 8)
		far := turned(at(-c.Latitude, c.Longitude), 180)
		if got := geo.Edge(area, far); got < 1e7 {
			t.Errorf("%v: the antipode is %.0f m from the edge", c, got)
		}
		if got := geo.Edge(area, c); math.Abs(got+50000*math.Cos(math.Pi/8)) > 10 {
			t.Errorf("%v: the centre is %.0f m from the edge", c, got)
		}
	}
	if got := geo.Edge(home.Area{}, at(0, 0)); !math.IsInf(got, 1) {
		t.Errorf("no area is %v away", got)
	}
}

// TestNotConvex: the bay of a U is outside.
func TestNotConvex(t *testing.T) {
	u := home.Area{Polygon: []home.Coordinate{at(0, 0), at(0, 0.003), at(0.003, 0.003), at(0.003, 0.002), at(0.001, 0.002), at(0.001, 0.001), at(0.003, 0.001), at(0.003, 0)}}
	for p, inside := range map[home.Coordinate]bool{at(0.002, 0.0005): true, at(0.002, 0.0015): false, at(0.002, 0.0025): true, at(0.0005, 0.0015): true, at(-0.0005, 0.0015): false} {
		if got := geo.Edge(u, p); (got < 0) != inside || math.Abs(math.Abs(got)-55.6) > 0.5 {
			t.Errorf("%v is %.1f m from the edge, want 55.6 and inside %v", p, got, inside)
		}
	}
}

func TestExtent(t *testing.T) {
	square, across := geo.Extent(ring(at(64, 179.9999), 1000, 100).Polygon)
	if math.Abs(square-math.Pi*1e6) > 1e4 || math.Abs(across-2000) > 1 {
		t.Errorf("%.0f square metres, %.0f m across", square, across)
	}
	if square, _ := geo.Extent([]home.Coordinate{at(1, 1), at(1, 2), at(1, 1)}); square > 1 {
		t.Errorf("a line encloses %v", square)
	}
	if square, across := geo.Extent(nil); square != 0 || across != 0 {
		t.Error("nothing has an extent")
	}
}
