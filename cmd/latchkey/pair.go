package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/mdp/qrterminal/v3"
	"github.com/spf13/cobra"

	"latchkey/cmd/latchkey/api"
	"latchkey/home"
	"latchkey/internal/wire"
)

// madePairing is a link as the server makes it.
type madePairing struct {
	Pairing struct {
		ID      home.ID `json:"id"`
		Name    string  `json:"name"`
		Account home.ID `json:"account"`
	} `json:"pairing"`
	URL     string    `json:"url"`
	Expires home.Time `json:"expires_at"`
}

func (a *app) pairCommand() *cobra.Command {
	var name, user, address string
	var asJSON bool
	c := &cobra.Command{
		Use: "pair", Args: cobra.NoArgs, Short: a.say("make a link that connects a phone", "créer un lien qui relie un téléphone"),
		Long: a.say("Prints a link and, on a terminal, its QR code. The phone that opens it gets a key of its own, for its presence and its position, and sees what to do. The link works once, for 15 minutes.",
			"Affiche un lien et, dans un terminal, son code QR. Le téléphone qui l'ouvre reçoit une clé à lui, pour sa présence et sa position, et voit quoi faire. Le lien sert une fois, pendant 15 minutes."),
		Example: "  latchkey pair --name \"Ann's phone\"\n  latchkey pair --name \"Kim's phone\" --user kim --address https://home.example.org",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.signedIn()
			if err != nil {
				return err
			}
			in := map[string]string{"name": name}
			if user != "" {
				if in["account"], err = c.AccountNamed(cmd.Context(), user); err != nil {
					return err
				}
			}
			var out madePairing
			if err := c.Do(cmd.Context(), http.MethodPost, "/pairings", in, &out); err != nil {
				return err
			}
			out.URL = linkFor(cmd.Context(), c, out.URL, address)
			if asJSON {
				return json.NewEncoder(a.out).Encode(out)
			}
			return a.showLink(out)
		},
	}
	f := c.Flags()
	f.StringVar(&name, "name", "", a.say("of the phone", "du téléphone"))
	f.StringVar(&user, "user", "", a.say("username of whose phone it is; default: you", "nom d'utilisateur de la personne à qui il est ; défaut : vous"))
	f.StringVar(&address, "address", "", a.say("address under which the phone reaches the server", "adresse sous laquelle le téléphone atteint le serveur"))
	f.BoolVar(&asJSON, "json", false, a.say("as JSON", "en JSON"))
	_ = c.MarkFlagRequired("name") // the flag is defined above
	return c
}

// linkFor puts the address that the phone is to use into a link: the one asked
// for, or this machine's in the home network when the server was asked on a
// loopback address and answers there too.
func linkFor(ctx context.Context, c *api.Client, link, address string) string {
	base, path, ok := strings.Cut(link, "/pair/")
	if !ok {
		return link
	}
	if address == "" && wire.LoopbackOrigin(base) {
		address = homeAddress(ctx, c, base)
	}
	if address == "" {
		return link
	}
	return strings.TrimRight(address, "/") + "/pair/" + path
}

// homeAddress returns under which address of the home network the server at
// base answers; "" when it does not.
func homeAddress(ctx context.Context, c *api.Client, base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		return ""
	}
	found := lanURL(&net.TCPAddr{IP: net.IPv4zero, Port: port})
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, found+"/healthz", nil)
	if found == "" || err != nil {
		return ""
	}
	w, err := c.HTTP.Do(r)
	if err != nil {
		return ""
	}
	defer w.Body.Close()
	if w.StatusCode != http.StatusOK {
		return ""
	}
	return found
}

// showLink prints a link, and its QR code where there is a terminal for it.
func (a *app) showLink(p madePairing) error {
	fmt.Fprintln(a.out, p.URL)
	if f, isFile := a.out.(*os.File); isFile && isatty.IsTerminal(f.Fd()) && a.getenv("TERM") != "dumb" {
		qrterminal.GenerateHalfBlock(p.URL, qrterminal.L, a.out)
	}
	fmt.Fprintf(a.err, a.say("Open it on %s, until %s. It works once.\n", "À ouvrir sur %s, jusqu'à %s. Il sert une fois.\n"), p.Pairing.Name, p.Expires.Std().Local().Format("15:04"))
	if base, _, _ := strings.Cut(p.URL, "/pair/"); wire.LoopbackOrigin(base) {
		fmt.Fprintf(a.err, a.say("Your phone cannot reach %s: start the server with --listen :7311, or say --address.\n",
			"Votre téléphone ne peut pas atteindre %s : démarrez le serveur avec --listen :7311, ou donnez --address.\n"), base)
	}
	return nil
}
