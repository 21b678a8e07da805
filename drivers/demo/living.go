package demo

import "time"

// What people do to the house: doors, locks, lights, shutters, set-points.
// Each is done when its reason comes up, not for as long as it lasts, so that
// what a command has set stays until then.

const (
	darkBelow   = 2500.0 // lux outside
	brightAbove = 4500.0
	doorTime    = 30 * time.Second
	moveTime    = time.Minute
	sirenTime   = 3 * time.Minute
)

// comeAndGo opens the door for who comes or goes.
func (m *Model) comeAndGo(before [peopleCount]soul) {
	came, went := false, false
	for who := range m.at {
		was, is := before[who].at != away, m.at[who].at != away
		came, went = came || is && !was, went || was && !is
	}
	if came || went {
		m.door = m.now.Add(doorTime)
		m.level[m.joints.lock] = 0
		m.moved[1] = m.now.Add(moveTime)
	}
	open := m.now < m.door
	m.level[m.joints.door] = truth(open)
	m.level[m.joints.phone] = truth(m.at[alex].at != away)
	if guarded := m.unwatched(); guarded != m.guarded && !open {
		m.guarded = guarded
		m.level[m.joints.lock] = truth(guarded)
	}
	if m.level[m.joints.siren] == 1 && m.sounding == 0 {
		m.sounding = m.now
	}
	if m.sounding != 0 && m.now.Sub(m.sounding) >= sirenTime {
		m.level[m.joints.siren] = 0
	}
	if m.level[m.joints.siren] == 0 {
		m.sounding = 0
	}
}

// unwatched reports whether nobody is up in the house.
func (m *Model) unwatched() bool {
	_, up := m.home()
	return up == 0
}

// movement is what the two motion sensors see.
func (m *Model) movement(seconds int64) {
	in, _ := m.home()
	for i, r := range [...]room{living, entrance} {
		if m.awake(r) && m.dice.throw(movesOf+stream(i), seconds/60) < 0.5 {
			m.moved[i] = m.now.Add(moveTime)
		}
		m.level[m.joints.motion[i]] = truth(in > 0 && m.now < m.moved[i])
	}
}

// wants reports whether somebody would have l on.
func (m *Model) wants(l *lamp) bool {
	return m.awake(l.at) && (m.dark || shellOf(l.at).noLight)
}

func (m *Model) switchLights(s *sky, hour float64) {
	if s.lux < darkBelow {
		m.dark = true
	} else if s.lux > brightAbove {
		m.dark = false
	}
	for i := range m.lamps {
		l := &m.lamps[i]
		wanted := m.wants(l)
		if wanted == l.wanted {
			continue
		}
		l.wanted = wanted
		m.level[l.on] = truth(wanted)
		if wanted && l.level >= 0 {
			m.level[l.level] = 80
			if hour > 21 {
				m.level[l.level] = 40
			}
		}
	}
}

func (m *Model) blindsNow(s *sky, hour float64) float64 {
	switch {
	case hour < 7 || s.sun < -0.03:
		return 0
	case s.warmth > 26 && s.sun > 0.3:
		return 40 // shade in summer
	}
	return 100
}

func (m *Model) moveBlinds(s *sky, hour float64) {
	if b := m.blindsNow(s, hour); b != m.blinds {
		m.blinds = b
		m.level[m.joints.shutter] = b
	}
}

// What set-points are set for.
const (
	forNobody = iota + 1
	forNight
	forPeople
)

func (m *Model) comfortNow() int {
	switch in, up := m.home(); {
	case in == 0:
		return forNobody
	case up == 0:
		return forNight
	}
	return forPeople
}

func (m *Model) setPoints() {
	c := m.comfortNow()
	if c == m.comfort {
		return
	}
	m.comfort = c
	m.level[m.joints.livingTarget] = [...]float64{forNobody: 17.5, forNight: 18, forPeople: 20.5}[c]
	m.level[m.joints.roomTarget] = [...]float64{forNobody: 16.5, forNight: 17.5, forPeople: 18.5}[c]
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
