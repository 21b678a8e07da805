package history

import (
	"slices"

	"latchkey/home"
)

// overlay is what waiting ops come to: points to add to what the file has, and what to
// hide of it.
type overlay struct {
	points []home.Sample // sorted
	ranges []home.Erasure
	taken  []home.Time // sorted: moments whose points are replaced
}

// resolve works w out. It goes backwards, so that each point knows what was
// done after it.
func resolve(w waiting) overlay {
	var v overlay
	v.points = make([]home.Sample, 0, len(w.ops))
	if w.plain() {
		for i := range w.ops {
			v.points = append(v.points, w.sample(i))
		}
		return v
	}
	later := map[home.Time]bool{}
	for i := len(w.ops) - 1; i >= 0; i-- {
		o := &w.ops[i]
		if o.kind() == erase {
			v.ranges = append(v.ranges, home.Erasure{From: o.at, To: home.Time(o.seq)})
			continue
		}
		if !later[o.at] && !v.erased(o.at) {
			v.points = append(v.points, w.sample(i))
		}
		if o.kind() == replace && !later[o.at] {
			later[o.at] = true
			v.taken = append(v.taken, o.at)
		}
	}
	slices.Sort(v.taken)
	slices.SortFunc(v.points, compare)
	return v
}

func (v *overlay) erased(at home.Time) bool {
	for i := range v.ranges {
		if at >= v.ranges[i].From && at < v.ranges[i].To {
			return true
		}
	}
	return false
}

// hides reports whether points of the file at that moment are gone.
func (v *overlay) hides(at home.Time) bool {
	if len(v.taken) > 0 && at >= v.taken[0] && at <= v.taken[len(v.taken)-1] {
		if _, ok := slices.BinarySearch(v.taken, at); ok {
			return true
		}
	}
	return v.erased(at)
}

// touches reports whether it may hide points between first and last, both included.
func (v *overlay) touches(first, last home.Time) bool {
	if i, ok := slices.BinarySearch(v.taken, first); ok || i < len(v.taken) && v.taken[i] <= last {
		return true
	}
	for i := range v.ranges {
		if v.ranges[i].From <= last && first < v.ranges[i].To {
			return true
		}
	}
	return false
}

// keep returns samples, in place, without the hidden ones.
func (v *overlay) keep(samples []home.Sample) []home.Sample {
	if len(samples) == 0 || !v.touches(samples[0].At, samples[len(samples)-1].At) {
		return samples
	}
	return slices.DeleteFunc(samples, func(s home.Sample) bool { return v.hides(s.At) })
}
