package native

import (
	"net/http"

	"latchkey/dialects/native/rest"
	"latchkey/home"
	"latchkey/internal/wire"
)

type scene struct{ home.Scene }

// Tag implements rest.Tagged.
func (s scene) Tag() string { return version(s.Version) }

func shownScene(s home.Scene) scene {
	s.Triggers, s.Conditions, s.Steps = filled(s.Triggers), filled(s.Conditions), filled(s.Steps)
	return scene{s}
}

// filled returns list, or an empty one that shows as [].
func filled[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

type sceneList struct {
	Scenes []scene `json:"scenes"`
}

type newScene struct {
	Name       string         `json:"name"`
	Enabled    *bool          `json:"enabled,omitempty" doc:"true when left out"`
	Triggers   []home.Trigger `json:"triggers,omitempty" doc:"any of them starts a run"`
	Conditions []home.Trigger `json:"conditions,omitempty" doc:"all of them must hold"`
	Steps      []home.Step    `json:"steps,omitempty"`
}

type sceneChange struct {
	Name       *string         `json:"name,omitempty"`
	Enabled    *bool           `json:"enabled,omitempty"`
	Triggers   *[]home.Trigger `json:"triggers,omitempty"`
	Conditions *[]home.Trigger `json:"conditions,omitempty"`
	Steps      *[]home.Step    `json:"steps,omitempty"`
}

type oneScene struct {
	Scene home.ID `path:"id"`
}

type started struct {
	Run home.ID `json:"run"`
}

func (a *api) scenes() []rest.Operation {
	const path, sample = "/scenes/{id}", "/scenes/s1"
	return []rest.Operation{
		rest.Op(rest.Spec{Method: http.MethodGet, Path: "/scenes", Name: "list_scenes", Tag: "scenes", Right: home.ReadScene, Class: wire.Read,
			Title: home.Label{EN: "List scenes", FR: "Lister les scènes"}}, a.listScenes),
		rest.Op(rest.Spec{Method: http.MethodPost, Path: "/scenes", Name: "create_scene", Tag: "scenes", Right: home.WriteScene, Status: http.StatusCreated, Acts: true,
			Title: home.Label{EN: "Make a scene", FR: "Créer une scène"}}, a.createScene),
		rest.Op(rest.Spec{Method: http.MethodGet, Path: path, Name: "get_scene", Tag: "scenes", Right: home.ReadScene, Class: wire.Read, Sample: sample,
			Title: home.Label{EN: "Show a scene", FR: "Montrer une scène"}},
			func(c *rest.Call, in *oneScene) (scene, error) {
				v, err := a.hub.Scene(c, c.ID, in.Scene)
				return shownScene(v), err
			}),
		rest.Op(rest.Spec{Method: http.MethodPatch, Path: path, Name: "update_scene", Tag: "scenes", Right: home.WriteScene, Versioned: true, Sample: sample,
			Title: home.Label{EN: "Change a scene", FR: "Modifier une scène"}}, a.updateScene),
		rest.Op(rest.Spec{Method: http.MethodDelete, Path: path, Name: "delete_scene", Tag: "scenes", Right: home.WriteScene, Sample: sample,
			Title: home.Label{EN: "Delete a scene", FR: "Supprimer une scène"}},
			func(c *rest.Call, in *oneScene) (rest.None, error) {
				return rest.None{}, a.hub.DeleteScene(c, c.ID, in.Scene)
			}),
		rest.Op(rest.Spec{Method: http.MethodPost, Path: path + "/start", Name: "start_scene", Tag: "scenes", Right: home.RunScene, Status: http.StatusAccepted,
			Acts: true, Sample: sample + "/start", Title: home.Label{EN: "Start a scene now", FR: "Lancer une scène maintenant"}},
			func(c *rest.Call, in *oneScene) (started, error) {
				run, err := a.hub.StartScene(c, c.ID, in.Scene)
				if err == nil {
					c.Made("/runs/" + string(run))
				}
				return started{run}, err
			}),
	}
}

func (a *api) listScenes(c *rest.Call, _ *struct{}) (sceneList, error) {
	all, err := a.hub.Scenes(c, c.ID)
	out := sceneList{Scenes: make([]scene, 0, len(all))}
	for _, v := range all {
		out.Scenes = append(out.Scenes, shownScene(v))
	}
	return out, err
}

func (a *api) createScene(c *rest.Call, in *struct {
	Body newScene `example:"{\"name\":\"Good night\",\"steps\":[{\"action\":\"device.command\",\"args\":{\"feature\":\"mqtt:lamp:on\",\"value\":0}}]}"`
}) (scene, error) {
	b := in.Body
	v, err := a.hub.CreateScene(c, c.ID, home.Scene{Name: b.Name, Enabled: b.Enabled == nil || *b.Enabled, Triggers: b.Triggers, Conditions: b.Conditions, Steps: b.Steps})
	if err == nil {
		c.Made("/scenes/" + string(v.ID))
	}
	return shownScene(v), err
}

// updateScene changes the scene as it now is; when it changes meanwhile, that
// shows as a stale version.
func (a *api) updateScene(c *rest.Call, in *struct {
	oneScene
	Body sceneChange
}) (scene, error) {
	v, err := a.hub.Scene(c, c.ID, in.Scene)
	if err != nil {
		return scene{}, err
	}
	if c.Version != 0 {
		v.Version = c.Version
	}
	set(&v.Name, in.Body.Name)
	set(&v.Enabled, in.Body.Enabled)
	set(&v.Triggers, in.Body.Triggers)
	set(&v.Conditions, in.Body.Conditions)
	set(&v.Steps, in.Body.Steps)
	v, err = a.hub.UpdateScene(c, c.ID, v)
	return shownScene(v), err
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}
