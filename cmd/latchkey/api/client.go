// Package api talks to a server over its own API.
package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Prefix is where the API lives.
const Prefix = "/api/latchkey/v1"

// Client asks one server with one token.
type Client struct {
	Base  string // http://127.0.0.1:7311
	Token string // "" = none
	HTTP  *http.Client
}

// Problem is an error as the server's own API writes it.
type Problem struct {
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Code   string `json:"code"`
	Errors []struct {
		Path    string `json:"path"`
		Message string `json:"message"`
	} `json:"errors"`
}

// Error implements error.
func (p *Problem) Error() string {
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

// Send makes one request and returns its answer, which is not an error.
func (c *Client) Send(ctx context.Context, method, path string, in any) (*http.Response, error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("encode the request: %w", err)
		}
		body = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.Base+path, body)
	if err != nil {
		return nil, err
	}
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.Token)
	}
	w, err := c.HTTP.Do(r)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err // the address may hold a key
		}
		return nil, fmt.Errorf("no answer from %s: %w", c.Base, err)
	}
	if w.StatusCode < 300 {
		return w, nil
	}
	defer w.Body.Close()
	p := &Problem{Status: w.StatusCode}
	b, _ := io.ReadAll(io.LimitReader(w.Body, 1<<20))
	if json.Unmarshal(b, p) != nil || p.Detail == "" {
		p.Detail = fmt.Sprintf("%s answered %s", c.Base, w.Status)
	}
	return nil, p
}

// Do makes one request of the API and reads its answer into out, if that is
// not nil.
func (c *Client) Do(ctx context.Context, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	w, err := c.Send(ctx, method, Prefix+path, in)
	if err != nil {
		return err
	}
	defer w.Body.Close()
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(w.Body, 64<<20)).Decode(out); err != nil {
		return fmt.Errorf("%s gave an answer that is not understood: %w", c.Base, err)
	}
	return nil
}

// AccountNamed returns the id of the account with that username.
func (c *Client) AccountNamed(ctx context.Context, username string) (string, error) {
	var out struct {
		Accounts []struct {
			ID       string `json:"id"`
			Username string `json:"username"`
		} `json:"accounts"`
	}
	if err := c.Do(ctx, http.MethodGet, "/accounts", nil, &out); err != nil {
		return "", err
	}
	for _, one := range out.Accounts {
		if strings.EqualFold(one.Username, username) {
			return one.ID, nil
		}
	}
	return "", fmt.Errorf("no account that you may see is named %q", username)
}
