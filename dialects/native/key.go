package native

import (
	"net/http"
	"strconv"
	"time"

	"latchkey/dialects/native/rest"
	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/wire"
)

type key struct {
	ID        home.ID      `json:"id"`
	Version   int64        `json:"version"`
	House     home.ID      `json:"house,omitempty" doc:"left out = every house of the account"`
	Account   home.ID      `json:"account"`
	Kind      home.KeyKind `json:"kind"`
	Name      string       `json:"name"`
	Hint      string       `json:"hint" doc:"first and last characters, to tell keys apart"`
	Rights    []home.Grant `json:"rights"`
	CreatedAt home.Time    `json:"created_at"`
	UsedAt    home.Time    `json:"last_used_at"`
	UsedFrom  string       `json:"last_used_from,omitempty"`
	Expires   home.Time    `json:"expires_at" doc:"null = never"`
	Revoked   home.Time    `json:"revoked_at" doc:"null = in force"`
	OldUntil  home.Time    `json:"old_until" doc:"until when the secret before a rotation still works"`
}

// Tag implements rest.Tagged. The last use changes without a version.
func (k key) Tag() string { return version(k.Version) + "." + strconv.FormatInt(int64(k.UsedAt), 36) }

func shownKey(k home.Key) key {
	if k.Grants == nil {
		k.Grants = []home.Grant{}
	}
	return key{ID: k.ID, Version: k.Version, House: k.House, Account: k.Account, Kind: k.Kind, Name: k.Name, Hint: k.Hint, Rights: k.Grants,
		CreatedAt: k.CreatedAt, UsedAt: k.UsedAt, UsedFrom: k.UsedFrom, Expires: k.Expires, Revoked: k.Revoked, OldUntil: k.OldUntil}
}

type keyList struct {
	Keys []key `json:"keys"`
}

type madeKey struct {
	Key    key    `json:"key"`
	Secret string `json:"secret" doc:"shown once; only its hash is kept"`
}

type newKey struct {
	Kind      home.KeyKind `json:"kind" enum:"pat,key,gw,hk,prt" doc:"pat: own programs; key: open API key, may stand in an address, so it only writes; gw: gateway; hk: incoming hook; prt: partner"`
	Name      string       `json:"name"`
	Rights    []home.Grant `json:"rights,omitempty" doc:"the kind's usual rights when left out; never more than your own"`
	Expires   home.Time    `json:"expires_at,omitempty"`
	AllHouses bool         `json:"all_houses,omitempty" doc:"good for every house of yours"`
	Hex80     bool         `json:"hex80,omitempty" doc:"80 hexadecimal digits, for programs that expect that form"`
}

type keyChange struct {
	Name    *string       `json:"name,omitempty"`
	Rights  *[]home.Grant `json:"rights,omitempty"`
	Expires *home.Time    `json:"expires_at,omitempty" clear:"true" nullable:"true" doc:"null = never"`
}

type rotation struct {
	Overlap *int64 `json:"overlap_seconds,omitempty" minimum:"0" maximum:"604800" doc:"how long the old secret still works; 0 ends it at once; 86400 when left out"`
}

type oneKey struct {
	Key home.ID `path:"id"`
}

func (a *api) keys() []rest.Operation {
	const path, sample = "/keys/{id}", "/keys/k1"
	return []rest.Operation{
		rest.Op(rest.Spec{Method: http.MethodGet, Path: "/keys", Name: "list_keys", Tag: "keys", Right: home.ReadKey, Class: wire.Read,
			Title: home.Label{EN: "List keys, without their secrets", FR: "Lister les clés, sans leurs secrets"},
			Doc:   "Your own; an owner sees all of the house."}, a.listKeys),
		rest.Op(rest.Spec{Method: http.MethodPost, Path: "/keys", Name: "create_key", Tag: "keys", Right: home.WriteKey, Status: http.StatusCreated,
			Acts: true, Secret: true, Title: home.Label{EN: "Make a key", FR: "Créer une clé"},
			Doc: "The secret is in this answer and nowhere else."}, a.createKey),
		rest.Op(rest.Spec{Method: http.MethodGet, Path: path, Name: "get_key", Tag: "keys", Right: home.ReadKey, Class: wire.Read, Sample: sample,
			Title: home.Label{EN: "Show a key, without its secret", FR: "Montrer une clé, sans son secret"}},
			func(c *rest.Call, in *oneKey) (key, error) {
				v, err := a.hub.Key(c, c.ID, in.Key)
				return shownKey(v), err
			}),
		rest.Op(rest.Spec{Method: http.MethodPatch, Path: path, Name: "update_key", Tag: "keys", Right: home.WriteKey, Versioned: true, Sample: sample,
			Title: home.Label{EN: "Change a key's name, rights or end", FR: "Modifier le nom, les droits ou le terme d'une clé"}}, a.updateKey),
		rest.Op(rest.Spec{Method: http.MethodPost, Path: path + "/rotate", Name: "rotate_key", Tag: "keys", Right: home.WriteKey, Acts: true, Secret: true,
			Sample: sample + "/rotate", Title: home.Label{EN: "Give a key a new secret", FR: "Donner un nouveau secret à une clé"}}, a.rotateKey),
		rest.Op(rest.Spec{Method: http.MethodDelete, Path: path, Name: "revoke_key", Tag: "keys", Right: home.WriteKey, Sample: sample,
			Title: home.Label{EN: "Revoke a key: it works nowhere any more within a second", FR: "Révoquer une clé : elle ne marche plus dans la seconde"}},
			func(c *rest.Call, in *oneKey) (rest.None, error) {
				return rest.None{}, a.hub.RevokeKey(c, c.ID, in.Key)
			}),
	}
}

func (a *api) listKeys(c *rest.Call, _ *struct{}) (keyList, error) {
	all, err := a.hub.Keys(c, c.ID)
	out := keyList{Keys: make([]key, 0, len(all))}
	for _, v := range all {
		out.Keys = append(out.Keys, shownKey(v))
	}
	return out, err
}

func (a *api) createKey(c *rest.Call, in *struct {
	Body newKey `example:"{\"kind\":\"pat\",\"name\":\"Shutters\",\"rights\":[{\"verbs\":[\"device:read\",\"device:control\"]}]}"`
}) (madeKey, error) {
	b := in.Body
	v, secret, err := a.hub.CreateKey(c, c.ID, hub.NewKey{Kind: b.Kind, Name: b.Name, Grants: b.Rights, Expires: b.Expires, AllHouses: b.AllHouses, Hex80: b.Hex80})
	if err == nil {
		c.Made("/keys/" + string(v.ID))
	}
	return madeKey{shownKey(v), secret}, err
}

func (a *api) updateKey(c *rest.Call, in *struct {
	oneKey
	Body keyChange
}) (key, error) {
	b := in.Body
	v, err := a.hub.UpdateKey(c, c.ID, in.Key, hub.KeyChange{Name: b.Name, Grants: b.Rights, Expires: b.Expires, Version: c.Version})
	return shownKey(v), err
}

func (a *api) rotateKey(c *rest.Call, in *struct {
	oneKey
	Body rotation `optional:"true"`
}) (madeKey, error) {
	overlap := 24 * time.Hour
	if o := in.Body.Overlap; o != nil {
		if *o < 0 || *o > 7*86400 {
			return madeKey{}, home.Errorf(home.Unprocessable, "the overlap is 0 to 604800 seconds").At("overlap_seconds", "0 to 604800 seconds, not %d", *o)
		}
		if overlap = time.Duration(*o) * time.Second; overlap == 0 {
			overlap = -1 // to the hub, 0 is the usual overlap
		}
	}
	v, secret, err := a.hub.RotateKey(c, c.ID, in.Key, overlap)
	if err == nil {
		c.Made("/keys/" + string(v.ID))
	}
	return madeKey{shownKey(v), secret}, err
}
