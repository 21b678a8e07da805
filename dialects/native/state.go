package native

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"latchkey/dialects/native/rest"
	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/wire"
)

// report is one value on its way in.
type report struct {
	Feature string    `json:"feature" doc:"the feature's external id"`
	Value   *float64  `json:"value,omitempty" doc:"one of value, text and boolean"`
	Text    *string   `json:"text,omitempty"`
	Boolean *bool     `json:"boolean,omitempty" doc:"1 or 0"`
	At      home.Time `json:"at,omitempty" doc:"when it was so; now when left out"`
	History bool      `json:"history,omitempty" doc:"it is history, given at its own time: it takes the place of a value at the same time and fires nothing"`
}

// reports is one report or a list of them.
type reports struct {
	report
	States []report `json:"states,omitempty"`
}

// Schema implements huma.SchemaProvider.
func (reports) Schema(r huma.Registry) *huma.Schema {
	one := r.Schema(typeOf[report](), true, "Report")
	most := hub.MaxReports
	return &huma.Schema{OneOf: []*huma.Schema{one, {Type: huma.TypeObject, Required: []string{"states"}, AdditionalProperties: false,
		Properties: map[string]*huma.Schema{"states": {Type: huma.TypeArray, Items: one, MaxItems: &most}}}}}
}

// state is one value of a feature.
type state struct {
	Feature string    `json:"feature"`
	Seq     uint64    `json:"seq"`
	At      home.Time `json:"at"`
	Value   *float64  `json:"value,omitempty"`
	Text    *string   `json:"text,omitempty"`
}

type taken struct {
	Feature string    `json:"feature"`
	Seq     uint64    `json:"seq"`
	At      home.Time `json:"at"`
}

// takenAll answers one report with one object and a list with a list.
type takenAll struct {
	many bool
	list []taken
}

// MarshalJSON implements json.Marshaler.
func (t takenAll) MarshalJSON() ([]byte, error) {
	if t.many {
		return json.Marshal(map[string][]taken{"states": t.list})
	}
	return json.Marshal(t.list[0])
}

// Schema implements huma.SchemaProvider.
func (takenAll) Schema(r huma.Registry) *huma.Schema {
	one := r.Schema(typeOf[taken](), true, "Taken")
	return &huma.Schema{OneOf: []*huma.Schema{one, {Type: huma.TypeObject, Required: []string{"states"},
		Properties: map[string]*huma.Schema{"states": {Type: huma.TypeArray, Items: one}}}}}
}

type span struct {
	Feature string    `query:"feature" required:"true" doc:"external id"`
	From    home.Time `query:"from" doc:"from this moment on"`
	To      home.Time `query:"to" doc:"up to before this moment"`
}

type stateQuery struct {
	span
	Order  string `query:"order" enum:"asc,desc" default:"asc" doc:"asc = oldest first"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Cursor string `query:"cursor" doc:"next_cursor of the page before"`
}

func (a *api) states() []rest.Operation {
	return []rest.Operation{
		rest.Op(rest.Spec{Method: http.MethodGet, Path: "/states", Name: "list_states", Tag: "states", Right: home.ReadState, Class: wire.Read,
			Title: home.Label{EN: "Read a feature's history", FR: "Lire l'historique d'une fonction"}, Sample: "/states?feature=x"}, a.listStates),
		rest.Op(rest.Spec{Method: http.MethodPost, Path: "/states", Name: "report_states", Tag: "states", Right: home.WriteState, Class: wire.Ingest,
			Status: http.StatusCreated, Acts: true, Title: home.Label{EN: "Report values: one, or up to 1,000 at once", FR: "Déclarer des valeurs : une, ou jusqu'à 1 000 à la fois"},
			Doc: "All or none are taken. 201 means: on disk."}, a.reportStates),
		rest.Op(rest.Spec{Method: http.MethodDelete, Path: "/states", Name: "erase_states", Tag: "states", Right: home.CorrectState,
			Title: home.Label{EN: "Erase a part of a feature's history", FR: "Effacer une partie de l'historique d'une fonction"},
			Doc:   "The current value stays."},
			func(c *rest.Call, in *span) (rest.None, error) {
				return rest.None{}, a.hub.EraseHistory(c, c.ID, in.Feature, in.From, in.To)
			}),
		rest.Op(rest.Spec{Method: http.MethodGet, Path: "/states/buckets", Name: "sum_states", Tag: "states", Right: home.ReadState, Class: wire.Read,
			Title: home.Label{EN: "Sum a feature's history up over spans of time", FR: "Résumer l'historique d'une fonction par tranches de temps"},
			Doc:   "Days, weeks, months and years follow the house's clocks. At most 10,000 spans."}, a.listBuckets),
	}
}

func (a *api) listStates(c *rest.Call, in *stateQuery) (stateList, error) {
	query := []string{"states", in.Feature, in.From.String(), in.To.String(), in.Order}
	after, err := rest.ParseCursor(in.Cursor, query...)
	if err != nil {
		return stateList{}, err
	}
	out := stateList{States: sampleList{feature: in.Feature, list: make([]home.Sample, 0, in.Limit)}}
	q := hub.HistoryQuery{Feature: in.Feature, From: in.From, To: in.To, Newest: in.Order == "desc", Limit: in.Limit + 1, After: after}
	err = a.hub.History(c, c.ID, q, func(s home.Sample) error {
		if n := len(out.States.list); n == in.Limit {
			last := &out.States.list[n-1]
			out.Cursor = rest.Cursor(home.Cursor{At: last.At, Seq: last.Seq}, query...)
			return nil
		}
		out.States.list = append(out.States.list, s)
		return nil
	})
	return out, err
}

func (a *api) reportStates(c *rest.Call, in *struct {
	Body reports `example:"{\"feature\":\"mqtt:thermometer\",\"value\":20.5}"`
}) (takenAll, error) {
	b, many := in.Body, in.Body.States != nil
	list := b.States
	if many {
		if b.report != (report{}) {
			return takenAll{}, home.Errorf(home.Invalid, "give one state, or a list under \"states\", not both").Because("json_type")
		}
	} else {
		list = []report{b.report}
	}
	told, err := a.take(c, list, many)
	if err != nil {
		return takenAll{}, err
	}
	out := takenAll{many: many, list: make([]taken, len(told))}
	for i, t := range told {
		out.list[i] = taken(t)
	}
	return out, nil
}

// take reports a list; paths in its errors are the API's own.
func (a *api) take(c *rest.Call, list []report, many bool) ([]hub.Told, error) {
	in := make([]home.Report, len(list))
	for i := range list {
		var problem string
		if in[i], problem = list[i].home(); problem != "" {
			path := "value"
			if many {
				path = fmt.Sprintf("states[%d].value", i)
			}
			return nil, home.Errorf(home.Unprocessable, "%s", problem).Because("value_refused").At(path, "%s", problem)
		}
	}
	told, err := a.hub.Report(c, c.ID, in...)
	return told, ownPaths(err, many)
}

// home returns r as the hub takes it, or what is wrong with its form.
func (r *report) home() (home.Report, string) {
	out := home.Report{Feature: r.Feature, At: r.At, Explicit: r.History && r.At != 0}
	given := 0
	if r.Value != nil {
		given++
		out.Value = home.Num(*r.Value)
	}
	if r.Text != nil {
		given++
		out.Value = home.Txt(*r.Text)
	}
	if r.Boolean != nil {
		given++
		if *r.Boolean {
			out.Value = home.Num(1)
		}
	}
	switch {
	case given != 1:
		return out, "a state has one of value (a number), text and boolean"
	case r.Feature == "":
		return out, "a state names its feature by external id"
	case r.History && r.At == 0:
		return out, "history has a time: give at"
	}
	return out, ""
}

// ownPaths turns the hub's words for places into this API's.
func ownPaths(err error, many bool) error {
	e := home.AsError(err)
	if e == nil || len(e.Fields) == 0 {
		return err
	}
	renamed := *e
	renamed.Fields = nil
	for _, f := range e.Fields {
		f.Path = strings.Replace(strings.Replace(f.Path, "created_at", "at", 1), "state", "value", 1)
		if many && strings.HasPrefix(f.Path, "[") {
			f.Path = "states" + f.Path
		}
		renamed.Fields = append(renamed.Fields, f)
	}
	return &renamed
}
