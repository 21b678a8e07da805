package native

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"latchkey/dialects/native/rest"
	"latchkey/home"
	"latchkey/internal/wire"
)

type actionList struct {
	Actions []home.Described `json:"actions"`
}

type kindList struct {
	Kinds []home.Described `json:"kinds"`
}

// object is a JSON object whose members another part judges.
type object json.RawMessage

// UnmarshalJSON implements json.Unmarshaler.
func (o *object) UnmarshalJSON(b []byte) error {
	if b = bytes.TrimSpace(b); len(b) == 0 || b[0] != '{' {
		return home.Errorf(home.Invalid, "an object is accepted here, such as {}").Because("json_type")
	}
	*o = append((*o)[:0], b...)
	return nil
}

// Schema implements huma.SchemaProvider.
func (object) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}

type actionResult struct {
	Result json.RawMessage `json:"result" doc:"what the action returned; null when nothing"`
}

func (a *api) actions() []rest.Operation {
	return []rest.Operation{
		rest.Op(rest.Spec{Method: http.MethodGet, Path: "/actions", Name: "list_actions", Tag: "actions", Right: home.Signed, Class: wire.Read,
			Title: home.Label{EN: "List what can be called by name", FR: "Lister ce qui peut être appelé par son nom"}},
			func(*rest.Call, *struct{}) (actionList, error) { return actionList{described(a.hub.Actions())}, nil }),
		rest.Op(rest.Spec{Method: http.MethodPost, Path: "/actions/{name}", Name: "call_action", Tag: "actions", Right: home.Signed, Acts: true,
			Sample: "/actions/device.command", Title: home.Label{EN: "Call an action", FR: "Appeler une action"},
			Doc: "The body is the action's arguments. Each action names the right that it needs."}, a.callAction),
		rest.Op(rest.Spec{Method: http.MethodGet, Path: "/kinds", Name: "list_kinds", Tag: "scenes", Right: home.Signed, Class: wire.Read,
			Title: home.Label{EN: "List the triggers and conditions that scenes may have", FR: "Lister les déclencheurs et conditions possibles"}},
			func(*rest.Call, *struct{}) (kindList, error) { return kindList{described(a.hub.Kinds())}, nil }),
	}
}

func described(all []home.Described) []home.Described {
	out := make([]home.Described, len(all))
	for i, d := range all {
		d.Fields = filled(d.Fields)
		out[i] = d
	}
	return out
}

func (a *api) callAction(c *rest.Call, in *struct {
	Name string `path:"name"`
	Body object `optional:"true"`
}) (actionResult, error) {
	result, err := a.hub.Call(c, c.ID, in.Name, json.RawMessage(in.Body))
	if len(result) == 0 {
		result = json.RawMessage("null")
	}
	return actionResult{result}, err
}
