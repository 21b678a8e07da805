package gladys

import (
	"cmp"
	"net/http"

	"latchkey/home"
	"latchkey/internal/wire"
)

// release is what the update check answers. The names are the original's.
type release struct {
	Name    string    `json:"name"`
	Created home.Time `json:"created_at"`
	Notes   *string   `json:"default_release_note_link"`
	French  *string   `json:"fr_release_note_link"`
}

// version tells this program's own version: it knows nothing of Gladys'
// releases. Whatever is sent along (client id, counts) is not read.
func (a *api) version(w http.ResponseWriter, _ *http.Request) error {
	v := release{Name: "v" + cmp.Or(a.options.Version, "0.0.0"), Created: a.options.Released}
	if a.options.Notes != "" {
		v.Notes, v.French = &a.options.Notes, &a.options.Notes
	}
	return wire.WriteJSON(w, http.StatusOK, v)
}
