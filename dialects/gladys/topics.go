package gladys

import (
	"context"
	"strconv"

	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/mqtt"
)

// Driver is the driver of devices that are made over MQTT.
const Driver = "mqtt"

// CommandTopics is the filter of the topics that commands are published to.
const CommandTopics = "gladys/device/+/feature/+/state"

// CommandTopic is where a command for a feature is published.
func CommandTopic(device, feature string) string {
	return "gladys/device/" + mqtt.Escape(device) + "/feature/" + mqtt.Escape(feature) + "/state"
}

// Payload is a value as it is published: a number in plain
// decimals, or the text.
func Payload(v home.Value) []byte {
	if v.IsText {
		return []byte(v.Text)
	}
	return strconv.AppendFloat(nil, v.Number, 'f', -1, 64)
}

// topics is what the handlers of the MQTT topics share.
type topics struct{ hub *hub.Hub }

// Topics returns what the dialect takes in over MQTT.
func Topics(h *hub.Hub) []mqtt.Topic {
	t := &topics{hub: h}
	const feature = "gladys/master/device/{device...}/feature/{feature...}"
	const phone = "owntracks/{user}/{device}"
	out := []mqtt.Topic{
		{Pattern: feature + "/state", Name: "gladys.mqtt_state", Right: home.WriteState, Handler: t.state},
		{Pattern: feature + "/text", Name: "gladys.mqtt_text", Right: home.WriteState, Handler: t.text},
		{Pattern: feature + "/historical", Name: "gladys.mqtt_historical", Right: home.WriteState, Handler: t.historical},
		{Pattern: "gladys/master/device/create", Name: "gladys.mqtt_device", Right: home.WriteDevice, Handler: wait(t.device)},
		{Pattern: "gladys/master/scene/{scene}/start", Name: "gladys.mqtt_scene", Right: home.RunScene, Handler: wait(t.scene)},
		{Pattern: phone, Name: "gladys.mqtt_owntracks", Right: home.WriteLocation, Handler: wait(t.track)},
	}
	for _, kind := range []string{"event", "waypoint", "waypoints", "lwt", "status"} {
		out = append(out, mqtt.Topic{Pattern: phone + "/" + kind, Name: "gladys.mqtt_owntracks_" + kind, Right: home.WriteLocation, Handler: wait(t.track)})
	}
	return out
}

// wait makes a handler of what waits for the disk itself. That holds up who
// sent the message, so that what they send next finds this one done.
func wait(do func(ctx context.Context, m *mqtt.Message) error) mqtt.Handler {
	return func(m *mqtt.Message) { m.Done(do(context.Background(), m)) }
}
