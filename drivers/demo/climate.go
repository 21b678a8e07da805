package demo

import "math"

// climate lets each room take up and lose warmth and water for one step.
func (m *Model) climate(s *sky) {
	mean := 0.0
	for _, w := range m.warm {
		mean += w / float64(roomCount)
	}
	for r := range roomCount {
		sh := shellOf(r)
		wanted := m.level[m.joints.livingTarget] + sh.warmer
		if r == bedroom {
			wanted = m.level[m.joints.roomTarget]
		}
		watts := sh.heater * math.Max(0, math.Min(1, 1.5*(wanted-m.warm[r])+0.25))
		watts += sh.sun * math.Max(0, s.sun) * (1 - 0.8*s.cloud) * m.shade(r)
		people := 0.0
		for _, p := range m.at {
			if p.at == r {
				people++
			}
		}
		watts += 80 * people
		switch r {
		case kitchen:
			watts += 0.4 * m.houseload
		case laundry:
			watts += 0.3 * m.level[m.joints.washerPower]
		}
		loss := sh.loss
		if r == kitchen && m.level[m.joints.window] == 1 {
			loss += 70
		}
		watts -= loss*(m.warm[r]-s.warmth) + 25*(m.warm[r]-mean)
		m.warm[r] += watts * stepSeconds / sh.heat
		m.breathe(r, people, s)
	}
	for _, g := range m.joints.climate {
		m.level[g.warm], m.level[g.damp] = m.warm[g.at], m.damp[g.at]
	}
	m.level[m.joints.outside], m.level[m.joints.outsideDamp] = s.warmth, s.damp
	m.level[m.joints.lux], m.level[m.joints.weather] = s.lux, float64(s.kind)
}

// shade is which part of the sun the shutters let in.
func (m *Model) shade(r room) float64 {
	if r == living {
		return 0.1 + 0.9*m.level[m.joints.shutter]/100
	}
	return 1
}

// breathe moves a room's humidity towards what the air from outside brings,
// and adds what people, showers and pots give off.
func (m *Model) breathe(r room, people float64, s *sky) {
	fresh := s.damp*saturation(s.warmth)/saturation(m.warm[r]) + 9
	change := 0.5 // parts of the air that come new in an hour
	if r == kitchen && m.level[m.joints.window] == 1 {
		change = 4
	}
	gain := 1.2 * people // percent an hour
	if r == bathroom && m.awake(bathroom) {
		gain += 55
	}
	if r == kitchen && m.houseload > 1000 {
		gain += 35
	}
	m.damp[r] += ((fresh-m.damp[r])*change + gain) * stepSeconds / 3600
	m.damp[r] = math.Max(12, math.Min(97, m.damp[r]))
}

// saturation is how much water air can hold, after Magnus, in hectopascals.
func saturation(warmth float64) float64 {
	return 6.112 * math.Exp(17.62*warmth/(243.12+warmth))
}

// alone is what happens to the house by itself: a visitor rings, a window is
// opened to air.
func (m *Model) alone(s *sky, seconds int64) {
	j := &m.joints
	local := float64(seconds) - m.window.from
	slot := seconds / 3600
	press := int64(m.dice.throw(rings, -slot) * 359)
	rung := local >= 10*3600 && local < 19*3600 && m.dice.throw(rings, slot) < 0.07 && seconds%3600/10 == press
	m.level[j.bell] = truth(rung)
	quarter := seconds / 900
	air := m.awake(kitchen) && s.warmth > 4 && m.dice.throw(airing, quarter) < 0.15 && seconds%900 < 500
	m.level[j.window] = truth(air)
}
