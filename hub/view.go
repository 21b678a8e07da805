package hub

import (
	"cmp"
	"context"
	"slices"

	"latchkey/home"
)

// DeviceView is a device with what its features say.
type DeviceView struct {
	*home.Device
	States []*home.State // one for each feature; nil = nothing yet, or not for this reader
}

// views shows every device that id may read.
func (p *place) views(id *home.Identity) []DeviceView {
	p.mu.RLock()
	defer p.mu.RUnlock()
	out := make([]DeviceView, 0, len(p.devices))
	for _, d := range p.devices {
		if v, ok := p.view(id, d); ok {
			out = append(out, v)
		}
	}
	slices.SortFunc(out, func(a, b DeviceView) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// view shows d as far as id may read it: with a right on single features only,
// the device is shown with just those. The caller holds p.mu.
func (p *place) view(id *home.Identity, d *home.Device) (DeviceView, bool) {
	if !id.May(home.ReadDevice, d, nil) {
		cut := *d
		cut.Features = nil
		for i := range d.Features {
			if id.May(home.ReadDevice, d, &d.Features[i]) {
				cut.Features = append(cut.Features, d.Features[i])
			}
		}
		if len(cut.Features) == 0 {
			return DeviceView{}, false
		}
		d = &cut
	}
	v := DeviceView{Device: d, States: make([]*home.State, len(d.Features))}
	for i := range d.Features {
		f := &d.Features[i]
		if l := p.features[f.ExternalID]; l != nil && mayReadState(id, d, f) {
			v.States[i] = l.current.Load()
		}
	}
	return v, true
}

// positionCategory is the category of features that say where a person is.
const positionCategory = "position"

// mayReadState reports whether id may read f's values. Where somebody is needs
// location:read.
func mayReadState(id *home.Identity, d *home.Device, f *home.Feature) bool {
	if f.Category == positionCategory {
		return id.May(home.ReadLocation, d, f)
	}
	return id.May(home.ReadState, d, f)
}

// MayRead reports whether id may read the values of d's feature f.
func MayRead(id *home.Identity, d *home.Device, f *home.Feature) bool { return mayReadState(id, d, f) }

// FeatureOf returns a feature with its device and current value (nil = none).
func (h *Hub) FeatureOf(_ context.Context, id *home.Identity, externalID string) (*home.Device, *home.Feature, *home.State, error) {
	l, a, err := h.readable(id, externalID)
	if err != nil {
		return nil, nil, nil, err
	}
	return a.device, a.feature, l.current.Load(), nil
}

// readable returns a feature whose values id may read.
func (h *Hub) readable(id *home.Identity, externalID string) (*live, *described, error) {
	p, err := h.houseOf(id)
	if err != nil {
		return nil, nil, err
	}
	l := p.feature(externalID)
	if l != nil {
		if a := l.about.Load(); mayReadState(id, a.device, a.feature) {
			return l, a, nil
		}
	}
	if !id.MaySome(home.ReadState) {
		return nil, nil, forbidden(home.ReadState)
	}
	return nil, nil, home.Errorf(home.NotFound, "there is no feature with the external id %.200q", externalID).Because("feature_unknown")
}
