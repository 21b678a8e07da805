package hub

import (
	"cmp"
	"context"
	"slices"
	"time"

	"latchkey/home"
)

// NewHouse is what a house is made from. Empty fields take defaults: the name
// Home, the zone UTC, the language en.
type NewHouse struct {
	Name, TimeZone      string
	Latitude, Longitude *float64
	Language            string
}

// HouseChange is what changes in a house; nil leaves as it is. Version 0 does
// not check the version.
type HouseChange struct {
	Name, TimeZone, Language *string
	Latitude, Longitude      *float64
	Version                  int64
}

// Houses lists the houses that id's account is a member of, by name; to a key
// for one house that house alone. Coordinates are shown with house:read.
func (h *Hub) Houses(_ context.Context, id *home.Identity) ([]home.House, error) {
	h.registry.mu.RLock()
	defer h.registry.mu.RUnlock()
	only := h.registry.houseOfKey(id.Key)
	out := []home.House{}
	for _, p := range h.registry.houses {
		if only != "" && p.id != only {
			continue
		}
		p.mu.RLock()
		member := p.members[id.Account]
		if member != nil && (member.Expires == 0 || member.Expires > h.Now()) || p.id == id.House {
			out = append(out, *p.house)
		}
		p.mu.RUnlock()
	}
	if id.Key != "" && !id.May(home.ReadHouse, nil, nil) {
		for i := range out {
			out[i].Latitude, out[i].Longitude = nil, nil
		}
	}
	slices.SortFunc(out, func(a, b home.House) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return out, nil
}

// houseOfKey returns the one house that a key is for, "" for any other. The
// caller holds r.mu.
func (r *registry) houseOfKey(key home.ID) home.ID {
	if c := r.keys[key]; c != nil {
		return c.snapshot().House
	}
	return ""
}

// EveryHouse lists all houses, by name, for what serves them all to begin with.
func (h *Hub) EveryHouse() []home.House {
	h.registry.mu.RLock()
	defer h.registry.mu.RUnlock()
	out := []home.House{}
	for _, p := range h.registry.houses {
		p.mu.RLock()
		out = append(out, *p.house)
		p.mu.RUnlock()
	}
	slices.SortFunc(out, func(a, b home.House) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return out
}

// House returns id's house.
func (h *Hub) House(_ context.Context, id *home.Identity) (home.House, error) {
	p, err := h.placeOf(id, home.ReadHouse)
	if err != nil {
		return home.House{}, err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	return *p.house, nil
}

// placeOf returns id's house if id holds v on the whole of it.
func (h *Hub) placeOf(id *home.Identity, v home.Verb) (*place, error) {
	p, err := h.houseOf(id)
	if err != nil {
		return nil, err
	}
	if !id.May(v, nil, nil) {
		return nil, forbidden(v)
	}
	return p, nil
}

// houseOf returns id's house, or says that there is none yet.
func (h *Hub) houseOf(id *home.Identity) (*place, error) {
	if id.House == "" {
		return nil, home.Errorf(home.Conflict, "this account has no house yet; make one, or have an owner add the account as a member").Because("no_house")
	}
	return h.registry.place(id.House)
}

// CreateHouse makes a house whose owner is id's account. A session may, and a
// personal token with house:write.
func (h *Hub) CreateHouse(ctx context.Context, id *home.Identity, n NewHouse) (home.House, error) {
	if id.Account == "" || id.Kind != home.SessionKey && id.Kind != home.TokenKey {
		return home.House{}, home.Errorf(home.Forbidden, "a house is made by a person: sign in first").Because("right_missing")
	}
	if id.Kind == home.TokenKey && !id.May(home.WriteHouse, nil, nil) {
		return home.House{}, forbidden(home.WriteHouse)
	}
	house, err := h.newHouse(n)
	if err != nil {
		return house, err
	}
	err = h.write(ctx, func(d *draft) error {
		h.foundHouse(d, id, &house, id.Account)
		return nil
	})
	return house, err
}

// newHouse judges n and fills in the rest.
func (h *Hub) newHouse(n NewHouse) (home.House, error) {
	house := home.House{ID: home.NewID(), Version: 1, Name: cmp.Or(n.Name, "Home"), TimeZone: cmp.Or(n.TimeZone, "UTC"),
		Latitude: n.Latitude, Longitude: n.Longitude, Language: cmp.Or(n.Language, "en"), CreatedAt: h.Now()}
	return house, judgeHouse(&house)
}

// foundHouse drafts a house with its first owner.
func (h *Hub) foundHouse(d *draft, id *home.Identity, house *home.House, owner home.ID) {
	p := newPlace(house.ID)
	kept := *house
	p.house = &kept
	member := &home.Member{ID: home.NewID(), House: p.id, Account: owner, Version: 1, Role: home.Owner, JoinedAt: d.now}
	d.put(home.Record{Kind: home.KindHouse, ID: p.id, House: p.id, Version: 1}, house, func() {
		h.registry.mu.Lock()
		h.registry.houses[p.id] = p
		h.registry.mu.Unlock()
	})
	d.put(home.Record{Kind: home.KindMember, ID: member.ID, House: p.id, Parent: owner, Version: 1}, member, func() {
		p.mu.Lock()
		p.members[owner] = member
		p.mu.Unlock()
		h.registry.epoch.Add(1)
	})
	d.event(p, home.Event{Type: "house.created", Subject: string(p.id), Cause: causeOf(id), Verb: home.ReadHouse}, house)
	d.audit(id, home.Audit{House: p.id, Action: "house.created", Target: "house:" + string(p.id), Detail: house.Name})
}

func judgeHouse(v *home.House) error {
	e := home.Errorf(home.Unprocessable, "the house is not acceptable").Because("house_refused")
	checkName(e, "name", v.Name)
	if _, err := time.LoadLocation(v.TimeZone); err != nil || v.TimeZone == "" || v.TimeZone == "Local" {
		e.At("time_zone", "%.60q is not a time zone; write one like Europe/Paris", v.TimeZone)
	}
	if v.Language != "en" && v.Language != "fr" {
		e.At("language", "%.10q is not a language we speak; en and fr are", v.Language)
	}
	if (v.Latitude == nil) != (v.Longitude == nil) {
		e.At("latitude", "latitude and longitude go together")
	}
	if v.Latitude != nil && !(*v.Latitude >= -90 && *v.Latitude <= 90) {
		e.At("latitude", "a latitude is -90 to 90 degrees")
	}
	if v.Longitude != nil && !(*v.Longitude >= -180 && *v.Longitude <= 180) {
		e.At("longitude", "a longitude is -180 to 180 degrees")
	}
	return e.OrNil()
}

// UpdateHouse changes id's house. Stale when Version is not the current one.
func (h *Hub) UpdateHouse(ctx context.Context, id *home.Identity, c HouseChange) (home.House, error) {
	p, err := h.placeOf(id, home.WriteHouse)
	if err != nil {
		return home.House{}, err
	}
	var out home.House
	err = h.write(ctx, func(d *draft) error {
		out = *p.house
		if err := checkVersion(out.Version, c.Version); err != nil {
			return err
		}
		set(&out.Name, c.Name)
		set(&out.TimeZone, c.TimeZone)
		set(&out.Language, c.Language)
		if c.Latitude != nil || c.Longitude != nil {
			out.Latitude, out.Longitude = c.Latitude, c.Longitude
		}
		out.Version++
		if err := judgeHouse(&out); err != nil {
			return err
		}
		kept := out
		d.put(home.Record{Kind: home.KindHouse, ID: p.id, House: p.id, Version: out.Version}, out, func() {
			p.mu.Lock()
			p.house = &kept
			p.mu.Unlock()
		})
		d.event(p, home.Event{Type: home.EventHouseChanged, Subject: string(p.id), Cause: causeOf(id), Verb: home.ReadHouse}, out)
		d.audit(id, home.Audit{House: p.id, Action: "house.updated", Target: "house:" + string(p.id), Detail: out.Name})
		return nil
	})
	return out, err
}

// set puts *from into to when there is one.
func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// checkVersion refuses a change that was made on another version; 0 asks for
// no check.
func checkVersion(is, wanted int64) error {
	if wanted != 0 && wanted != is {
		return home.Errorf(home.Stale, "this has been changed meanwhile: it is at version %d, the change was made on %d; read it again", is, wanted).Because("version_stale")
	}
	return nil
}

// zone returns the house's time zone.
func (p *place) zone() *time.Location {
	p.mu.RLock()
	name := p.house.TimeZone
	p.mu.RUnlock()
	if z, err := time.LoadLocation(name); err == nil {
		return z
	}
	return time.UTC
}
