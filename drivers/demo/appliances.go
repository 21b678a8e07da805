package demo

import (
	"math"
	"time"
)

// washTime is how long the machine washes.
const washTime = 75 * time.Minute

// washWatts is what it draws so many minutes after its start.
func (m *Model) washWatts(minute float64, seconds int64) float64 {
	switch {
	case minute < 4:
		return 60
	case minute < 22:
		return 1950 // heats its water
	case minute < 55:
		return 140 + 140*math.Floor(2*m.dice.throw(wash, seconds/60))
	case minute < 58:
		return 40
	case minute < 66:
		return 430
	}
	return 520 // spins
}

func (m *Model) watching(hour float64) bool {
	return m.today.films && hour >= 20 && m.awake(living)
}

// appliances says what everything draws.
func (m *Model) appliances(hour float64, seconds int64) {
	_, up := m.home()
	j := &m.joints
	if w := m.today.wash; m.washing == 0 && w != 0 && hour >= w && hour < w+0.5 && up > 0 {
		m.washing = m.now
	}
	watts := 0.0
	if m.washing != 0 {
		if run := m.now.Sub(m.washing); run < washTime {
			watts = m.washWatts(run.Minutes(), seconds)
		} else {
			m.washing = 0
		}
	}
	m.level[j.washing], m.level[j.washerPower] = truth(watts > 0), watts
	if films := m.watching(hour); films != m.films {
		m.films = films
		m.level[j.tv] = truth(films)
	}
	m.level[j.tvPower] = 0.6
	if m.level[j.tv] == 1 {
		m.level[j.tvPower] = 95 + 45*m.dice.drift(pulse, float64(seconds), 240)
	}
	m.houseload = 55 + m.fridge(seconds) + m.cooking(hour, seconds)
}

func (m *Model) fridge(seconds int64) float64 {
	if (seconds+600)%2700 < 1000 {
		return 85
	}
	return 0
}

// cooking is a kettle in the morning and a stove at meals.
func (m *Model) cooking(hour float64, seconds int64) float64 {
	if !m.awake(kitchen) {
		return 0
	}
	u := m.dice.throw(meals, seconds/60)
	switch {
	case hour < 10:
		return 2000 * truth(u < 0.12)
	case hour >= 12.1 && hour < 13, hour >= 18.8 && hour < 19.6:
		return 1600 * truth(u < 0.5)
	}
	return 0
}

// measure adds up what is drawn, and wears the batteries down.
func (m *Model) measure() {
	j := &m.joints
	total := m.houseload + m.level[j.washerPower] + m.level[j.tvPower]
	for i := range m.lamps {
		l := &m.lamps[i]
		if m.level[l.on] == 0 {
			continue
		}
		w := l.watts
		if l.level >= 0 {
			w *= 0.1 + 0.9*m.level[l.level]/100
		}
		total += w
	}
	total += 20 * m.level[j.siren]
	m.level[j.meterPower] = total
	m.level[j.meterEnergy] += total * stepSeconds / 3.6e6
	m.level[j.washerEnergy] += m.level[j.washerPower] * stepSeconds / 3.6e6
	for n, i := range j.batteries {
		years := 1 + 1.5*m.dice.throw(batteries, int64(n)+1000)
		if m.level[i] -= 100 * stepSeconds / (years * yearSeconds); m.level[i] < 8 {
			m.level[i] = 100 // somebody changes it
		}
	}
	m.charge()
}

// charge is the battery of Alex's phone: by night it hangs on its charger.
func (m *Model) charge() {
	b := &m.level[m.joints.phoneBattery]
	p := m.at[alex]
	rate := -3.8
	if p.at != away && !p.awake {
		rate = 28
		if *b >= 100 {
			rate = 0
		}
	} else if p.at != away && *b < 25 {
		rate = 28 * 2 // plugged in for a moment
	}
	*b = math.Max(3, math.Min(100, *b+rate*stepSeconds/3600))
}
