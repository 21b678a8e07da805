package demo

import (
	"math"

	"latchkey/home"
)

// report tells what is worth telling now.
func (m *Model) report(tell func(home.Report)) {
	for i := range m.list {
		if m.list[i].ExternalID == YourPhone {
			m.level[i] = truth(m.at[you].at != away)
			if m.live {
				continue
			}
		}
		if v, ok := m.worth(i); ok {
			m.told[i] = telling{value: v, at: m.now}
			tell(home.Report{Feature: m.list[i].ExternalID, Value: m.valueOf(i, v), At: m.now})
		}
	}
}

// worth reports whether a feature tells its value now, and which.
func (m *Model) worth(i int) (float64, bool) {
	h, t := &m.list[i].habit, &m.told[i]
	v := m.level[i]
	silent := m.now.Sub(t.at)
	switch {
	case t.at == 0:
	case h.most != 0 && silent >= h.most:
	case silent < h.least:
		return 0, false
	case math.Abs(v-t.value) < math.Max(h.move, h.part*t.value)*0.9999:
		return 0, false
	}
	return round(v, h.grain), true
}

func round(v, grain float64) float64 {
	if grain < 1 {
		whole := math.Round(1 / grain) // 0.1 is not a number that halves well; 10 is
		return math.Round(v*whole) / whole
	}
	return math.Round(v/grain) * grain
}

func (m *Model) valueOf(i int, v float64) home.Value {
	if i == m.joints.weather {
		return home.Txt(m.kinds[int(v)])
	}
	return home.Num(v)
}

// set does what a command asks for, and returns what the device reports of it.
// It knows every feature of the driver's devices.
func (m *Model) set(feature string, v float64) []home.Report {
	i, ok := m.index[feature]
	if !ok {
		return nil
	}
	changed := []int{i}
	m.level[i] = v
	for n := range m.lamps {
		if l := &m.lamps[n]; l.level == i && m.level[l.on] != truth(v > 0) {
			m.level[l.on] = truth(v > 0)
			changed = append(changed, l.on)
		}
	}
	out := make([]home.Report, len(changed))
	for n, i := range changed {
		m.told[i] = telling{value: m.level[i], at: m.now}
		out[n] = home.Report{Feature: m.list[i].ExternalID, Value: home.Num(m.level[i])}
	}
	return out
}

// unsay lets a feature tell its value again: what it told was not kept.
func (m *Model) unsay(feature string) {
	if i, ok := m.index[feature]; ok {
		m.told[i].at = 0
	}
}
