package demo

import (
	"time"

	"latchkey/home"
)

// YourPhone is the presence of the phone that nobody but you moves: the feature
// of the Open API's tutorial.
const YourPhone = "mqtt:my-phone-presence"

// Features that scenes and tests ask for by name.
const (
	Lamp         = "lamp:on"
	Washing      = "demo:laundry:washer:running"
	WasherPower  = "demo:laundry:washer:power"
	OtherPhone   = "demo:phone:presence"
	FrontDoor    = "demo:entrance:door:open"
	FrontLock    = "demo:entrance:lock:locked"
	SetPoint     = "demo:living:thermostat:target"
	RoomWarmth   = "demo:living:thermostat:temperature"
	MeterPower   = "demo:meter:power"
	MeterEnergy  = "demo:meter:energy"
	OutsideAir   = "demo:outside:temperature"
	Siren        = "demo:entrance:siren:on"
	LivingMotion = "demo:living:motion:motion"
)

// Device is one device of the house, as it is to be made.
type Device struct {
	ExternalID string
	Name       home.Label
	Model      string
	Driver     string // "demo", or "virtual" for the phone that is yours
	Room       int    // place in Rooms, or Nowhere
	Features   []Feature
}

// Feature is one value of a Device.
type Feature struct {
	ExternalID           string
	Name                 home.Label
	Category, Type, Unit string
	Min, Max             *float64
	ReadOnly, Critical   bool
	habit                habit
}

// habit is when a sensor speaks: when its value has moved far enough and it
// has been silent for long enough, or when it has been silent for very long.
type habit struct {
	grain    float64 // it tells multiples of this
	move     float64 // in the value's unit
	part     float64 // or this part of the value, whichever is more
	least    time.Duration
	most     time.Duration // 0 = silent while nothing moves
	starting float64       // the value of a new house
}

// Devices returns the house's devices.
func Devices() []Device {
	yours := toggle("mqtt:my-phone-presence", label("At home", "\u00c0 la maison"), "motion-sensor").readOnly()
	return append([]Device{
		{ExternalID: "mqtt:my-phone", Name: label("My phone", "Mon t\u00e9l\u00e9phone"), Driver: "virtual", Room: Nowhere, Features: []Feature{yours}},
		made("demo:phone", label("Alex's phone", "T\u00e9l\u00e9phone d'Alex"), Nowhere,
			toggle(OtherPhone, label("At home", "\u00c0 la maison"), "motion-sensor").readOnly(), battery("demo:phone", 3)),
		light("lamp", label("Lamp", "Lampe"), living),
		light("demo:kitchen:light", label("Kitchen light", "Lumi\u00e8re de la cuisine"), kitchen),
		light("demo:bedroom:light", label("Bedside light", "Lampe de chevet"), bedroom),
		light("demo:child:light", label("Child's light", "Lumi\u00e8re de l'enfant"), child),
		light("demo:office:light", label("Desk light", "Lampe de bureau"), office),
		made("demo:bathroom:light", label("Bathroom light", "Lumi\u00e8re de la salle de bain"), bathroom, on("demo:bathroom:light", "light")),
		made("demo:entrance:light", label("Entrance light", "Lumi\u00e8re de l'entr\u00e9e"), entrance, on("demo:entrance:light", "light")),
		made("demo:living:shutter", label("Living room shutter", "Volet du salon"), living, shutter("demo:living:shutter")),
		made("demo:living:thermostat", label("Living room thermostat", "Thermostat du salon"), living,
			target("demo:living:thermostat"), warmth("demo:living:thermostat", 5*time.Minute), damp("demo:living:thermostat")),
		made("demo:bedroom:thermostat", label("Bedroom thermostat", "Thermostat de la chambre"), bedroom,
			target("demo:bedroom:thermostat"), warmth("demo:bedroom:thermostat", 5*time.Minute), damp("demo:bedroom:thermostat")),
		climate("demo:kitchen:climate", label("Kitchen climate", "Climat de la cuisine"), kitchen),
		climate("demo:child:climate", label("Child's room climate", "Climat de la chambre d'enfant"), child),
		climate("demo:bathroom:climate", label("Bathroom climate", "Climat de la salle de bain"), bathroom),
	}, guards()...)
}

// guards returns the sensors, the appliances and what stands outside.
func guards() []Device {
	return []Device{
		sensor("demo:living:motion", label("Living room motion", "Mouvement du salon"), living, "motion"),
		sensor("demo:entrance:motion", label("Entrance motion", "Mouvement de l'entr\u00e9e"), entrance, "motion"),
		sensor("demo:entrance:door", label("Front door", "Porte d'entr\u00e9e"), entrance, "open"),
		sensor("demo:kitchen:window", label("Kitchen window", "Fen\u00eatre de la cuisine"), kitchen, "open"),
		made("demo:entrance:lock", label("Front door lock", "Serrure de l'entr\u00e9e"), entrance,
			toggle(FrontLock, label("Locked", "Verrouill\u00e9e"), "lock").critical(), battery("demo:entrance:lock", 1)),
		made("demo:entrance:doorbell", label("Doorbell", "Sonnette"), entrance,
			toggle("demo:entrance:doorbell:pressed", label("Pressed", "Appuy\u00e9e"), "button").readOnly()),
		made("demo:entrance:siren", label("Siren", "Sir\u00e8ne"), entrance, on("demo:entrance:siren", "siren").critical()),
		sensor("demo:kitchen:smoke", label("Smoke detector", "D\u00e9tecteur de fum\u00e9e"), kitchen, "smoke"),
		sensor("demo:laundry:leak", label("Leak detector", "D\u00e9tecteur de fuite"), laundry, "leak"),
		made("demo:laundry:washer", label("Washing machine", "Lave-linge"), laundry,
			toggle(Washing, label("Running", "En marche"), "switch").readOnly(), power("demo:laundry:washer"), energy("demo:laundry:washer")),
		made("demo:living:tv", label("Television", "T\u00e9l\u00e9vision"), living, on("demo:living:tv", "switch"), power("demo:living:tv")),
		made("demo:meter", label("Electricity meter", "Compteur \u00e9lectrique"), int(laundry), power("demo:meter"), energy("demo:meter")),
		made("demo:outside", label("Weather station", "Station m\u00e9t\u00e9o"), Nowhere,
			warmth("demo:outside", 10*time.Minute), damp("demo:outside"), daylight("demo:outside"), battery("demo:outside", 1)),
		made("demo:weather", label("Weather", "M\u00e9t\u00e9o"), Nowhere,
			Feature{ExternalID: "demo:weather:text", Name: label("Now", "En ce moment"), Category: "text", Type: "text", ReadOnly: true,
				habit: habit{grain: 1, move: 1, least: 10 * time.Minute}}),
	}
}

// made returns a device of this driver.
func made[R room | int](id string, name home.Label, at R, features ...Feature) Device {
	return Device{ExternalID: id, Name: name, Model: "Simulated", Driver: Name, Room: int(at), Features: features}
}
