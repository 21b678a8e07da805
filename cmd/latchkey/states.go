package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"latchkey/home"
)

func (a *app) statesCommand() *cobra.Command {
	c := &cobra.Command{Use: "states", Short: a.say("what features say, now and before", "ce que disent les caractéristiques, maintenant et avant")}
	c.AddCommand(a.statesSend(), a.statesHistory())
	return c
}

func (a *app) statesSend() *cobra.Command {
	var at string
	var text bool
	c := &cobra.Command{
		Use: "send FEATURE VALUE", Args: cobra.ExactArgs(2), Short: a.say("report a value", "envoyer une valeur"),
		Long: a.say("A number is sent as a number, true and false as 1 and 0, anything else as a text. The command returns when the value is on disk.",
			"Un nombre est envoyé comme nombre, true et false comme 1 et 0, le reste comme texte. La commande rend la main quand la valeur est sur le disque."),
		Example: "  latchkey states send mqtt:my-phone-presence 1\n  latchkey states send kitchen:temperature 20.5 --at 2026-03-29T07:00:00Z",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.signedIn()
			if err != nil {
				return err
			}
			in := map[string]any{"feature": args[0]}
			if n, err := strconv.ParseFloat(args[1], 64); err == nil && !text {
				in["value"] = n
			} else if b, err := strconv.ParseBool(args[1]); err == nil && !text {
				in["boolean"] = b
			} else {
				in["text"] = args[1]
			}
			if at != "" {
				moment, err := home.ParseTime(at)
				if err != nil {
					return err
				}
				in["at"] = moment
			}
			var out struct {
				Seq uint64    `json:"seq"`
				At  home.Time `json:"at"`
			}
			if err := c.Do(cmd.Context(), "POST", "/states", in, &out); err != nil {
				return err
			}
			fmt.Fprintf(a.out, "%d %s\n", out.Seq, out.At)
			return nil
		},
	}
	c.Flags().StringVar(&at, "at", "", a.say("when it was so (ISO 8601)", "quand c'était (ISO 8601)"))
	c.Flags().BoolVar(&text, "text", false, a.say("send as a text whatever it looks like", "envoyer comme texte quoi qu'il en soit"))
	return c
}

// sample is one value of a history.
type sample struct {
	Seq   uint64    `json:"seq"`
	At    home.Time `json:"at"`
	Value *float64  `json:"value"`
	Text  *string   `json:"text"`
}

func (s sample) String() string {
	if s.Text != nil {
		return strconv.Quote(*s.Text)
	}
	if s.Value == nil {
		return "-"
	}
	return strconv.FormatFloat(*s.Value, 'g', -1, 64)
}

func (a *app) statesHistory() *cobra.Command {
	var from, to string
	var limit int
	var asJSON bool
	c := &cobra.Command{
		Use: "history FEATURE", Args: cobra.ExactArgs(1), Short: a.say("show past values, the newest first", "montrer les valeurs passées, les plus récentes d'abord"),
		Example: "  latchkey states history mqtt:my-phone-presence --limit 20\n  latchkey states history kitchen:temperature --from 2026-03-01T00:00:00Z --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.signedIn()
			if err != nil {
				return err
			}
			q := url.Values{"feature": {args[0]}, "order": {"desc"}}
			if from != "" {
				q.Set("from", from)
			}
			if to != "" {
				q.Set("to", to)
			}
			for shown := 0; shown < limit; {
				q.Set("limit", strconv.Itoa(min(1000, limit-shown)))
				var page struct {
					States []sample `json:"states"`
					Next   string   `json:"next_cursor"`
				}
				if err := c.Do(cmd.Context(), "GET", "/states?"+q.Encode(), nil, &page); err != nil {
					return err
				}
				if err := a.printSamples(page.States, asJSON); err != nil {
					return err
				}
				shown += len(page.States)
				if page.Next == "" {
					break
				}
				q.Set("cursor", page.Next)
			}
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&from, "from", "", a.say("from this moment on (ISO 8601)", "à partir de cet instant (ISO 8601)"))
	f.StringVar(&to, "to", "", a.say("up to before this moment", "jusqu'avant cet instant"))
	f.IntVar(&limit, "limit", 100, a.say("how many at most", "combien au plus"))
	f.BoolVar(&asJSON, "json", false, a.say("one line of JSON each", "une ligne JSON chacune"))
	return c
}

func (a *app) printSamples(list []sample, asJSON bool) error {
	for _, s := range list {
		if asJSON {
			if err := json.NewEncoder(a.out).Encode(s); err != nil {
				return err
			}
			continue
		}
		if _, err := fmt.Fprintf(a.out, "%s  %s\n", s.At, s); err != nil {
			return err
		}
	}
	return nil
}
