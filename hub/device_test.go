package hub_test

import (
	"testing"

	"latchkey/home"
	"latchkey/hub"
)

func TestChangesAreCheckedForTheirVersion(t *testing.T) {
	f := open(t)
	room, err := f.CreateRoom(f.ctx, f.owner, "Kitchen")
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.CreateRoom(f.ctx, f.owner, "kitchen")
	wantCode(t, err, home.Conflict, "name_taken")
	if _, err = f.UpdateRoom(f.ctx, f.owner, room.ID, hub.RoomChange{Name: ptr("Cuisine"), Version: 1}); err != nil {
		t.Fatal(err)
	}
	_, err = f.UpdateRoom(f.ctx, f.owner, room.ID, hub.RoomChange{Name: ptr("Attic"), Version: 1})
	wantCode(t, err, home.Stale, "version_stale")
	device, _ := f.Device(f.ctx, f.owner, "lamp")
	if _, err := f.UpdateDevice(f.ctx, f.owner, device.ID, hub.DeviceChange{Room: &room.ID}); err != nil {
		t.Fatal(err)
	}
	if err := f.DeleteRoom(f.ctx, f.owner, room.ID); err != nil {
		t.Fatal(err)
	}
	if device, _ = f.Device(f.ctx, f.owner, "lamp"); device.Room != "" {
		t.Error("the lamp stands in a room that is gone")
	}
}

func TestADevicesChangeKeepsItsHistory(t *testing.T) {
	f := open(t)
	f.report(home.Report{Feature: "probe:t", Value: home.Num(20)})
	device, _ := f.Device(f.ctx, f.owner, "probe")
	features := []hub.NewFeature{{ExternalID: "probe:t", Name: "Inside", Category: "temperature-sensor", Type: "decimal"}, {ExternalID: "probe:h", Category: "humidity-sensor", Type: "decimal"}}
	if _, err := f.UpdateDevice(f.ctx, f.owner, device.ID, hub.DeviceChange{Features: &features}); err != nil {
		t.Fatal(err)
	}
	if h := f.history("probe:t"); len(h) != 1 || f.current("probe:t").Value != home.Num(20) {
		t.Errorf("history is %v", h)
	}
	features = features[1:]
	if _, err := f.UpdateDevice(f.ctx, f.owner, device.ID, hub.DeviceChange{Features: &features}); err != nil {
		t.Fatal(err)
	}
	_, err := f.Report(f.ctx, f.owner, home.Report{Feature: "probe:t", Value: home.Num(1)})
	wantCode(t, err, home.NotFound, "feature_unknown")
	taken := hub.NewDevice{Name: "x", ExternalID: "x", Features: []hub.NewFeature{{ExternalID: "lamp:on", Category: "light", Type: "binary"}}}
	_, err = f.CreateDevice(f.ctx, f.owner, taken)
	wantCode(t, err, home.Conflict, "external_id_taken")
	if err := f.DeleteDevice(f.ctx, f.owner, device.ID); err != nil {
		t.Fatal(err)
	}
	_, err = f.Device(f.ctx, f.owner, device.ID)
	wantCode(t, err, home.NotFound, "device_unknown")
}

func TestBadDevicesAreRefused(t *testing.T) {
	f := open(t)
	ok := hub.NewFeature{ExternalID: "a", Category: "light", Type: "binary"}
	for name, n := range map[string]hub.NewDevice{
		"no name":       {ExternalID: "x"},
		"no id":         {Name: "x"},
		"control chars": {Name: "x\n", ExternalID: "x"},
		"driver":        {Name: "x", ExternalID: "x", Driver: "quantum"},
		"room":          {Name: "x", ExternalID: "x", Room: "nowhere"},
		"twice":         {Name: "x", ExternalID: "x", Features: []hub.NewFeature{ok, ok}},
		"category":      {Name: "x", ExternalID: "x", Features: []hub.NewFeature{{ExternalID: "a", Category: "Light!", Type: "binary"}}},
		"min over max":  {Name: "x", ExternalID: "x", Features: []hub.NewFeature{{ExternalID: "a", Category: "light", Type: "decimal", Min: ptr(2.0), Max: ptr(1.0)}}},
		"retention":     {Name: "x", ExternalID: "x", Features: []hub.NewFeature{{ExternalID: "a", Category: "light", Type: "binary", Retention: -1}}},
		"too many":      {Name: "x", ExternalID: "x", Features: make([]hub.NewFeature, hub.MaxFeatures+1)},
	} {
		_, err := f.CreateDevice(f.ctx, f.owner, n)
		if home.CodeOf(err) != home.Unprocessable {
			t.Errorf("%s: %v", name, err)
		}
	}
}
