package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"latchkey"
	"latchkey/home"
	"latchkey/internal/mqtt"
	"latchkey/internal/settings"
	"latchkey/internal/wire"
)

func (a *app) routesCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "routes", Args: cobra.NoArgs,
		Short: a.say("list every path and MQTT topic with the right it needs", "lister tous les chemins et sujets MQTT avec le droit requis"),
		Long: a.say("Made from the same tables that the server answers by. Kinds are the keys that a path takes; all = any of them.",
			"Fait des tables mêmes dont se sert le serveur. Les genres sont les clés acceptées ; all = toutes."),
		Example: "  latchkey routes\n  latchkey routes --json | jq '.[] | select(.right == \"public\")'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c := latchkey.Config{Settings: settings.Default(a.getenv), Store: "memory", Version: version()}
			l, err := latchkey.Open(cmd.Context(), c, latchkey.Usual(c))
			if err != nil {
				return err
			}
			err = a.printRoutes(listed(l), asJSON)
			if closed := l.Close(); err == nil {
				err = closed
			}
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, a.say("as JSON", "en JSON"))
	return c
}

// shownRoute is a route as it is listed.
type shownRoute struct {
	Dialect string         `json:"dialect"`
	Name    string         `json:"name"`
	Method  string         `json:"method"`
	Path    string         `json:"path"`
	Right   home.Verb      `json:"right"`
	Kinds   []home.KeyKind `json:"kinds"` // empty = all
	Class   string         `json:"class"`
	Sample  string         `json:"sample"`
	Body    int64          `json:"body_bytes"`
	Stream  bool           `json:"stream,omitempty"`
}

// listed returns the paths of all dialects, and the topics of MQTT, whose
// method is MQTT.
func listed(l *latchkey.Latchkey) []shownRoute {
	list := []shownRoute{}
	for _, d := range l.Routes() {
		for i := range d.Routes {
			r := &d.Routes[i]
			list = append(list, shownRoute{d.Name, r.Name, r.Method, r.Path, r.Right, append([]home.KeyKind{}, r.Kinds...), r.Class.String(), r.Example(), r.Body, r.Stream})
		}
	}
	for _, t := range l.Topics() {
		dialect, _, _ := strings.Cut(t.Name, ".")
		list = append(list, shownRoute{Dialect: dialect, Name: t.Name, Method: "MQTT", Path: t.Pattern, Right: t.Right,
			Kinds: []home.KeyKind{home.OpenKey, home.TokenKey, home.GatewayKey}, Class: wire.Ingest.String(), Sample: t.Pattern, Body: mqtt.MaxPacket})
	}
	return list
}

func (a *app) printRoutes(list []shownRoute, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(a.out)
		e.SetIndent("", "  ")
		return e.Encode(list)
	}
	t := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, r := range list {
		kinds := "all"
		if len(r.Kinds) > 0 {
			var words []string
			for _, k := range r.Kinds {
				words = append(words, string(k))
			}
			kinds = strings.Join(words, ",")
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", r.Method, r.Path, r.Right, kinds, r.Dialect)
	}
	return t.Flush()
}
