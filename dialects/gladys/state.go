package gladys

import "net/http"

// postState takes in one state or a list. The answer goes out when they are on
// disk.
func (a *api) postState(w http.ResponseWriter, r *http.Request) error {
	id, err := a.identify(r)
	if err != nil {
		return err
	}
	s, err := a.readStates(r)
	if err != nil {
		return err
	}
	if _, err := a.hub.Report(r.Context(), id, s.reports...); err != nil {
		return err
	}
	return a.done.write(w)
}
