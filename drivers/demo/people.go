package demo

import "time"

// The household: you, Alex and a child.
const (
	you = iota
	alex
	kid
	peopleCount
)

// span is a part of a day, in hours.
type span struct{ from, to float64 }

// plan is one person's day.
type plan struct {
	up, bed float64
	out     []span
	desk    bool // works at home
}

// today is what is drawn once for each local day.
type today struct {
	key   int64
	plans [peopleCount]plan
	wash  float64 // when the washing is put in; 0 = not today
	films bool
}

// dayOf draws the day of a local date.
func (m *Model) dayOf(key int64, weekday time.Weekday) today {
	d := today{key: key}
	for who := range d.plans {
		d.plans[who] = m.planOf(who, key, weekday)
	}
	weekend := weekday == time.Saturday || weekday == time.Sunday
	if h := m.dice.hand(wash, key); h.next() < 0.6 {
		d.wash = h.about(18.9, 0.7)
		if weekend {
			d.wash = h.about(10.2, 0.9)
		}
	}
	d.films = m.dice.throw(television, key) < 0.75
	return d
}

func (m *Model) planOf(who int, key int64, weekday time.Weekday) plan {
	h := m.dice.hand(daysOf+stream(who), key)
	weekend := weekday == time.Saturday || weekday == time.Sunday
	p := plan{up: h.about(6.7, 0.2), bed: h.about(22.7, 0.4)}
	if who == kid {
		p.up, p.bed = h.about(7.0, 0.1), h.about(20.8, 0.25)
	}
	switch {
	case weekend:
		p.up += 1.6
		if weekday == time.Saturday && who != kid {
			p.out = append(p.out, span{h.about(10.6, 0.4), h.about(12.2, 0.3)})
		}
		if m.dice.throw(daysOf-1, key) < 0.6 { // all three together
			p.out = append(p.out, span{h.about(14.6, 0.02), h.about(17.4, 0.02)})
		}
	case who == you:
		p.out = []span{{h.about(8.1, 0.2), h.about(18.2, 0.5)}}
	case who == alex && (weekday == time.Wednesday || weekday == time.Friday):
		p.desk = true
		p.out = []span{{h.about(16.3, 0.1), h.about(16.9, 0.15)}} // to fetch the child
	case who == alex:
		p.out = []span{{h.about(8.3, 0.1), h.about(16.9, 0.2)}}
	default:
		p.out = []span{{h.about(8.25, 0.08), h.about(16.7, 0.1)}}
	}
	return p
}

// soul is one person now.
type soul struct {
	at    room
	awake bool
}

// people says where everybody is.
func (m *Model) people(hour float64, seconds int64) [peopleCount]soul {
	var out [peopleCount]soul
	for who := range out {
		p := &m.today.plans[who]
		outside := p.outside(hour)
		if who == you && m.now >= m.yoursFrom {
			outside = !m.yours
		}
		switch {
		case outside:
			out[who] = soul{at: away}
		case hour < p.up || hour >= p.bed:
			out[who] = soul{at: ownRoom(who)}
		default:
			out[who] = soul{at: m.whereabouts(who, hour, seconds/900), awake: true}
		}
	}
	if out[you].at == away && out[alex].at == away {
		out[kid] = soul{at: away} // never alone
	}
	return out
}

func (p *plan) outside(hour float64) bool {
	for _, s := range p.out {
		if hour >= s.from && hour < s.to {
			return true
		}
	}
	return false
}

func ownRoom(who int) room {
	if who == kid {
		return child
	}
	return bedroom
}

// whereabouts is the room in which somebody spends a quarter of an hour.
func (m *Model) whereabouts(who int, hour float64, quarter int64) room {
	p := &m.today.plans[who]
	u := m.dice.throw(actsOf+stream(who), quarter)
	switch {
	case hour < p.up+0.35, hour >= p.bed-0.5 && hour < p.bed-0.2:
		return bathroom
	case hour >= p.bed-0.2:
		return ownRoom(who)
	case hour < p.up+0.9, hour >= 12.1 && hour < 13.2, hour >= 18.8 && hour < 19.8:
		return kitchen
	case hour >= 19.8:
		return choose(u, living, 0.85, ownRoom(who))
	case p.desk && hour < 18:
		return choose(u, office, 0.8, kitchen)
	case who == kid:
		return choose(u, child, 0.55, living)
	case u < 0.4:
		return living
	}
	return choose(u, kitchen, 0.58, choose(u, office, 0.8, choose(u, laundry, 0.9, entrance)))
}

func choose(u float64, one room, below float64, other room) room {
	if u < below {
		return one
	}
	return other
}
