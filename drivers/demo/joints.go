package demo

// joints are the places of the features that the model moves.
type joints struct {
	phone, phoneBattery       int
	door, window, lock, bell  int
	siren, shutter            int
	livingTarget, roomTarget  int
	livingWarm, livingDamp    int
	climate                   []gauge
	motion                    [2]int
	washing, washerPower      int
	washerEnergy              int
	tv, tvPower               int
	meterPower, meterEnergy   int
	outside, outsideDamp, lux int
	weather                   int
	batteries                 []int
}

// gauge is a room's thermometer and hygrometer.
type gauge struct {
	at         room
	warm, damp int
}

// lamp is a light that people switch.
type lamp struct {
	at     room
	on     int
	level  int // -1 = it has no levels
	watts  float64
	wanted bool
}

func (m *Model) join() joints {
	at := func(id string) int { return m.index[id] }
	j := joints{
		phone: at(OtherPhone), phoneBattery: at("demo:phone:battery"),
		door: at(FrontDoor), window: at("demo:kitchen:window:open"), lock: at(FrontLock), bell: at("demo:entrance:doorbell:pressed"),
		siren: at(Siren), shutter: at("demo:living:shutter:position"),
		livingTarget: at(SetPoint), roomTarget: at("demo:bedroom:thermostat:target"),
		livingWarm: at(RoomWarmth), livingDamp: at("demo:living:thermostat:humidity"),
		motion:  [2]int{at(LivingMotion), at("demo:entrance:motion:motion")},
		washing: at(Washing), washerPower: at(WasherPower), washerEnergy: at("demo:laundry:washer:energy"),
		tv: at("demo:living:tv:on"), tvPower: at("demo:living:tv:power"),
		meterPower: at(MeterPower), meterEnergy: at(MeterEnergy),
		outside: at(OutsideAir), outsideDamp: at("demo:outside:humidity"), lux: at("demo:outside:light"), weather: at("demo:weather:text"),
	}
	gauges := func(r room, device string) gauge {
		return gauge{r, at(device + ":temperature"), at(device + ":humidity")}
	}
	j.climate = []gauge{gauges(living, "demo:living:thermostat"), gauges(bedroom, "demo:bedroom:thermostat"),
		gauges(kitchen, "demo:kitchen:climate"), gauges(child, "demo:child:climate"), gauges(bathroom, "demo:bathroom:climate")}
	for i := range m.list {
		if m.list[i].Category == "battery" && i != j.phoneBattery {
			j.batteries = append(j.batteries, i)
		}
	}
	return j
}

// wire lists the lights.
func (m *Model) wire() []lamp {
	var all []lamp
	for _, d := range Devices() {
		l := lamp{at: room(d.Room), on: -1, level: -1, watts: 9}
		for _, f := range d.Features {
			switch {
			case f.Category == "light" && f.Type == "binary":
				l.on = m.index[f.ExternalID]
			case f.Category == "light" && f.Type == "brightness":
				l.level, l.watts = m.index[f.ExternalID], 14
			}
		}
		if l.on >= 0 {
			all = append(all, l)
		}
	}
	return all
}
