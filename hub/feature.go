package hub

import (
	"cmp"
	"fmt"
	"math"
	"regexp"

	"latchkey/home"
)

// MaxFeatures is how many features one device has at most.
const MaxFeatures = 200

// word is the form of categories, types and drivers: Gladys' words, and any
// other of that form.
var word = regexp.MustCompile(`^[a-z0-9]+([-_][a-z0-9]+)*$`)

// features makes the features of device from what was asked for; those it has
// already keep their numbers, and so their history, unless their shape
// changes. It runs in the committer.
func (h *Hub) features(p *place, device *home.Device, asked []NewFeature) ([]home.Feature, error) {
	out := make([]home.Feature, len(asked))
	for i, n := range asked {
		f := home.Feature{ExternalID: n.ExternalID, Name: cmp.Or(n.Name, n.ExternalID), Category: n.Category, Type: n.Type, Unit: n.Unit,
			Min: n.Min, Max: n.Max, ReadOnly: n.ReadOnly, KeepHistory: n.KeepHistory == nil || *n.KeepHistory, Retention: n.Retention, Critical: n.Critical}
		if old := device.Feature(n.ExternalID); old != nil && ShapeOf(old) == ShapeOf(&f) {
			f.Num = old.Num
		} else {
			h.registry.nums++
			f.Num = h.registry.nums
		}
		out[i] = f
	}
	return out, nil
}

// judgeDevice says everything that is wrong with a device, and whether its
// external ids are free. It runs in the committer.
func (h *Hub) judgeDevice(p *place, d *home.Device) error {
	e := home.Errorf(home.Unprocessable, "the device is not acceptable").Because("device_refused")
	checkName(e, "name", d.Name)
	checkExternalID(e, "external_id", d.ExternalID)
	if h.drivers[d.Driver] == nil {
		e.At("driver", "there is no driver named %.40q here", d.Driver)
	}
	if d.Room != "" && p.rooms[d.Room] == nil {
		e.At("room", "this house has no such room")
	}
	if len(d.Features) > MaxFeatures {
		e.At("features", "a device has at most %d features, this one has %d", MaxFeatures, len(d.Features))
	}
	seen := map[string]bool{}
	for i := range d.Features {
		f := &d.Features[i]
		path := fmt.Sprintf("features[%d]", i)
		judgeFeature(e, path, f)
		if seen[f.ExternalID] {
			e.At(path+".external_id", "the device has two features of this external id")
		}
		seen[f.ExternalID] = true
	}
	if err := e.OrNil(); err != nil {
		return err
	}
	return p.externalIDsFree(d)
}

func judgeFeature(e *home.Error, path string, f *home.Feature) {
	checkExternalID(e, path+".external_id", f.ExternalID)
	checkName(e, path+".name", f.Name)
	for _, w := range []struct{ name, value string }{{"category", f.Category}, {"type", f.Type}} {
		if !word.MatchString(w.value) || len(w.value) > 60 {
			e.At(path+"."+w.name, "a %s is lower-case words joined by dashes, such as motion-sensor or binary", w.name)
		}
	}
	if len(f.Unit) > 40 || !printable(f.Unit) {
		e.At(path+".unit", "a unit is at most 40 bytes of text")
	}
	finite := func(v *float64) bool { return v == nil || !math.IsNaN(*v) && !math.IsInf(*v, 0) }
	if !finite(f.Min) || !finite(f.Max) || f.Min != nil && f.Max != nil && *f.Min > *f.Max {
		e.At(path+".min", "min and max are finite numbers, min not above max")
	}
	if f.Retention < 0 || f.Retention > 36500 {
		e.At(path+".retention_days", "retention is 0 (for ever) to 36500 days")
	}
}

// externalIDsFree refuses external ids that other devices of the house have.
func (p *place) externalIDsFree(d *home.Device) error {
	for _, other := range p.devices {
		if other.ID != d.ID && other.ExternalID == d.ExternalID {
			return taken(d.ExternalID)
		}
	}
	for i := range d.Features {
		l := p.features[d.Features[i].ExternalID]
		if l != nil && l.about.Load().device.ID != d.ID {
			return taken(d.Features[i].ExternalID)
		}
	}
	return nil
}

func taken(externalID string) error {
	return home.Errorf(home.Conflict, "this house already has the external id %.200q", externalID).Because("external_id_taken")
}
