package native

import (
	"net/http"

	"latchkey/dialects/native/rest"
	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/wire"
)

type signInBody struct {
	Username string `json:"username"`
	Password string `json:"password"`
	Code     string `json:"code,omitempty"`
}

type signedIn struct {
	Token   string    `json:"token" doc:"a session token, shown once"`
	Expires home.Time `json:"expires_at"`
	Account account   `json:"account"`
	Houses  []house   `json:"houses"`
}

type whoAmI struct {
	Account *account     `json:"account,omitempty"`
	House   *house       `json:"house,omitempty" doc:"the house that requests with this credential are about"`
	Role    home.Role    `json:"role"`
	Kind    home.KeyKind `json:"kind"`
	Key     home.ID      `json:"key"`
	Name    string       `json:"key_name"`
	Rights  []home.Grant `json:"rights"`
	Expires home.Time    `json:"expires_at"`
}

type passwordBody struct {
	Old string `json:"old"`
	New string `json:"new" doc:"8 to 256 characters"`
}

func (a *api) sessions() []rest.Operation {
	return []rest.Operation{
		rest.Op(rest.Spec{Method: http.MethodPost, Path: "/session", Name: "sign_in", Tag: "session", Right: home.Anyone, Status: http.StatusCreated, Secret: true,
			Title: home.Label{EN: "Sign in", FR: "Se connecter"},
			Doc:   "The same answer (401 sign_in_failed) for a wrong password and an unknown user; 429 after too many tries."}, a.signIn),
		rest.Op(rest.Spec{Method: http.MethodGet, Path: "/session", Name: "who_am_i", Tag: "session", Right: home.Signed, Class: wire.Read,
			Title: home.Label{EN: "Who am I, and what may I do?", FR: "Qui suis-je et que puis-je faire ?"}}, a.whoAmI),
		rest.Op(rest.Spec{Method: http.MethodDelete, Path: "/session", Name: "sign_out", Tag: "session", Right: home.Signed,
			Title: home.Label{EN: "Sign out: end this session", FR: "Se déconnecter : finir cette session"}},
			func(c *rest.Call, _ *struct{}) (rest.None, error) { return rest.None{}, a.hub.SignOut(c, c.ID) }),
		rest.Op(rest.Spec{Method: http.MethodPost, Path: "/password", Name: "change_password", Tag: "session", Right: home.Signed,
			Kinds: []home.KeyKind{home.SessionKey}, Title: home.Label{EN: "Change the own password", FR: "Changer son mot de passe"},
			Doc: "Ends the account's other sessions."},
			func(c *rest.Call, in *struct{ Body passwordBody }) (rest.None, error) {
				return rest.None{}, a.hub.ChangePassword(c, c.ID, in.Body.Old, in.Body.New)
			}),
	}
}

func (a *api) signIn(c *rest.Call, in *struct{ Body signInBody }) (signedIn, error) {
	b := in.Body
	done, err := a.hub.SignIn(c, hub.SignInRequest{Username: b.Username, Password: b.Password, Code: b.Code, Remote: c.Remote()})
	if err != nil {
		return signedIn{}, err
	}
	return signedIn{Token: done.Token, Expires: done.Key.Expires, Account: shownAccount(done.Account), Houses: housesOf(done.Houses)}, nil
}

func (a *api) whoAmI(c *rest.Call, _ *struct{}) (whoAmI, error) {
	id := c.ID
	me := whoAmI{Role: id.Role, Kind: id.Kind, Key: id.Key, Name: id.KeyName, Rights: id.Grants}
	if me.Rights == nil {
		me.Rights = []home.Grant{}
	}
	if own, err := a.hub.Account(c, id, id.Account); err == nil {
		shown := shownAccount(own)
		me.Account = &shown
	}
	if k, err := a.hub.Key(c, id, id.Key); err == nil {
		me.Expires = k.Expires
	}
	all, err := a.hub.Houses(c, id)
	for i := range all {
		if all[i].ID == id.House {
			me.House = &house{all[i]}
		}
	}
	return me, err
}
