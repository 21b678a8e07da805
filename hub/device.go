package hub

import (
	"cmp"
	"context"

	"latchkey/home"
)

// NewDevice is what a device is made from. An empty Driver is "virtual".
type NewDevice struct {
	Name, ExternalID, Model, Driver string
	Room                            home.ID
	Features                        []NewFeature
}

// NewFeature is what a feature is made from.
type NewFeature struct {
	ExternalID, Name, Category, Type, Unit string
	Min, Max                               *float64
	ReadOnly                               bool
	KeepHistory                            *bool // nil = true
	Retention                              int   // days; 0 = for ever
	Critical                               bool
}

// DeviceChange is what changes in a device; nil leaves as it is. Features
// replaces the whole list: a feature that is no longer in it is deleted with
// its history.
type DeviceChange struct {
	Name, Model *string
	Room        *home.ID
	Features    *[]NewFeature
	Version     int64
}

// VirtualDriver is the driver of devices that are made over an API.
const VirtualDriver = "virtual"

// Devices lists the devices of id's house that it may read, by name.
func (h *Hub) Devices(_ context.Context, id *home.Identity) ([]DeviceView, error) {
	p, err := h.houseOf(id)
	if err != nil {
		return nil, err
	}
	if !id.MaySome(home.ReadDevice) {
		return nil, forbidden(home.ReadDevice)
	}
	return p.views(id), nil
}

// Device returns a device by its id or external id. NotFound (device_unknown)
// also when id may not read it.
func (h *Hub) Device(_ context.Context, id *home.Identity, device home.ID) (DeviceView, error) {
	p, err := h.houseOf(id)
	if err != nil {
		return DeviceView{}, err
	}
	if !id.MaySome(home.ReadDevice) {
		return DeviceView{}, forbidden(home.ReadDevice)
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	if d := p.device(device); d != nil {
		if v, ok := p.view(id, d); ok {
			return v, nil
		}
	}
	return DeviceView{}, deviceUnknown()
}

// device finds a device by id or external id; nil when there is none. The
// caller holds p.mu or is the committer.
func (p *place) device(device home.ID) *home.Device {
	if d := p.devices[device]; d != nil {
		return d
	}
	for _, d := range p.devices {
		if d.ExternalID == string(device) {
			return d
		}
	}
	return nil
}

func deviceUnknown() error {
	return home.Errorf(home.NotFound, "there is no such device").Because("device_unknown")
}

// CreateDevice makes a device. Conflict (external_id_taken) when the house has
// the device's or a feature's external id already.
func (h *Hub) CreateDevice(ctx context.Context, id *home.Identity, n NewDevice) (home.Device, error) {
	p, err := h.placeOf(id, home.WriteDevice)
	if err != nil {
		return home.Device{}, err
	}
	var out home.Device
	err = h.write(ctx, func(d *draft) error {
		created, err := h.draftDevice(d, p, n)
		if err != nil {
			return err
		}
		out = *created
		d.event(p, home.Event{Type: "device.created", Subject: out.ExternalID, Cause: causeOf(id), Verb: home.ReadDevice}, out)
		d.audit(id, home.Audit{House: p.id, Action: "device.created", Target: "device:" + string(out.ID), Detail: out.Name})
		return nil
	})
	return out, err
}

// draftDevice drafts a new device; it runs in the committer.
func (h *Hub) draftDevice(d *draft, p *place, n NewDevice) (*home.Device, error) {
	out := &home.Device{ID: home.NewID(), House: p.id, Version: 1, ExternalID: n.ExternalID, Name: n.Name, Model: n.Model,
		Driver: cmp.Or(n.Driver, VirtualDriver), Room: n.Room, CreatedAt: d.now}
	features, err := h.features(p, out, n.Features)
	if err != nil {
		return nil, err
	}
	out.Features = features
	if err := h.judgeDevice(p, out); err != nil {
		return nil, err
	}
	p.saveDevice(d, out)
	return out, nil
}

// UpdateDevice changes a device.
func (h *Hub) UpdateDevice(ctx context.Context, id *home.Identity, device home.ID, c DeviceChange) (home.Device, error) {
	p, err := h.houseOf(id)
	if err != nil {
		return home.Device{}, err
	}
	var out home.Device
	err = h.write(ctx, func(d *draft) error {
		old, err := p.writable(id, device)
		if err != nil {
			return err
		}
		if err := checkVersion(old.Version, c.Version); err != nil {
			return err
		}
		out = *old
		set(&out.Name, c.Name)
		set(&out.Model, c.Model)
		set(&out.Room, c.Room)
		out.Version++
		if c.Features != nil {
			if out.Features, err = h.features(p, old, *c.Features); err != nil {
				return err
			}
		}
		if err := h.judgeDevice(p, &out); err != nil {
			return err
		}
		p.eraseDropped(d, old, &out)
		kept := out
		p.saveDevice(d, &kept)
		d.event(p, home.Event{Type: "device.updated", Subject: out.ExternalID, Cause: causeOf(id), Verb: home.ReadDevice}, out)
		d.audit(id, home.Audit{House: p.id, Action: "device.updated", Target: "device:" + string(out.ID), Detail: out.Name})
		return nil
	})
	return out, err
}

// writable returns a device that id may change. The committer calls it.
func (p *place) writable(id *home.Identity, device home.ID) (*home.Device, error) {
	if !id.MaySome(home.WriteDevice) {
		return nil, forbidden(home.WriteDevice)
	}
	d := p.device(device)
	if d == nil {
		return nil, deviceUnknown()
	}
	if !id.May(home.WriteDevice, d, nil) {
		if id.May(home.ReadDevice, d, nil) {
			return nil, forbidden(home.WriteDevice)
		}
		return nil, deviceUnknown()
	}
	return d, nil
}

// DeleteDevice deletes a device with the history of its features.
func (h *Hub) DeleteDevice(ctx context.Context, id *home.Identity, device home.ID) error {
	p, err := h.houseOf(id)
	if err != nil {
		return err
	}
	return h.write(ctx, func(d *draft) error {
		old, err := p.writable(id, device)
		if err != nil {
			return err
		}
		p.eraseDropped(d, old, &home.Device{})
		d.remove(home.KindDevice, old.ID, func() {
			p.mu.Lock()
			for i := range old.Features {
				p.dropFeature(old.Features[i].ExternalID)
			}
			delete(p.devices, old.ID)
			p.mu.Unlock()
		})
		d.event(p, home.Event{Type: "device.deleted", Subject: old.ExternalID, Cause: causeOf(id), Verb: home.ReadDevice}, map[string]home.ID{"id": old.ID})
		d.audit(id, home.Audit{House: p.id, Action: "device.deleted", Target: "device:" + string(old.ID), Detail: old.Name})
		return nil
	})
}

// saveDevice drafts a device as it now is.
func (p *place) saveDevice(d *draft, device *home.Device) {
	d.put(home.Record{Kind: home.KindDevice, ID: device.ID, House: p.id, Version: device.Version}, device, func() {
		p.mu.Lock()
		p.setDevice(device)
		p.mu.Unlock()
	})
}

// eraseDropped erases the history of the features that old has and now has not.
func (p *place) eraseDropped(d *draft, old, now *home.Device) {
	for i := range old.Features {
		f := &old.Features[i]
		if kept := now.Feature(f.ExternalID); kept == nil || kept.Num != f.Num {
			d.group.Erasures = append(d.group.Erasures, home.Erasure{Feature: f.Num, Forget: true})
		}
	}
}
