package demo

import (
	"time"

	"latchkey/home"
)

func number(n float64) *float64 { return &n }

// toggle is a feature that is so, or not.
func toggle(id string, name home.Label, category string) Feature {
	kind := "binary"
	if category == "button" {
		kind = "push"
	}
	return Feature{ExternalID: id, Name: name, Category: category, Type: kind, Min: number(0), Max: number(1), habit: habit{grain: 1, move: 1}}
}

func (f Feature) readOnly() Feature { f.ReadOnly = true; return f }
func (f Feature) critical() Feature { f.Critical = true; return f }

func on(device, category string) Feature {
	return toggle(device+":on", label("On", "Allum\u00e9"), category)
}

func light(id string, name home.Label, at room) Device {
	return made(id, name, at, on(id, "light"), Feature{ExternalID: id + ":brightness", Name: label("Brightness", "Luminosit\u00e9"),
		Category: "light", Type: "brightness", Unit: "percent", Min: number(0), Max: number(100), habit: habit{grain: 1, move: 1, starting: 80}})
}

func shutter(device string) Feature {
	return Feature{ExternalID: device + ":position", Name: label("Position", "Position"), Category: "shutter", Type: "position",
		Unit: "percent", Min: number(0), Max: number(100), habit: habit{grain: 1, move: 1, starting: 100}}
}

func target(device string) Feature {
	return Feature{ExternalID: device + ":target", Name: label("Set-point", "Consigne"), Category: "thermostat", Type: "target-temperature",
		Unit: "celsius", Min: number(5), Max: number(30), habit: habit{grain: 0.5, move: 0.5, starting: 19}}
}

func warmth(device string, least time.Duration) Feature {
	return Feature{ExternalID: device + ":temperature", Name: label("Temperature", "Temp\u00e9rature"), Category: "temperature-sensor", Type: "decimal",
		Unit: "celsius", Min: number(-50), Max: number(60), ReadOnly: true, habit: habit{grain: 0.1, move: 0.15, least: least, most: time.Hour, starting: 19}}
}

func damp(device string) Feature {
	return Feature{ExternalID: device + ":humidity", Name: label("Humidity", "Humidit\u00e9"), Category: "humidity-sensor", Type: "decimal",
		Unit: "percent", Min: number(0), Max: number(100), ReadOnly: true, habit: habit{grain: 1, move: 1, least: 5 * time.Minute, most: 2 * time.Hour, starting: 50}}
}

func daylight(device string) Feature {
	return Feature{ExternalID: device + ":light", Name: label("Daylight", "Lumi\u00e8re du jour"), Category: "light-sensor", Type: "decimal",
		Unit: "lux", Min: number(0), Max: number(130000), ReadOnly: true, habit: habit{grain: 10, move: 50, part: 0.15, least: 5 * time.Minute}}
}

func power(device string) Feature {
	return Feature{ExternalID: device + ":power", Name: label("Power", "Puissance"), Category: "switch", Type: "power", Unit: "watt",
		Min: number(0), Max: number(12000), ReadOnly: true, habit: habit{grain: 1, move: 12, part: 0.08, least: 30 * time.Second, most: 30 * time.Minute}}
}

func energy(device string) Feature {
	return Feature{ExternalID: device + ":energy", Name: label("Energy", "\u00c9nergie"), Category: "switch", Type: "energy", Unit: "kilowatt-hour",
		Min: number(0), ReadOnly: true, habit: habit{grain: 0.001, move: 0.005, least: 15 * time.Minute}}
}

// battery tells each step of so many percent.
func battery(device string, step float64) Feature {
	return Feature{ExternalID: device + ":battery", Name: label("Battery", "Batterie"), Category: "battery", Type: "integer", Unit: "percent",
		Min: number(0), Max: number(100), ReadOnly: true, habit: habit{grain: 1, move: step, least: time.Minute, most: 24 * time.Hour}}
}

func climate(id string, name home.Label, at room) Device {
	return made(id, name, at, warmth(id, 5*time.Minute), damp(id), battery(id, 1))
}

// sensor is a device that sees one thing and runs on a battery.
func sensor(id string, name home.Label, at room, sees string) Device {
	f := toggle(id+":"+sees, label("Motion", "Mouvement"), "motion-sensor")
	switch sees {
	case "open":
		f = toggle(id+":open", label("Open", "Ouverte"), "opening-sensor")
	case "smoke":
		f = toggle(id+":smoke", label("Smoke", "Fum\u00e9e"), "smoke-sensor")
		f.habit.most = 12 * time.Hour
	case "leak":
		f = toggle(id+":leak", label("Water", "Eau"), "leak-sensor")
		f.habit.most = 12 * time.Hour
	}
	return made(id, name, at, f.readOnly(), battery(id, 1))
}
