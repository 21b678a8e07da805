package scenes

import (
	"slices"
	"time"

	"latchkey/home"
)

// place is where a watch stands in the index.
type place struct {
	house home.ID
	topic Topic
}

// watch is one trigger of a scene in the index.
type watch struct {
	lane    *lane
	nth     int // which of the scene's triggers
	matcher Matcher
}

// Put takes a scene in, or in the place of what it was before; a scene that is
// not enabled is only started by hand. Runs that wait begin with the scene as
// it then is. Saving a suspended scene lets it run again. A stored scene that
// does not pass Check any more is logged and left out until it is changed.
func (e *Engine) Put(s home.Scene) {
	c, err := e.compile(s)
	if err != nil {
		e.log.Warn("a scene is left out", "scene", s.ID, "house", s.House, "error", err)
		e.Remove(s.ID)
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.lanes[s.ID]
	if l == nil {
		l = &lane{}
		e.lanes[s.ID] = l
	} else {
		e.unwatch(l)
	}
	l.scene, l.until, l.fired = c, time.Time{}, l.fired[:0]
	if s.Enabled {
		e.watch(l)
	}
}

// Remove forgets a scene. Its runs that wait are dropped; one that is under way
// ends before its next step.
func (e *Engine) Remove(scene home.ID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.lanes[scene]
	if l == nil {
		return
	}
	e.unwatch(l)
	delete(e.lanes, scene)
	e.waiting -= len(l.waiting)
	l.waiting, l.gone = nil, true
}

// watch puts l's triggers into the index. Lists there are never changed in
// place, so that Hear may go on reading the one it has. The caller holds mu.
func (e *Engine) watch(l *lane) {
	for n, m := range l.scene.triggers {
		for _, t := range m.Topics() {
			p := place{l.scene.scene.House, t}
			list := e.index[p]
			e.index[p] = append(list[:len(list):len(list)], watch{l, n, m})
		}
	}
}

// unwatch takes l's triggers out of the index. The caller holds mu.
func (e *Engine) unwatch(l *lane) {
	for _, m := range l.scene.triggers {
		for _, t := range m.Topics() {
			p := place{l.scene.scene.House, t}
			left := slices.DeleteFunc(slices.Clone(e.index[p]), func(w watch) bool { return w.lane == l })
			if len(left) == 0 {
				delete(e.index, p)
				continue
			}
			e.index[p] = left
		}
	}
}

// watching returns who listens at a place.
func (e *Engine) watching(p place) []watch {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.index[p]
}
