package hub

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"latchkey/home"
)

// RoomChange is what changes in a room; nil leaves as it is.
type RoomChange struct {
	Name    *string
	Version int64
}

// Rooms lists the rooms of id's house, by name.
func (h *Hub) Rooms(_ context.Context, id *home.Identity) ([]home.Room, error) {
	p, err := h.houseOf(id)
	if err != nil {
		return nil, err
	}
	if !id.MaySome(home.ReadDevice) && !id.May(home.ReadHouse, nil, nil) {
		return nil, forbidden(home.ReadHouse)
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	out := make([]home.Room, 0, len(p.rooms))
	for _, r := range p.rooms {
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b home.Room) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return out, nil
}

// CreateRoom makes a room. Conflict (name_taken) when the house has one of
// that name.
func (h *Hub) CreateRoom(ctx context.Context, id *home.Identity, name string) (home.Room, error) {
	p, err := h.placeOf(id, home.WriteHouse)
	if err != nil {
		return home.Room{}, err
	}
	room := home.Room{ID: home.NewID(), House: p.id, Version: 1, Name: name}
	err = h.write(ctx, func(d *draft) error { return p.saveRoom(d, id, room, "room.created") })
	return room, err
}

// UpdateRoom changes a room.
func (h *Hub) UpdateRoom(ctx context.Context, id *home.Identity, room home.ID, c RoomChange) (home.Room, error) {
	p, err := h.placeOf(id, home.WriteHouse)
	if err != nil {
		return home.Room{}, err
	}
	var out home.Room
	err = h.write(ctx, func(d *draft) error {
		old := p.rooms[room]
		if old == nil {
			return roomUnknown()
		}
		out = *old
		if err := checkVersion(out.Version, c.Version); err != nil {
			return err
		}
		set(&out.Name, c.Name)
		out.Version++
		return p.saveRoom(d, id, out, "room.updated")
	})
	return out, err
}

// DeleteRoom deletes a room; its devices stay, without a room.
func (h *Hub) DeleteRoom(ctx context.Context, id *home.Identity, room home.ID) error {
	p, err := h.placeOf(id, home.WriteHouse)
	if err != nil {
		return err
	}
	return h.write(ctx, func(d *draft) error {
		if p.rooms[room] == nil {
			return roomUnknown()
		}
		for _, device := range p.devices {
			if device.Room == room {
				moved := *device
				moved.Room = ""
				moved.Version++
				p.saveDevice(d, &moved)
			}
		}
		d.remove(home.KindRoom, room, func() {
			p.mu.Lock()
			delete(p.rooms, room)
			p.mu.Unlock()
		})
		d.event(p, home.Event{Type: "room.deleted", Subject: string(room), Cause: causeOf(id), Verb: home.ReadHouse}, nil)
		d.audit(id, home.Audit{House: p.id, Action: "room.deleted", Target: "room:" + string(room)})
		return nil
	})
}

func (p *place) saveRoom(d *draft, id *home.Identity, room home.Room, what string) error {
	e := home.Errorf(home.Unprocessable, "the room is not acceptable").Because("room_refused")
	checkName(e, "name", room.Name)
	if err := e.OrNil(); err != nil {
		return err
	}
	for _, r := range p.rooms {
		if r.ID != room.ID && strings.EqualFold(r.Name, room.Name) {
			return home.Errorf(home.Conflict, "this house already has a room named %s", r.Name).Because("name_taken")
		}
	}
	d.put(home.Record{Kind: home.KindRoom, ID: room.ID, House: p.id, Version: room.Version}, room, func() {
		p.mu.Lock()
		p.rooms[room.ID] = &room
		p.mu.Unlock()
	})
	d.event(p, home.Event{Type: what, Subject: string(room.ID), Cause: causeOf(id), Verb: home.ReadHouse}, room)
	d.audit(id, home.Audit{House: p.id, Action: what, Target: "room:" + string(room.ID), Detail: room.Name})
	return nil
}

func roomUnknown() error {
	return home.Errorf(home.NotFound, "there is no such room").Because("room_unknown")
}
