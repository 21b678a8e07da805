package hub

import (
	"context"

	"latchkey/home"
)

// Commanded is what became of a command.
type Commanded struct {
	ID     home.ID
	Seq    uint64 // order number of the command's event
	Status string // done
}

// Command asks a feature for a value, and returns when its driver has carried
// that out. It needs device:control on the feature, or
// device:control-critical for a critical one. Errors: NotFound
// (feature_unknown), Forbidden, Unprocessable for a read-only feature
// (feature_read_only) or an unacceptable value, and the driver's.
func (h *Hub) Command(ctx context.Context, id *home.Identity, feature string, v home.Value) (Commanded, error) {
	p, err := h.houseOf(id)
	if err != nil {
		return Commanded{}, err
	}
	a, err := p.controllable(id, feature)
	if err != nil {
		return Commanded{}, err
	}
	v, problem := acceptable(a, v)
	if problem != "" {
		return Commanded{}, home.Errorf(home.Unprocessable, "%s: %s", feature, problem).Because("value_refused").At("value", "%s", problem)
	}
	driver := h.drivers[a.device.Driver]
	if driver == nil {
		return Commanded{}, home.Errorf(home.Unavailable, "the driver %s of this device is not running", a.device.Driver).Because("driver_missing")
	}
	c := home.Command{ID: home.NewID(), House: p.id, Device: a.device, Feature: a.feature, Value: v, Expires: h.Now().Add(h.limits.CommandLife)}
	told := commandTold{ID: c.ID, Feature: feature, Value: v}
	e := home.Event{Type: home.EventCommand, Subject: feature, Cause: causeOf(id), Verb: home.ReadState}
	seq, err := h.tell(ctx, p, e, told)
	if err != nil {
		return Commanded{}, err
	}
	c.Cause = e.Cause.And(home.Link{Kind: "command", ID: c.ID, Name: feature, Seq: seq})
	if err := driver.Command(ctx, c, h.Reporter(driver.Name())); err != nil {
		told.Error = home.AsError(err).Message
		if _, tellErr := h.tell(ctx, p, home.Event{Type: home.EventCommandFailed, Subject: feature, Cause: c.Cause, Verb: home.ReadState}, told); tellErr != nil {
			return Commanded{}, tellErr
		}
		return Commanded{}, err
	}
	return Commanded{ID: c.ID, Seq: seq, Status: "done"}, nil
}

// commandTold is what the log says of a command.
type commandTold struct {
	ID      home.ID    `json:"id"`
	Feature string     `json:"feature"`
	Value   home.Value `json:"value"`
	Error   string     `json:"error,omitempty"`
}

// controllable returns a feature that id may command.
func (p *place) controllable(id *home.Identity, feature string) (*described, error) {
	l := p.feature(feature)
	if l == nil {
		if !id.MaySome(home.Control) {
			return nil, forbidden(home.Control)
		}
		return nil, home.Errorf(home.NotFound, "there is no feature with the external id %.200q", feature).Because("feature_unknown")
	}
	a := l.about.Load()
	need := home.Control
	if a.feature.Critical {
		need = home.ControlCritical
	}
	if !id.May(need, a.device, a.feature) {
		if id.MaySome(home.Control) && !id.May(home.ReadDevice, a.device, a.feature) {
			return nil, home.Errorf(home.NotFound, "there is no feature with the external id %.200q", feature).Because("feature_unknown")
		}
		return nil, forbidden(need)
	}
	if a.feature.ReadOnly {
		return nil, home.Errorf(home.Unprocessable, "%s only tells its value, it takes no command", feature).Because("feature_read_only")
	}
	return a, nil
}

// Reporter returns the way in for a driver's values. They are taken as the
// house's own, with the cause that the driver gives; a driver reports only for
// its own devices.
func (h *Hub) Reporter(driver string) home.Reporter {
	return func(ctx context.Context, house home.ID, cause home.Cause, reports ...home.Report) error {
		p, err := h.registry.place(house)
		if err != nil {
			return err
		}
		for i := range reports {
			l := p.feature(reports[i].Feature)
			if l == nil || l.about.Load().device.Driver != driver {
				return home.Errorf(home.NotFound, "the driver %s has no feature %.200q", driver, reports[i].Feature).Because("feature_unknown")
			}
		}
		if len(cause) == 0 {
			cause = home.Cause{{Kind: "driver", Name: driver}}
		}
		id := &home.Identity{Kind: home.InsideKey, House: house, Cause: cause, Grants: []home.Grant{{Verbs: []home.Verb{home.WriteState}}}}
		_, err = h.Report(ctx, id, reports...)
		return err
	}
}
