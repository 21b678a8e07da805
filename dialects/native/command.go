package native

import (
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"latchkey/dialects/native/rest"
	"latchkey/home"
)

// given is a value as a caller writes it: a number, a text, true or false.
type given struct{ value home.Value }

// UnmarshalJSON implements json.Unmarshaler.
func (g *given) UnmarshalJSON(b []byte) error {
	var n float64
	switch {
	case string(b) == "true":
		g.value = home.Num(1)
	case string(b) == "false":
		g.value = home.Num(0)
	case b[0] == '"':
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		g.value = home.Txt(s)
	case json.Unmarshal(b, &n) == nil && string(b) != "null":
		g.value = home.Num(n)
	default:
		return home.Errorf(home.Invalid, "a value is a finite number, a text, true or false").Because("json_type").At("value", "a number, a text, true or false is accepted here")
	}
	return nil
}

// Schema implements huma.SchemaProvider.
func (given) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{{Type: huma.TypeNumber}, {Type: huma.TypeString}, {Type: huma.TypeBoolean}}}
}

type commandBody struct {
	Feature string `json:"feature" doc:"the feature's external id"`
	Value   *given `json:"value"`
}

type commanded struct {
	ID     home.ID `json:"id"`
	Seq    uint64  `json:"seq" doc:"order number of the command's event"`
	Status string  `json:"status"`
}

func (a *api) commands() []rest.Operation {
	return []rest.Operation{
		rest.Op(rest.Spec{Method: http.MethodPost, Path: "/commands", Name: "command", Tag: "devices", Right: home.Control, Acts: true,
			Title: home.Label{EN: "Ask a device for a value", FR: "Demander une valeur à un appareil"},
			Doc:   "Answers when the device's driver has carried it out. A lock, an alarm or a garage door needs device:control-critical."}, a.command),
	}
}

func (a *api) command(c *rest.Call, in *struct {
	Body commandBody `example:"{\"feature\":\"mqtt:lamp:on\",\"value\":true}"`
}) (commanded, error) {
	if in.Body.Value == nil {
		return commanded{}, home.Errorf(home.Unprocessable, "a command has a value").Because("value_refused").At("value", "a number, a text, true or false is accepted here")
	}
	done, err := a.hub.Command(c, c.ID, in.Body.Feature, in.Body.Value.value)
	return commanded{ID: done.ID, Seq: done.Seq, Status: done.Status}, err
}
