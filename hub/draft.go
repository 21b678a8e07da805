package hub

import (
	"encoding/json"

	"latchkey/bus"
	"latchkey/home"
)

// draftMark is how far a draft had come before a change.
type draftMark struct {
	records, points, events, audits, erasures, tell, after int
	auditNum                                               uint64
	auditPrev                                              string
}

func (d *draft) mark() draftMark {
	return draftMark{records: len(d.group.Records), points: len(d.group.Points), events: len(d.group.Events),
		audits: len(d.group.Audits), erasures: len(d.group.Erasures), tell: len(d.tell), after: len(d.after),
		auditNum: d.audits, auditPrev: d.prev}
}

// rewind takes back what was drafted since m. Order numbers drawn since are
// given back: the entries told since carry them.
func (d *draft) rewind(m draftMark) {
	g := &d.group
	for i := len(d.tell) - 1; i >= m.tell; i-- {
		for _, p := range d.places {
			if p.id == d.tell[i].House {
				p.next--
			}
		}
	}
	g.Records, g.Points, g.Events = g.Records[:m.records], g.Points[:m.points], g.Events[:m.events]
	g.Audits, g.Erasures = g.Audits[:m.audits], g.Erasures[:m.erasures]
	d.tell, d.after = d.tell[:m.tell], d.after[:m.after]
	d.audits, d.prev = m.auditNum, m.auditPrev
}

// number draws the next order number of p.
func (d *draft) number(p *place) uint64 {
	if !p.drawn {
		p.drawn, p.next = true, p.seq
		d.places = append(d.places, p)
	}
	p.next++
	return p.next
}

// put writes a document and runs apply once it is on disk.
func (d *draft) put(r home.Record, doc any, apply func()) {
	b, err := json.Marshal(doc)
	if err != nil {
		panic("a document that has no JSON form: " + r.Kind) // ours; caught by decide
	}
	r.Doc, r.At = b, d.now
	d.group.Records = append(d.group.Records, r)
	if apply != nil {
		d.after = append(d.after, apply)
	}
}

// remove deletes a document and runs apply once that is on disk.
func (d *draft) remove(kind string, id home.ID, apply func()) {
	d.group.Records = append(d.group.Records, home.Record{Kind: kind, ID: id})
	if apply != nil {
		d.after = append(d.after, apply)
	}
}

// event adds an event of the house p; data is an object or nil. It returns the
// event's order number.
func (d *draft) event(p *place, e home.Event, data any) uint64 {
	e.Seq, e.House = d.number(p), p.id
	if e.At == 0 {
		e.At = d.now
	}
	e.Received = d.now
	if data != nil {
		b, err := json.Marshal(data)
		if err != nil {
			panic("an event that has no JSON form: " + e.Type) // ours; caught by decide
		}
		e.Data = b
	}
	d.group.Events = append(d.group.Events, e)
	d.tell = append(d.tell, &bus.Entry{Seq: e.Seq, House: p.id, Event: &e})
	return e.Seq
}
