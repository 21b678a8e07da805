package native

import (
	"net/http"
	"strconv"

	"latchkey/dialects/native/rest"
	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/wire"
)

type account struct{ home.Account }

// Tag implements rest.Tagged.
func (a account) Tag() string { return version(a.Version) }

// shownAccount leaves out who made the account: that is for the audit.
func shownAccount(v home.Account) account {
	v.CreatedBy = ""
	return account{v}
}

func version(v int64) string { return strconv.FormatInt(v, 10) }

type accountList struct {
	Accounts []account `json:"accounts"`
}

type newAccount struct {
	Username string `json:"username"`
	Password string `json:"password" doc:"8 to 256 characters"`
	Email    string `json:"email,omitempty"`
	Name     string `json:"name,omitempty"`
}

type accountChange struct {
	Email    *string `json:"email,omitempty" clear:"true" nullable:"true"`
	Name     *string `json:"name,omitempty" clear:"true" nullable:"true"`
	Disabled *bool   `json:"disabled,omitempty"`
}

type oneAccount struct {
	Account home.ID `path:"id"`
}

func (a *api) accounts() []rest.Operation {
	return []rest.Operation{
		rest.Op(rest.Spec{Method: http.MethodGet, Path: "/accounts", Name: "list_accounts", Tag: "accounts", Right: home.Signed, Class: wire.Read,
			Title: home.Label{EN: "List the accounts that you may see", FR: "Lister les comptes visibles"}}, a.listAccounts),
		rest.Op(rest.Spec{Method: http.MethodPost, Path: "/accounts", Name: "create_account", Tag: "accounts", Right: home.Signed, Status: http.StatusCreated,
			Title: home.Label{EN: "Make an account", FR: "Créer un compte"},
			Doc:   "For the operator and for owners of a house. The account has no house until it is made a member of one.", Acts: true}, a.createAccount),
		rest.Op(rest.Spec{Method: http.MethodGet, Path: "/accounts/{id}", Name: "get_account", Tag: "accounts", Right: home.Signed, Class: wire.Read,
			Title: home.Label{EN: "Show an account", FR: "Montrer un compte"}, Sample: "/accounts/a1"},
			func(c *rest.Call, in *oneAccount) (account, error) {
				v, err := a.hub.Account(c, c.ID, in.Account)
				return shownAccount(v), err
			}),
		rest.Op(rest.Spec{Method: http.MethodPatch, Path: "/accounts/{id}", Name: "update_account", Tag: "accounts", Right: home.Signed, Versioned: true,
			Title: home.Label{EN: "Change an account", FR: "Modifier un compte"}, Sample: "/accounts/a1"}, a.updateAccount),
	}
}

func (a *api) listAccounts(c *rest.Call, _ *struct{}) (accountList, error) {
	all, err := a.hub.Accounts(c, c.ID)
	out := accountList{Accounts: make([]account, 0, len(all))}
	for _, v := range all {
		out.Accounts = append(out.Accounts, shownAccount(v))
	}
	return out, err
}

func (a *api) createAccount(c *rest.Call, in *struct{ Body newAccount }) (account, error) {
	b := in.Body
	v, err := a.hub.CreateAccount(c, c.ID, hub.NewAccount{Username: b.Username, Password: b.Password, Email: b.Email, Name: b.Name})
	if err == nil {
		c.Made("/accounts/" + string(v.ID))
	}
	return shownAccount(v), err
}

func (a *api) updateAccount(c *rest.Call, in *struct {
	oneAccount
	Body accountChange
}) (account, error) {
	b := in.Body
	v, err := a.hub.UpdateAccount(c, c.ID, in.Account, hub.AccountChange{Email: b.Email, Name: b.Name, Disabled: b.Disabled, Version: c.Version})
	return shownAccount(v), err
}
