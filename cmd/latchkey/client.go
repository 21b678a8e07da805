package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	"latchkey/cmd/latchkey/api"
)

const apiPrefix = api.Prefix

// client returns a client for the server and the token that were chosen:
// LATCHKEY_URL and LATCHKEY_TOKEN, else what login has stored.
func (a *app) client() (*api.Client, error) {
	stored, err := a.readLogin()
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	c := &api.Client{Base: a.getenv("LATCHKEY_URL"), Token: a.getenv("LATCHKEY_TOKEN"), HTTP: &http.Client{}}
	if c.Base == "" {
		c.Base = stored.URL
	}
	if c.Token == "" && c.Base == stored.URL {
		c.Token = stored.Token
	}
	if c.Base == "" {
		c.Base = "http://127.0.0.1:7311"
	}
	c.Base = strings.TrimRight(c.Base, "/")
	if u, err := url.Parse(c.Base); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%q is not the address of a server; write it like http://127.0.0.1:7311", c.Base)
	}
	return c, nil
}

// signedIn is client for what needs a token.
func (a *app) signedIn() (*api.Client, error) {
	c, err := a.client()
	if err == nil && c.Token == "" {
		err = errors.New(a.say("no token: sign in with latchkey login, or set LATCHKEY_TOKEN",
			"pas de jeton : connectez-vous avec latchkey login, ou définissez LATCHKEY_TOKEN"))
	}
	return c, err
}
