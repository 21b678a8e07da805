package main

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"latchkey/internal/settings"
)

func (a *app) configCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "config", Args: cobra.NoArgs,
		Short: a.say("show the settings that hold, and who set them", "montrer les réglages en vigueur et leur origine"),
		Long: a.say("Settings come from a YAML file, the environment and flags; later ones win. Passwords are hidden.",
			"Les réglages viennent d'un fichier YAML, de l'environnement et des options ; le dernier l'emporte. Les mots de passe sont cachés."),
		Example: "  latchkey config\n  LATCHKEY_LISTEN=:7311 latchkey config --config /etc/latchkey.yaml",
		RunE: func(*cobra.Command, []string) error {
			l, err := a.load(nil)
			if err != nil {
				return err
			}
			return a.printSettings(l, asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, a.say("as JSON", "en JSON"))
	return c
}

func (a *app) printSettings(l *settings.Loaded, asJSON bool) error {
	fields := settings.Fields()
	if asJSON {
		out := map[string]string{}
		for _, f := range fields {
			out[f.Key] = f.Value(&l.Settings)
		}
		return json.NewEncoder(a.out).Encode(out)
	}
	t := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, f := range fields {
		origin := l.Origin[f.Key]
		if origin == "" {
			origin = a.say("default", "défaut")
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", f.Key, f.Value(&l.Settings), origin, a.say(f.About.EN, f.About.FR))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	a.warnStrange(l)
	return nil
}

// warnStrange tells of variables that look like settings and are none.
func (a *app) warnStrange(l *settings.Loaded) {
	for _, s := range l.Strange {
		fmt.Fprintln(a.err, "latchkey:", s)
	}
}
