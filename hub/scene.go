package hub

import (
	"cmp"
	"context"
	"slices"

	"latchkey/home"
)

// MaxScenes is how many scenes one house has at most.
const MaxScenes = 5000

// Scenes lists the scenes of id's house, by name.
func (h *Hub) Scenes(_ context.Context, id *home.Identity) ([]home.Scene, error) {
	p, err := h.placeOf(id, home.ReadScene)
	if err != nil {
		return nil, err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	out := make([]home.Scene, 0, len(p.scenes))
	for _, s := range p.scenes {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b home.Scene) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return out, nil
}

// EveryScene lists the scenes of all houses, for the engine to begin with.
func (h *Hub) EveryScene() []home.Scene {
	h.registry.mu.RLock()
	defer h.registry.mu.RUnlock()
	var out []home.Scene
	for _, p := range h.registry.houses {
		p.mu.RLock()
		for _, s := range p.scenes {
			out = append(out, *s)
		}
		p.mu.RUnlock()
	}
	return out
}

// Scene returns one scene.
func (h *Hub) Scene(_ context.Context, id *home.Identity, scene home.ID) (home.Scene, error) {
	p, err := h.placeOf(id, home.ReadScene)
	if err != nil {
		return home.Scene{}, err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	if s := p.scenes[scene]; s != nil {
		return *s, nil
	}
	return home.Scene{}, sceneUnknown()
}

func sceneUnknown() error {
	return home.Errorf(home.NotFound, "there is no such scene").Because("scene_unknown")
}

// CreateScene makes a scene that acts in the rights of id's account. The id,
// owner, rights and version that s may hold do not count.
func (h *Hub) CreateScene(ctx context.Context, id *home.Identity, s home.Scene) (home.Scene, error) {
	p, err := h.placeOf(id, home.WriteScene)
	if err != nil {
		return s, err
	}
	s.ID, s.House, s.Version, s.Owner, s.CreatedAt = home.NewID(), p.id, 1, id.Account, h.Now()
	s.Rights = rightsToAct(id)
	if err := h.judgeScene(&s); err != nil {
		return s, err
	}
	err = h.write(ctx, func(d *draft) error {
		if len(p.scenes) >= MaxScenes {
			return home.Errorf(home.Conflict, "a house has at most %d scenes", MaxScenes).Because("too_many_scenes")
		}
		h.saveScene(d, p, id, s)
		return nil
	})
	return s, err
}

// UpdateScene puts s in the place of the scene of its id; s.Version 0 does not
// check the version. From then on it acts in the rights of id's account, so
// that nobody's change runs in another's rights.
func (h *Hub) UpdateScene(ctx context.Context, id *home.Identity, s home.Scene) (home.Scene, error) {
	p, err := h.placeOf(id, home.WriteScene)
	if err != nil {
		return s, err
	}
	s.House = p.id
	if err := h.judgeScene(&s); err != nil {
		return s, err
	}
	err = h.write(ctx, func(d *draft) error {
		old := p.scenes[s.ID]
		if old == nil {
			return sceneUnknown()
		}
		if err := checkVersion(old.Version, s.Version); err != nil {
			return err
		}
		s.Version, s.CreatedAt, s.Owner, s.Rights = old.Version+1, old.CreatedAt, id.Account, rightsToAct(id)
		h.saveScene(d, p, id, s)
		return nil
	})
	return s, err
}

func (h *Hub) judgeScene(s *home.Scene) error {
	e := home.Errorf(home.Unprocessable, "the scene is not acceptable").Because("scene_refused")
	checkName(e, "name", s.Name)
	if err := e.OrNil(); err != nil || h.check == nil {
		return err
	}
	return h.check(*s)
}

func (h *Hub) saveScene(d *draft, p *place, id *home.Identity, s home.Scene) {
	what := "scene.updated"
	if s.Version == 1 {
		what = "scene.created"
	}
	d.put(home.Record{Kind: home.KindScene, ID: s.ID, House: p.id, Version: s.Version}, s, func() {
		p.mu.Lock()
		p.scenes[s.ID] = &s
		p.mu.Unlock()
		h.sceneChanged(s, false)
	})
	d.event(p, home.Event{Type: what, Subject: string(s.ID), Cause: causeOf(id), Verb: home.ReadScene}, map[string]string{"name": s.Name})
	d.audit(id, home.Audit{House: p.id, Action: what, Target: "scene:" + string(s.ID), Detail: s.Name})
}

func (h *Hub) sceneChanged(s home.Scene, deleted bool) {
	if h.onScene != nil {
		h.onScene(s, deleted)
	}
}

// DeleteScene deletes a scene; its runs stay readable until they age out.
func (h *Hub) DeleteScene(ctx context.Context, id *home.Identity, scene home.ID) error {
	p, err := h.placeOf(id, home.WriteScene)
	if err != nil {
		return err
	}
	return h.write(ctx, func(d *draft) error {
		old := p.scenes[scene]
		if old == nil {
			return sceneUnknown()
		}
		d.remove(home.KindScene, scene, func() {
			p.mu.Lock()
			delete(p.scenes, scene)
			p.mu.Unlock()
			h.sceneChanged(*old, true)
		})
		d.event(p, home.Event{Type: "scene.deleted", Subject: string(scene), Cause: causeOf(id), Verb: home.ReadScene}, map[string]string{"name": old.Name})
		d.audit(id, home.Audit{House: p.id, Action: "scene.deleted", Target: "scene:" + string(scene), Detail: old.Name})
		return nil
	})
}

// StartScene runs a scene now, whatever its triggers say. It returns the run.
func (h *Hub) StartScene(ctx context.Context, id *home.Identity, scene home.ID) (home.ID, error) {
	p, err := h.placeOf(id, home.RunScene)
	if err != nil {
		return "", err
	}
	p.mu.RLock()
	s := p.scenes[scene]
	p.mu.RUnlock()
	if s == nil || h.startScene == nil {
		return "", sceneUnknown()
	}
	starter := *id
	starter.Cause = causeOf(id)
	return h.startScene(ctx, *s, &starter)
}

// rightsToAct bounds a scene to what the key that saves it may do, so that a
// key for scenes is not a key for everything. A person's own session is not
// bounded.
func rightsToAct(id *home.Identity) []home.Grant {
	if id.Kind == home.SessionKey {
		return nil
	}
	return append([]home.Grant{{Verbs: []home.Verb{home.RunScene}}}, id.Grants...)
}

// Actor returns the identity in which a scene acts: its owner's, as the owner's
// role in the house now allows.
func (h *Hub) Actor(s home.Scene, cause home.Cause) (*home.Identity, error) {
	p, err := h.registry.place(s.House)
	if err != nil {
		return nil, err
	}
	p.mu.RLock()
	m := p.members[s.Owner]
	p.mu.RUnlock()
	h.registry.mu.RLock()
	account := h.registry.accounts[s.Owner]
	h.registry.mu.RUnlock()
	if m == nil || account == nil || account.Disabled || m.Expires != 0 && m.Expires <= h.Now() {
		return nil, home.Errorf(home.Forbidden, "the scene %s has no owner in this house any more; save it again to make it yours", s.Name).Because("scene_orphan")
	}
	return &home.Identity{Kind: home.InsideKey, Account: m.Account, House: p.id, Role: m.Role, Scene: s.ID, Cause: cause,
		KeyName: s.Name, Grants: actingGrants(s.Rights, m.Role)}, nil
}

// actingGrants is what a scene may do: what its owner's role now gives, within
// the bounds that it was saved with.
func actingGrants(bounds []home.Grant, role home.Role) []home.Grant {
	verbs := home.RoleRights(role)
	if len(bounds) == 0 {
		return []home.Grant{{Verbs: verbs}}
	}
	out := make([]home.Grant, len(bounds))
	for i, g := range bounds {
		out[i] = g
		out[i].Verbs = slices.DeleteFunc(slices.Clone(g.Verbs), func(v home.Verb) bool { return !slices.Contains(verbs, v) })
	}
	return out
}
