package demo

import "latchkey/home"

// room is a place in the house; away is out of it.
type room int

const (
	away room = iota - 1
	entrance
	living
	kitchen
	bedroom
	child
	bathroom
	office
	laundry
	roomCount
)

// Nowhere is the room of a device that hangs on no room's wall.
const Nowhere = -1

// Rooms returns the rooms' names in the order of Device.Room.
func Rooms() []home.Label {
	return []home.Label{
		label("Entrance", "Entr\u00e9e"),
		label("Living room", "Salon"),
		label("Kitchen", "Cuisine"),
		label("Parents' bedroom", "Chambre des parents"),
		label("Child's bedroom", "Chambre d'enfant"),
		label("Bathroom", "Salle de bain"),
		label("Office", "Bureau"),
		label("Laundry", "Buanderie"),
	}
}

// shell is what a room is made of.
type shell struct {
	heat    float64 // joules to warm it by a degree, furniture included
	loss    float64 // watts lost outside for each degree of difference
	sun     float64 // watts that come in when the sun shines at the window, shutters open
	heater  float64 // watts of its radiator
	warmer  float64 // degrees above the living room's set-point
	noLight bool    // no window to speak of
}

func shellOf(r room) shell {
	switch r {
	case living:
		return shell{heat: 4.2e6, loss: 34, sun: 900, heater: 2400}
	case kitchen:
		return shell{heat: 2.4e6, loss: 18, sun: 350, heater: 1300, warmer: -0.5}
	case bedroom:
		return shell{heat: 2.6e6, loss: 19, sun: 420, heater: 1300}
	case child:
		return shell{heat: 2.2e6, loss: 17, sun: 380, heater: 1200, warmer: -0.3}
	case bathroom:
		return shell{heat: 1.5e6, loss: 10, heater: 1100, warmer: 1.5, noLight: true}
	case office:
		return shell{heat: 2.1e6, loss: 17, sun: 300, heater: 1100, warmer: -0.5}
	case laundry:
		return shell{heat: 1.6e6, loss: 14, heater: 500, warmer: -4, noLight: true}
	}
	return shell{heat: 1.6e6, loss: 13, heater: 700, warmer: -1.5, noLight: true}
}

func label(en, fr string) home.Label { return home.Label{EN: en, FR: fr} }

// In returns l in a house's language.
func In(language string, l home.Label) string {
	if language == "fr" {
		return l.FR
	}
	return l.EN
}
