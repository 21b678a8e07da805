package native

import (
	"net/http"

	"latchkey/dialects/native/rest"
	"latchkey/home"
	"latchkey/internal/wire"
)

type run struct{ home.Run }

func shownRun(r home.Run) run {
	r.Checks, r.Steps, r.Cause = filled(r.Checks), filled(r.Steps), filled(r.Cause)
	return run{r}
}

type runList struct {
	Runs []run `json:"runs"`
}

type runQuery struct {
	oneScene
	Limit int `query:"limit" minimum:"1" maximum:"1000" default:"50"`
}

type oneRun struct {
	Run home.ID `path:"id"`
}

func (a *api) runs() []rest.Operation {
	return []rest.Operation{
		rest.Op(rest.Spec{Method: http.MethodGet, Path: "/scenes/{id}/runs", Name: "list_runs", Tag: "scenes", Right: home.ReadScene, Class: wire.Read,
			Sample: "/scenes/s1/runs", Title: home.Label{EN: "List a scene's runs, newest first, refused ones too", FR: "Lister les exécutions d'une scène, refusées comprises"}}, a.listRuns),
		rest.Op(rest.Spec{Method: http.MethodGet, Path: "/runs/{id}", Name: "get_run", Tag: "scenes", Right: home.ReadScene, Class: wire.Read, Sample: "/runs/x1",
			Title: home.Label{EN: "Show a run: what each condition and step did", FR: "Montrer une exécution, pas à pas"}},
			func(c *rest.Call, in *oneRun) (run, error) {
				v, err := a.hub.Run(c, c.ID, in.Run)
				return shownRun(v), err
			}),
	}
}

func (a *api) listRuns(c *rest.Call, in *runQuery) (runList, error) {
	if _, err := a.hub.Scene(c, c.ID, in.Scene); err != nil {
		return runList{}, err
	}
	all, err := a.hub.Runs(c, c.ID, in.Scene, in.Limit)
	out := runList{Runs: make([]run, 0, len(all))}
	for _, v := range all {
		out.Runs = append(out.Runs, shownRun(v))
	}
	return out, err
}
