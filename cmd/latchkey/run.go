package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"github.com/spf13/cobra"
)

func (a *app) runCommand() *cobra.Command {
	return &cobra.Command{
		Use: "run ACTION [ARGUMENTS-JSON]", Args: cobra.RangeArgs(1, 2), Short: a.say("call an action by name", "appeler une action par son nom"),
		Example: `  latchkey run device.command '{"feature": "lamp:on", "value": 1}'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.signedIn()
			if err != nil {
				return err
			}
			in := json.RawMessage("{}")
			if len(args) == 2 {
				in = json.RawMessage(args[1])
			}
			if !json.Valid(in) {
				return errors.New(a.say("the arguments are not JSON; write an object, such as {\"feature\": \"lamp:on\", \"value\": 1}",
					"les arguments ne sont pas du JSON ; écrivez un objet, par exemple {\"feature\": \"lamp:on\", \"value\": 1}"))
			}
			var out struct {
				Result json.RawMessage `json:"result"`
			}
			if err := c.Do(cmd.Context(), "POST", "/actions/"+url.PathEscape(args[0]), in, &out); err != nil {
				return err
			}
			fmt.Fprintf(a.out, "%s\n", out.Result)
			return nil
		},
	}
}
