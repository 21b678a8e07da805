package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// client talks to a server's own API.
type client struct {
	base  string // http://127.0.0.1:7311
	token string
	http  *http.Client
}

const apiPrefix = "/api/latchkey/v1"

// client returns a client for the server and the token that were chosen:
// LATCHKEY_URL and LATCHKEY_TOKEN, else what login has stored.
func (a *app) client() (*client, error) {
	stored, err := a.readLogin()
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	c := &client{base: a.getenv("LATCHKEY_URL"), token: a.getenv("LATCHKEY_TOKEN"), http: &http.Client{}}
	if c.base == "" {
		c.base = stored.URL
	}
	if c.token == "" && c.base == stored.URL {
		c.token = stored.Token
	}
	if c.base == "" {
		c.base = "http://127.0.0.1:7311"
	}
	c.base = strings.TrimRight(c.base, "/")
	if u, err := url.Parse(c.base); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%q is not the address of a server; write it like http://127.0.0.1:7311", c.base)
	}
	return c, nil
}

// signedIn is client for what needs a token.
func (a *app) signedIn() (*client, error) {
	c, err := a.client()
	if err == nil && c.token == "" {
		err = errors.New(a.say("no token: sign in with latchkey login, or set LATCHKEY_TOKEN",
			"pas de jeton : connectez-vous avec latchkey login, ou définissez LATCHKEY_TOKEN"))
	}
	return c, err
}

// problem is an error as the server's own API writes it.
type problem struct {
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Code   string `json:"code"`
	Errors []struct {
		Path    string `json:"path"`
		Message string `json:"message"`
	} `json:"errors"`
}

// Error implements error.
func (p *problem) Error() string {
	var b strings.Builder
	b.WriteString(p.Detail)
	if p.Code != "" {
		fmt.Fprintf(&b, " (%d %s)", p.Status, p.Code)
	}
	for _, e := range p.Errors {
		if e.Message != p.Detail {
			fmt.Fprintf(&b, "\n  %s: %s", e.Path, e.Message)
		}
	}
	return b.String()
}

// send makes one request and returns its answer, which is not an error.
func (c *client) send(ctx context.Context, method, path string, in any) (*http.Response, error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("encode the request: %w", err)
		}
		body = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, err
	}
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	w, err := c.http.Do(r)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err // the address may hold a key
		}
		return nil, fmt.Errorf("no answer from %s: %w", c.base, err)
	}
	if w.StatusCode < 300 {
		return w, nil
	}
	defer w.Body.Close()
	p := &problem{Status: w.StatusCode}
	b, _ := io.ReadAll(io.LimitReader(w.Body, 1<<20))
	if json.Unmarshal(b, p) != nil || p.Detail == "" {
		p.Detail = fmt.Sprintf("%s answered %s", c.base, w.Status)
	}
	return nil, p
}

// do makes one request of the API and reads its answer into out, if that is
// not nil.
func (c *client) do(ctx context.Context, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	w, err := c.send(ctx, method, apiPrefix+path, in)
	if err != nil {
		return err
	}
	defer w.Body.Close()
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(w.Body, 64<<20)).Decode(out); err != nil {
		return fmt.Errorf("%s gave an answer that is not understood: %w", c.base, err)
	}
	return nil
}
