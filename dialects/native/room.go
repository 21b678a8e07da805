package native

import (
	"net/http"

	"latchkey/dialects/native/rest"
	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/wire"
)

type room struct{ home.Room }

// Tag implements rest.Tagged.
func (r room) Tag() string { return version(r.Version) }

type roomList struct {
	Rooms []room `json:"rooms"`
}

type newRoom struct {
	Name string `json:"name" doc:"1 to 100 characters, unique in its house"`
}

type roomChange struct {
	Name *string `json:"name,omitempty"`
}

type oneRoom struct {
	Room home.ID `path:"id"`
}

func (a *api) rooms() []rest.Operation {
	return []rest.Operation{
		rest.Op(rest.Spec{Method: http.MethodGet, Path: "/rooms", Name: "list_rooms", Tag: "houses", Right: home.ReadDevice, Class: wire.Read,
			Title: home.Label{EN: "List the rooms", FR: "Lister les pièces"}}, a.listRooms),
		rest.Op(rest.Spec{Method: http.MethodPost, Path: "/rooms", Name: "create_room", Tag: "houses", Right: home.WriteHouse, Status: http.StatusCreated, Acts: true,
			Title: home.Label{EN: "Make a room", FR: "Créer une pièce"}},
			func(c *rest.Call, in *struct{ Body newRoom }) (room, error) {
				v, err := a.hub.CreateRoom(c, c.ID, in.Body.Name)
				if err == nil {
					c.Made("/rooms/" + string(v.ID))
				}
				return room{v}, err
			}),
		rest.Op(rest.Spec{Method: http.MethodGet, Path: "/rooms/{id}", Name: "get_room", Tag: "houses", Right: home.ReadDevice, Class: wire.Read,
			Title: home.Label{EN: "Show a room", FR: "Montrer une pièce"}, Sample: "/rooms/r1"}, a.getRoom),
		rest.Op(rest.Spec{Method: http.MethodPatch, Path: "/rooms/{id}", Name: "update_room", Tag: "houses", Right: home.WriteHouse, Versioned: true,
			Title: home.Label{EN: "Rename a room", FR: "Renommer une pièce"}, Sample: "/rooms/r1"}, a.updateRoom),
		rest.Op(rest.Spec{Method: http.MethodDelete, Path: "/rooms/{id}", Name: "delete_room", Tag: "houses", Right: home.WriteHouse,
			Title: home.Label{EN: "Delete a room; its devices stay", FR: "Supprimer une pièce ; ses appareils restent"}, Sample: "/rooms/r1"},
			func(c *rest.Call, in *oneRoom) (rest.None, error) {
				return rest.None{}, a.hub.DeleteRoom(c, c.ID, in.Room)
			}),
	}
}

func (a *api) listRooms(c *rest.Call, _ *struct{}) (roomList, error) {
	all, err := a.hub.Rooms(c, c.ID)
	out := roomList{Rooms: make([]room, 0, len(all))}
	for _, v := range all {
		out.Rooms = append(out.Rooms, room{v})
	}
	return out, err
}

func (a *api) getRoom(c *rest.Call, in *oneRoom) (room, error) {
	all, err := a.hub.Rooms(c, c.ID)
	if err != nil {
		return room{}, err
	}
	for _, v := range all {
		if v.ID == in.Room {
			return room{v}, nil
		}
	}
	return room{}, home.Errorf(home.NotFound, "there is no such room").Because("room_unknown")
}

func (a *api) updateRoom(c *rest.Call, in *struct {
	oneRoom
	Body roomChange
}) (room, error) {
	v, err := a.hub.UpdateRoom(c, c.ID, in.Room, hub.RoomChange{Name: in.Body.Name, Version: c.Version})
	return room{v}, err
}
