package demo

import (
	"math"
	"time"

	"latchkey/home"
)

// stepTime is how finely the model cuts time. Steps begin at its multiples.
const stepTime = 10 * time.Second

const stepSeconds = float64(stepTime / time.Second)

// Place is where the house stands and what it was drawn from.
type Place struct {
	Seed                uint64
	Zone                *time.Location // nil = UTC
	Latitude, Longitude float64        // degrees
	Language            string         // "fr", else English
}

// Model is the house as it is at one moment. It belongs to one goroutine at a
// time. Make one with NewModel or Resume.
type Model struct {
	place  Place
	dice   dice
	kinds  [6]string
	list   []Feature
	index  map[string]int
	level  []float64 // what each feature of list is, unrounded
	told   []telling
	now    home.Time
	today  today
	window span // of unix seconds: the local day that today is of
	lamps  []lamp
	above  sky // of the minute that seen numbers
	seen   int64
	warm   [roomCount]float64 // degrees
	damp   [roomCount]float64 // percent
	joints joints

	yours     bool // your phone is at home
	yoursFrom home.Time
	live      bool // your phone reports by itself

	at        [peopleCount]soul
	door      home.Time // the front door stands open until then
	washing   home.Time // when the machine was started; 0 = it rests
	sounding  home.Time // when the siren began
	moved     [2]home.Time
	dark      bool
	guarded   bool // nobody up: the door should be locked
	comfort   int  // what the set-points were last set for
	blinds    float64
	films     bool
	houseload float64 // watts of what has no plug of its own
}

// telling is what was last reported of a feature.
type telling struct {
	value float64
	at    home.Time // 0 = nothing yet
}

// Never is a moment after everything.
const Never = home.Time(math.MaxInt64)

// NewModel returns a house that has been lived in for half a day before at. From
// yours on your phone is away, until Yours says otherwise; before, you come and
// go like the others.
func NewModel(p Place, at, yours home.Time) *Model {
	m := empty(p)
	m.yoursFrom = yours // until then, and while it has no driver, the model speaks for your phone
	m.now = whole(at.Add(-12 * time.Hour))
	for i := range m.list {
		m.level[i] = m.list[i].habit.starting
	}
	for i := range m.list {
		if f := &m.list[i]; f.Category == "battery" {
			m.level[i] = 20 + math.Floor(80*m.dice.throw(batteries, int64(i)))
		}
	}
	m.level[m.joints.meterEnergy] = 8000 + math.Floor(9000*m.dice.throw(batteries, -1))
	m.level[m.joints.washerEnergy] = 100 + math.Floor(300*m.dice.throw(batteries, -2))
	m.enter()
	m.Run(whole(at), nil)
	return m
}

// Resume returns the house as its features' current values tell it, brought up
// to now without a word about the time between: nobody was there to hear it.
func Resume(p Place, values map[string]home.State, now home.Time) *Model {
	m := empty(p)
	m.yours, m.live = values[YourPhone].Value.Number == 1, true
	for i := range m.list {
		m.level[i] = m.list[i].habit.starting
		if s, ok := values[m.list[i].ExternalID]; ok && !s.Value.IsText {
			m.level[i] = s.Value.Number
			m.told[i] = telling{value: s.Value.Number, at: s.At}
			if m.list[i].ExternalID != YourPhone {
				m.now = max(m.now, whole(s.At))
			}
		}
	}
	m.now = max(m.now, whole(now.Add(-longestGap)))
	m.enter()
	if s, ok := values[Washing]; ok && s.Value.Number == 1 && m.now.Sub(s.At) < washTime {
		m.washing = s.At
	}
	m.Run(whole(now), nil)
	return m
}

// longestGap is how far back a house takes up what it was doing.
const longestGap = 7 * 24 * time.Hour

func whole(t home.Time) home.Time { return t - t%home.Time(stepTime.Milliseconds()) }

func empty(p Place) *Model {
	if p.Zone == nil {
		p.Zone = time.UTC
	}
	m := &Model{place: p, dice: dice(p.Seed), kinds: kinds(p.Language), index: map[string]int{}}
	for _, d := range Devices() {
		for _, f := range d.Features {
			m.index[f.ExternalID] = len(m.list)
			m.list = append(m.list, f)
		}
	}
	m.level = make([]float64, len(m.list))
	m.told = make([]telling, len(m.list))
	m.joints = m.join()
	m.lamps = m.wire()
	return m
}

// enter makes what no feature tells fit to what the features tell, so that
// nothing happens only because somebody began to look.
func (m *Model) enter() {
	hour, seconds := m.local()
	s := m.skyAt(seconds)
	for r := range roomCount {
		m.warm[r] = m.level[m.joints.livingWarm] + shellOf(r).warmer
		m.damp[r] = m.level[m.joints.livingDamp]
	}
	for _, g := range m.joints.climate {
		m.warm[g.at], m.damp[g.at] = m.level[g.warm], m.level[g.damp]
	}
	m.at = m.people(hour, seconds)
	m.dark = s.lux < darkBelow
	for i := range m.lamps {
		m.lamps[i].wanted = m.wants(&m.lamps[i])
	}
	m.guarded, m.comfort, m.blinds, m.films = m.unwatched(), m.comfortNow(), m.blindsNow(&s, hour), m.watching(hour)
}

// Now returns the moment that the model stands at.
func (m *Model) Now() home.Time { return m.now }

// Yours says whether your phone is at home.
func (m *Model) Yours(atHome bool) { m.yours = atHome }

// Run lets the house live until to and tells tell, if there is one, what its
// devices report on the way, in the order of time.
func (m *Model) Run(to home.Time, tell func(home.Report)) {
	for m.now.Add(stepTime) <= to {
		m.step()
		if tell != nil {
			m.report(tell)
		}
	}
}

// local returns the hour of the local day, and the unix seconds. It draws a new
// day when one begins.
func (m *Model) local() (hour float64, seconds int64) {
	seconds = int64(m.now) / 1000
	if at := float64(seconds); at < m.window.from || at >= m.window.to {
		t := m.now.Std().In(m.place.Zone)
		y, mo, d := t.Date()
		begin, end := time.Date(y, mo, d, 0, 0, 0, 0, m.place.Zone), time.Date(y, mo, d+1, 0, 0, 0, 0, m.place.Zone)
		m.window = span{float64(begin.Unix()), float64(end.Unix())}
		m.today = m.dayOf(int64(y)*1000+int64(t.YearDay()), t.Weekday())
	}
	// On the days when the clocks change, the plans shift by an hour after that.
	return (float64(seconds) - m.window.from) / 3600, seconds
}

func (m *Model) step() {
	m.now = m.now.Add(stepTime)
	hour, seconds := m.local()
	s := m.skyAt(seconds)
	before := m.at
	m.at = m.people(hour, seconds)
	m.comeAndGo(before)
	m.movement(seconds)
	m.switchLights(&s, hour)
	m.moveBlinds(&s, hour)
	m.setPoints()
	m.appliances(hour, seconds)
	m.climate(&s)
	m.alone(&s, seconds)
	m.measure()
}

// awake reports whether somebody is up in r.
func (m *Model) awake(r room) bool {
	for _, p := range m.at {
		if p.at == r && p.awake {
			return true
		}
	}
	return false
}

// home counts who is in the house, and who of them is up.
func (m *Model) home() (in, up int) {
	for _, p := range m.at {
		if p.at == away {
			continue
		}
		in++
		if p.awake {
			up++
		}
	}
	return in, up
}
