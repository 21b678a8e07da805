package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"latchkey/home"
	"latchkey/stores/sql"
)

func (a *app) checkCommand() *cobra.Command {
	var asJSON bool
	var data string
	c := &cobra.Command{
		Use: "check", Args: cobra.NoArgs,
		Short: a.say("read all stored data and say what is wrong", "lire toutes les données et dire ce qui ne va pas"),
		Long: a.say("The server must not be running on the same folder. Nothing is changed. Exit code 1 when something is wrong.",
			"Le serveur ne doit pas tourner sur le même dossier. Rien n'est modifié. Code de sortie 1 si quelque chose ne va pas."),
		Example: "  latchkey check\n  latchkey check --data /srv/home --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := a.load(folder(data))
			if err != nil {
				return err
			}
			return a.check(cmd.Context(), l.Data, asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, a.say("as one line of JSON", "sur une ligne JSON"))
	a.dataFlag(c, &data)
	return c
}

// dataFlag gives a command the flag --data.
func (a *app) dataFlag(c *cobra.Command, data *string) {
	c.PersistentFlags().StringVar(data, "data", "", a.say("folder of the data", "dossier des données"))
}

// folder is --data as a setting.
func folder(data string) map[string][]string {
	if data == "" {
		return nil
	}
	return map[string][]string{"data": {data}}
}

// checked is what check found.
type checked struct {
	Data     string   `json:"data"`
	OK       bool     `json:"ok"`
	Code     string   `json:"code,omitempty"`
	Problems []string `json:"problems"`
	Bytes    int64    `json:"bytes"`
	Points   int64    `json:"points"`
	Seconds  float64  `json:"seconds"`
}

func (a *app) check(ctx context.Context, data string, asJSON bool) error {
	began := time.Now()
	if !asJSON {
		fmt.Fprintf(a.err, a.say("Reading %s ...\n", "Lecture de %s ...\n"), data)
		defer a.progress(began)()
	}
	out := checked{Data: data, Problems: []string{}}
	s, err := sql.Open(ctx, sql.Config{Dir: data, ReadOnly: true})
	if d, ok := errors.AsType[*home.Damage](err); ok {
		out.Code, out.Problems = d.Reason, append(out.Problems, d.Message)
	} else if err != nil {
		return err
	} else {
		out.Bytes, out.Points = s.Size()
		out.Problems, err = s.Check(ctx)
		if closed := s.Close(); err == nil {
			err = closed
		}
		if err != nil {
			return err
		}
	}
	out.OK, out.Seconds = len(out.Problems) == 0, time.Since(began).Seconds()
	if err := a.printChecked(out, asJSON); err != nil {
		return err
	}
	if !out.OK {
		return errSaid
	}
	return nil
}

// progress says now and then that work goes on, until what it returns is called.
func (a *app) progress(began time.Time) (stop func()) {
	enough, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(5 * time.Second)
		defer tick.Stop()
		for {
			select {
			case <-enough:
				return
			case <-tick.C:
				fmt.Fprintf(a.err, "... %.0f s\n", time.Since(began).Seconds())
			}
		}
	}()
	return func() { close(enough); <-ended }
}

func (a *app) printChecked(c checked, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(a.out).Encode(c)
	}
	for _, p := range c.Problems {
		if c.Code != "" {
			p = c.Code + ": " + p
		}
		fmt.Fprintln(a.out, p)
	}
	if c.OK {
		fmt.Fprintf(a.out, a.say("All is well: %d values in %d bytes, read in %.1f s.\n", "Tout va bien : %d valeurs dans %d octets, lues en %.1f s.\n"), c.Points, c.Bytes, c.Seconds)
	}
	return nil
}

func (a *app) recoverCommand() *cobra.Command {
	var data string
	c := &cobra.Command{
		Use:   "recover",
		Short: a.say("open a house whose data was damaged", "rouvrir une maison dont les données sont abîmées"),
		Long: a.say("Damaged files are moved to the folder quarantine, never deleted. Make a copy of the data folder first.",
			"Les fichiers abîmés sont déplacés dans le dossier quarantine, jamais supprimés. Faites d'abord une copie du dossier des données."),
		Example: "  latchkey recover salvage\n  latchkey recover accept-loss",
	}
	for _, way := range []struct{ name, en, fr string }{
		{"salvage", "keep everything that can be read", "garder tout ce qui peut être lu"},
		{"accept-loss", "go on with the files as they are", "continuer avec les fichiers tels quels"},
	} {
		c.AddCommand(&cobra.Command{Use: way.name, Args: cobra.NoArgs, Short: a.say(way.en, way.fr),
			RunE: func(cmd *cobra.Command, _ []string) error { return a.recover(cmd.Context(), data, way.name) }})
	}
	a.dataFlag(c, &data)
	return c
}

func (a *app) recover(ctx context.Context, data, how string) error {
	l, err := a.load(folder(data))
	if err != nil {
		return err
	}
	done, err := sql.Recover(ctx, sql.Config{Dir: l.Data}, sql.Remedy(how))
	for _, line := range done {
		fmt.Fprintln(a.out, line)
	}
	return err
}
