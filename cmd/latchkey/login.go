package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"latchkey/cmd/latchkey/api"
	"latchkey/internal/settings"
)

// login is what the person's folder keeps.
type login struct {
	URL   string `json:"url"`
	Token string `json:"token"`
}

func (a *app) loginFile() string { return filepath.Join(settings.Folder(a.getenv), "login.json") }

func (a *app) readLogin() (login, error) {
	var l login
	b, err := os.ReadFile(a.loginFile())
	if err != nil {
		return l, fmt.Errorf("read the stored sign-in: %w", err)
	}
	if err := json.Unmarshal(b, &l); err != nil {
		return l, fmt.Errorf("read the stored sign-in %s: %w; sign in again with latchkey login", a.loginFile(), err)
	}
	return l, nil
}

// keepLogin writes the file anew, readable by its owner only, and puts it into
// place in one step.
func (a *app) keepLogin(l login) error {
	name := a.loginFile()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return fmt.Errorf("store the sign-in: %w", err)
	}
	b, err := json.Marshal(l)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".login-*")
	if err != nil {
		return fmt.Errorf("store the sign-in: %w", err)
	}
	defer os.Remove(f.Name())
	if _, err := f.Write(append(b, '\n')); err != nil {
		return errors.Join(fmt.Errorf("store the sign-in: %w", err), f.Close())
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("store the sign-in: %w", err)
	}
	return os.Rename(f.Name(), name)
}

func (a *app) loginCommand() *cobra.Command {
	var user string
	var withToken bool
	c := &cobra.Command{
		Use: "login", Args: cobra.NoArgs,
		Short: a.say("sign in and keep the token on this machine", "se connecter et garder le jeton sur cette machine"),
		Long: a.say("Asks for username and password, or reads them as two lines from a pipe. The token is kept in the config folder, readable by you only.",
			"Demande le nom et le mot de passe, ou les lit sur deux lignes depuis un tube. Le jeton est gardé dans le dossier de configuration, lisible par vous seul."),
		Example: "  latchkey login\n  LATCHKEY_URL=https://home.example.org latchkey login --user ada\n  printf '%s' \"$TOKEN\" | latchkey login --with-token",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			in := bufio.NewReader(a.in)
			if withToken {
				c.Token, err = a.ask(in, a.say("Token: ", "Jeton : "), true)
			} else {
				err = a.signIn(cmd, c, in, user)
			}
			if err != nil {
				return err
			}
			if err := a.keepLogin(login{URL: c.Base, Token: c.Token}); err != nil {
				return err
			}
			fmt.Fprintf(a.out, a.say("Signed in to %s. Kept in %s\n", "Connecté à %s. Gardé dans %s\n"), c.Base, a.loginFile())
			return nil
		},
	}
	c.Flags().StringVar(&user, "user", "", a.say("username", "nom d'utilisateur"))
	c.Flags().BoolVar(&withToken, "with-token", false, a.say("read a token instead of a password", "lire un jeton au lieu d'un mot de passe"))
	return c
}

func (a *app) signIn(cmd *cobra.Command, c *api.Client, in *bufio.Reader, user string) (err error) {
	if user == "" {
		if user, err = a.ask(in, a.say("Username: ", "Nom d'utilisateur : "), false); err != nil {
			return err
		}
	}
	password, err := a.ask(in, a.say("Password: ", "Mot de passe : "), true)
	if err != nil {
		return err
	}
	var out struct {
		Token string `json:"token"`
	}
	c.Token = ""
	err = c.Do(cmd.Context(), "POST", "/session", map[string]string{"username": user, "password": password}, &out)
	c.Token = out.Token
	return err
}

// ask reads one line; a secret is not shown while it is typed.
func (a *app) ask(in *bufio.Reader, prompt string, secret bool) (string, error) {
	f, isFile := a.in.(*os.File)
	terminal := isFile && term.IsTerminal(int(f.Fd()))
	if terminal {
		fmt.Fprint(a.err, prompt)
	}
	if terminal && secret {
		b, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(a.err)
		return string(b), err
	}
	line, err := in.ReadString('\n')
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		if err == nil || errors.Is(err, io.EOF) {
			err = errors.New(a.say("nothing was typed", "rien n'a été saisi"))
		}
		return "", err
	}
	return line, nil
}
