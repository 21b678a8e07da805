package gladys

import (
	"cmp"
	"net/http"
	"slices"

	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/wire"
)

// newKey is the answer to a key's making, the only one with its secret. The
// original's api_key_hash is not in it: a hash has no business outside.
type newKey struct {
	ID        home.ID   `json:"id"`
	Name      string    `json:"name"`
	Revoked   bool      `json:"revoked"`
	User      home.ID   `json:"user_id"`
	LastUsed  home.Time `json:"last_used"`
	CreatedAt home.Time `json:"created_at"`
	UpdatedAt home.Time `json:"updated_at"`
	Deleted   bool      `json:"is_deleted"`
	Secret    string    `json:"api_key"`
}

// listedKey is a key in the list.
type listedKey struct {
	ID        home.ID   `json:"id"`
	Name      string    `json:"name"`
	CreatedAt home.Time `json:"created_at"`
	LastUsed  home.Time `json:"last_used"`
}

// createKey makes an open API key of 80 hexadecimal digits.
func (a *api) createKey(w http.ResponseWriter, r *http.Request) error {
	id, err := a.identify(r)
	if err != nil {
		return err
	}
	m, err := a.readMembers(r)
	if err != nil {
		return err
	}
	name, err := m.name()
	if err != nil {
		return err
	}
	k, secret, err := a.hub.CreateKey(r.Context(), id, hub.NewKey{Kind: home.OpenKey, Name: name, Hex80: true})
	if err != nil {
		return err
	}
	return wire.WriteJSON(w, http.StatusOK, newKey{ID: k.ID, Name: k.Name, User: k.Account, CreatedAt: k.CreatedAt, UpdatedAt: k.CreatedAt, Secret: secret})
}

// name reads the one member that a key is made or changed with.
func (m members) name() (string, error) {
	name, ok := m.text("name")
	if !ok || name == "" {
		return "", home.Errorf(home.Unprocessable, "the key is not acceptable: name: a name is needed").Because("key_refused").
			At("name", "a name is needed, as a text of 1 to 100 characters")
	}
	return name, nil
}

// listKeys lists the open API keys of the caller's own account that are in
// force, the oldest first.
func (a *api) listKeys(w http.ResponseWriter, r *http.Request) error {
	id, err := a.identify(r)
	if err != nil {
		return err
	}
	keys, err := a.hub.Keys(r.Context(), id)
	if err != nil {
		return err
	}
	out := make([]listedKey, 0, len(keys))
	for i := range keys {
		if k := &keys[i]; owned(id, k) {
			out = append(out, listedKey{ID: k.ID, Name: k.Name, CreatedAt: k.CreatedAt, LastUsed: k.UsedAt})
		}
	}
	slices.SortFunc(out, func(a, b listedKey) int {
		return cmp.Or(cmp.Compare(a.CreatedAt, b.CreatedAt), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return wire.WriteJSON(w, http.StatusOK, out)
}

// renameKey changes a key's name.
func (a *api) renameKey(w http.ResponseWriter, r *http.Request) error {
	id, key, err := a.ownKey(r)
	if err != nil {
		return err
	}
	m, err := a.readMembers(r)
	if err != nil {
		return err
	}
	name, err := m.name()
	if err != nil {
		return err
	}
	k, err := a.hub.UpdateKey(r.Context(), id, key, hub.KeyChange{Name: &name})
	if err != nil {
		return err
	}
	return wire.WriteJSON(w, http.StatusOK, struct {
		Name string `json:"name"`
	}{k.Name})
}

// revokeKey ends a key for ever.
func (a *api) revokeKey(w http.ResponseWriter, r *http.Request) error {
	id, key, err := a.ownKey(r)
	if err != nil {
		return err
	}
	if err := a.hub.RevokeKey(r.Context(), id, key); err != nil {
		return err
	}
	return wire.WriteJSON(w, http.StatusOK, struct {
		Success bool `json:"success"`
	}{true})
}

// ownKey returns the key of the path, when it is one of the caller's own open
// API keys. To everybody else it does not exist, the house's owner included.
func (a *api) ownKey(r *http.Request) (*home.Identity, home.ID, error) {
	id, err := a.identify(r)
	if err != nil {
		return nil, "", err
	}
	k, err := a.hub.Key(r.Context(), id, home.ID(r.PathValue("id")))
	if err != nil {
		return nil, "", err
	}
	if !owned(id, &k) {
		return nil, "", home.Errorf(home.NotFound, "there is no such key").Because("key_unknown")
	}
	return id, k.ID, nil
}

func owned(id *home.Identity, k *home.Key) bool {
	return k.Account == id.Account && k.Kind == home.OpenKey && k.Revoked == 0
}
