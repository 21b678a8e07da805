package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"latchkey/cmd/latchkey/api"
	"latchkey/home"
)

// shownKey is a key as the server lists it.
type shownKey struct {
	ID      home.ID      `json:"id"`
	Kind    home.KeyKind `json:"kind"`
	Name    string       `json:"name"`
	Hint    string       `json:"hint"`
	Rights  []home.Grant `json:"rights"`
	UsedAt  home.Time    `json:"last_used_at"`
	Expires home.Time    `json:"expires_at"`
	Revoked home.Time    `json:"revoked_at"`
}

type madeKey struct {
	Key    shownKey `json:"key"`
	Secret string   `json:"secret"`
}

func (a *app) keysCommand() *cobra.Command {
	c := &cobra.Command{Use: "keys", Short: a.say("keys for phones, programs and partners", "les clés des téléphones, programmes et partenaires")}
	c.AddCommand(a.keysList(), a.keysCreate(), a.keysRevoke(), a.keysRotate())
	return c
}

func (a *app) keysList() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "list", Args: cobra.NoArgs, Short: a.say("list keys, without their secrets", "lister les clés, sans leurs secrets"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.signedIn()
			if err != nil {
				return err
			}
			var out struct {
				Keys []shownKey `json:"keys"`
			}
			if err := c.Do(cmd.Context(), "GET", "/keys", nil, &out); err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(a.out).Encode(out.Keys)
			}
			if len(out.Keys) == 0 {
				fmt.Fprintln(a.out, a.say("No keys yet. Make one: latchkey keys create --name phone --right state:write --feature FEATURE",
					"Pas encore de clé. Pour en créer une : latchkey keys create --name telephone --right state:write --feature CARACTERISTIQUE"))
			}
			t := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
			for _, k := range out.Keys {
				fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", k.ID, k.Kind, k.Name, k.Hint, grantsText(k.Rights), a.keyState(k))
			}
			return t.Flush()
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, a.say("as JSON", "en JSON"))
	return c
}

func (a *app) keyState(k shownKey) string {
	switch {
	case k.Revoked != 0:
		return a.say("revoked", "révoquée")
	case k.UsedAt == 0:
		return a.say("never used", "jamais utilisée")
	}
	return a.say("last used ", "utilisée le ") + k.UsedAt.Std().Local().Format(time.DateTime)
}

// grantsText writes rights as keys create takes them; many are only counted.
func grantsText(grants []home.Grant) string {
	var out []string
	for _, g := range grants {
		s := fmt.Sprintf("%d rights", len(g.Verbs))
		if len(g.Verbs) <= 4 {
			var words []string
			for _, v := range g.Verbs {
				words = append(words, string(v))
			}
			s = strings.Join(words, ",")
		}
		var parts []string
		parts = append(parts, g.Features...)
		for _, d := range append(g.Devices, g.Rooms...) {
			parts = append(parts, string(d))
		}
		if len(parts) > 0 {
			s += "@" + strings.Join(parts, ",")
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func (a *app) keysCreate() *cobra.Command {
	var kind, name, expires string
	var rights, features, devices, rooms []string
	var asJSON bool
	c := &cobra.Command{
		Use: "create", Args: cobra.NoArgs, Short: a.say("make a key; its secret is shown once", "créer une clé ; son secret n'est montré qu'une fois"),
		Long: a.say("Without --right the key has its kind's usual rights. Kinds: key (may stand in an address, so it only writes), pat (your programs), gw (gateway), hk (hook), prt (partner).",
			"Sans --right, la clé a les droits habituels de son genre. Genres : key (peut figurer dans une adresse, donc n'écrit que), pat (vos programmes), gw (passerelle), hk (crochet), prt (partenaire)."),
		Example: "  latchkey keys create --name phone --right state:write --feature mqtt:my-phone-presence\n  latchkey keys create --kind pat --name dashboard --right device:read --right state:read --expires 30d",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.signedIn()
			if err != nil {
				return err
			}
			in := map[string]any{"kind": kind, "name": name}
			if len(rights) > 0 {
				in["rights"] = []map[string]any{{"verbs": rights, "features": features, "devices": devices, "rooms": rooms}}
			} else if len(features)+len(devices)+len(rooms) > 0 {
				return fmt.Errorf("%s", a.say("--feature, --device and --room need --right", "--feature, --device et --room demandent --right"))
			}
			if expires != "" {
				at, err := later(time.Now(), expires)
				if err != nil {
					return err
				}
				in["expires_at"] = at
			}
			var out madeKey
			if err := c.Do(cmd.Context(), "POST", "/keys", in, &out); err != nil {
				return err
			}
			return a.showSecret(c, out, asJSON)
		},
	}
	f := c.Flags()
	f.StringVar(&kind, "kind", "key", a.say("key, pat, gw, hk or prt", "key, pat, gw, hk ou prt"))
	f.StringVar(&name, "name", "", a.say("what it is for", "à quoi elle sert"))
	f.StringVar(&expires, "expires", "", a.say("when it ends: 30d, 12h, or a moment", "quand elle prend fin : 30d, 12h, ou un instant"))
	f.StringSliceVar(&rights, "right", nil, a.say("what it may do, such as state:write", "ce qu'elle peut faire, par exemple state:write"))
	f.StringSliceVar(&features, "feature", nil, a.say("only on this feature (external id)", "seulement sur cette caractéristique (external id)"))
	f.StringSliceVar(&devices, "device", nil, a.say("only on this device", "seulement sur cet appareil"))
	f.StringSliceVar(&rooms, "room", nil, a.say("only in this room", "seulement dans cette pièce"))
	f.BoolVar(&asJSON, "json", false, a.say("as JSON", "en JSON"))
	_ = c.MarkFlagRequired("name") // the flag is defined above
	_ = c.RegisterFlagCompletionFunc("right", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		var words []string
		for _, v := range home.Verbs {
			words = append(words, string(v))
		}
		return words, cobra.ShellCompDirectiveNoFileComp
	})
	return c
}

// later reads how long from now, or a moment.
func later(now time.Time, s string) (home.Time, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n > 0 && n < 36500 {
			return home.TimeOf(now.AddDate(0, 0, n)), nil
		}
	}
	if d, err := time.ParseDuration(s); err == nil && d > 0 {
		return home.TimeOf(now.Add(d)), nil
	}
	return home.ParseTime(s)
}

// showSecret shows a secret this once, with a line that uses it.
func (a *app) showSecret(c *api.Client, k madeKey, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(a.out).Encode(k)
	}
	fmt.Fprintln(a.out, k.Secret)
	fmt.Fprintf(a.err, a.say("Key %s (%s). It is shown this once; keep it.\n", "Clé %s (%s). Elle n'est montrée qu'une fois ; gardez-la.\n"), k.Key.ID, k.Key.Name)
	if k.Key.Kind == home.OpenKey && len(k.Key.Rights) == 1 && len(k.Key.Rights[0].Features) > 0 {
		fmt.Fprintf(a.err, "  curl -X POST %s/v1/api/device/state/%s -H 'Content-Type: application/json' -d '{\"device_feature_external_id\": \"%s\", \"state\": 1}'\n",
			c.Base, k.Secret, k.Key.Rights[0].Features[0])
	}
	return nil
}

func (a *app) keysRevoke() *cobra.Command {
	return &cobra.Command{
		Use: "revoke ID", Args: cobra.ExactArgs(1), Short: a.say("end a key at once", "mettre fin à une clé tout de suite"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.signedIn()
			if err != nil {
				return err
			}
			if err := c.Do(cmd.Context(), "DELETE", "/keys/"+url.PathEscape(args[0]), nil, nil); err != nil {
				return err
			}
			fmt.Fprintln(a.out, a.say("Revoked.", "Révoquée."))
			return nil
		},
	}
}

func (a *app) keysRotate() *cobra.Command {
	var overlap time.Duration
	var asJSON bool
	c := &cobra.Command{
		Use: "rotate ID", Args: cobra.ExactArgs(1), Short: a.say("give a key a new secret", "donner un nouveau secret à une clé"),
		Example: "  latchkey keys rotate 4k2... --overlap 24h",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.signedIn()
			if err != nil {
				return err
			}
			var out madeKey
			in := map[string]int64{"overlap_seconds": int64(overlap / time.Second)}
			if err := c.Do(cmd.Context(), "POST", "/keys/"+url.PathEscape(args[0])+"/rotate", in, &out); err != nil {
				return err
			}
			return a.showSecret(c, out, asJSON)
		},
	}
	c.Flags().DurationVar(&overlap, "overlap", 24*time.Hour, a.say("how long the old secret still works, up to 168h", "combien de temps l'ancien secret marche encore, jusqu'à 168h"))
	c.Flags().BoolVar(&asJSON, "json", false, a.say("as JSON", "en JSON"))
	return c
}
