package demo

import "math"

// sky is the world around the house at a moment.
type sky struct {
	sun    float64 // sine of the sun's height; below 0 it is night
	cloud  float64 // 0 clear to 1 covered
	warmth float64 // degrees
	damp   float64 // percent
	lux    float64
	kind   int // of kinds
}

const (
	daySeconds  = 86400
	yearSeconds = 365.2425 * daySeconds
)

// sky returns the world at a moment, from the place and the seed alone.
func (m *Model) sky(seconds float64) sky {
	latitude := m.place.Latitude * math.Pi / 180
	year := 2 * math.Pi * math.Mod(seconds, yearSeconds) / yearSeconds // 0 = about the beginning of the year
	solar := math.Mod(seconds/3600+m.place.Longitude/15+equationOfTime(year)/60, 24)
	tilt := -23.44 * math.Pi / 180 * math.Cos(year+2*math.Pi*10/365.2425)
	var s sky
	s.sun = math.Sin(latitude)*math.Sin(tilt) + math.Cos(latitude)*math.Cos(tilt)*math.Cos((solar-12)*math.Pi/12)
	s.cloud = math.Min(1, 1.25*m.dice.drift(clouds, seconds, 11*3600))
	far := math.Min(math.Abs(m.place.Latitude), 66)
	season := -math.Cos(year - 2*math.Pi*20/365.2425)
	if m.place.Latitude < 0 {
		season = -season
	}
	day := math.Cos((solar - 15) * math.Pi / 12)
	s.warmth = 28 - 0.33*far + 0.17*far*season + (4.5-2.5*s.cloud)*day +
		9*(m.dice.drift(warmSpells, seconds, 40*3600)-0.5) + 1.2*(m.dice.drift(gusts, seconds, 5400)-0.5)
	s.damp = math.Max(25, math.Min(100, 72+14*s.cloud-9*day-5*season+16*(m.dice.drift(dampness, seconds, 7*3600)-0.5)))
	s.lux = lux(s.sun) * (1 - 0.75*s.cloud)
	s.kind = m.kindOf(&s, seconds)
	return s
}

// skyAt is the sky of the minute that began last, which nobody can tell from
// that of the moment.
func (m *Model) skyAt(seconds int64) sky {
	if minute := seconds / 60; minute != m.seen {
		m.seen, m.above = minute, m.sky(float64(minute*60))
	}
	return m.above
}

// equationOfTime is how many minutes a sundial runs ahead of the clock.
func equationOfTime(year float64) float64 {
	b := year - 2*math.Pi*81/365.2425
	return 9.87*math.Sin(2*b) - 7.53*math.Cos(b) - 1.5*math.Sin(b)
}

// lux is the daylight of a clear sky, twilight included.
func lux(sun float64) float64 {
	if sun <= 0 {
		return 400 * math.Exp(sun*35) // half an hour after sunset it is dark
	}
	return 400 + 105000*math.Pow(sun, 1.15)
}

// kinds names the weather in a house's language.
func kinds(language string) [6]string {
	if language == "fr" {
		return [...]string{"ciel clair", "peu nuageux", "couvert", "pluie", "neige", "brouillard"}
	}
	return [...]string{"clear sky", "partly cloudy", "overcast", "rain", "snow", "fog"}
}

func (m *Model) kindOf(s *sky, seconds float64) int {
	wet := m.dice.drift(showers, seconds, 5*3600)
	switch {
	case s.cloud > 0.7 && wet > 0.55 && s.warmth < 0.5:
		return 4
	case s.cloud > 0.7 && wet > 0.55:
		return 3
	case s.damp > 96 && s.cloud < 0.6:
		return 5
	case s.cloud > 0.75:
		return 2
	case s.cloud > 0.35:
		return 1
	}
	return 0
}
