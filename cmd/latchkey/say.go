package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// getenv looks a variable up in the surroundings of this run.
func (a *app) getenv(name string) string {
	for _, line := range a.env {
		if v, ok := strings.CutPrefix(line, name+"="); ok {
			return v
		}
	}
	return ""
}

// language returns "fr" or "en", as the usual variables ask for it.
func (a *app) language() string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := a.getenv(name); v != "" {
			if strings.HasPrefix(strings.ToLower(v), "fr") {
				return "fr"
			}
			return "en"
		}
	}
	return "en"
}

// say chooses between a text in English and the same in French.
func (a *app) say(en, fr string) string {
	if a.language() == "fr" {
		return fr
	}
	return en
}

// guide makes a command that only holds others say so when it is called with
// a word that is none of them; cobra would print the help and call that well.
func guide(c *cobra.Command) {
	for _, sub := range c.Commands() {
		guide(sub)
	}
	if c.HasSubCommands() && !c.Runnable() && c.HasParent() {
		c.Args = func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("unknown command %q for %q", args[0], c.CommandPath())
			}
			return nil
		}
		c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
		c.DisableFlagsInUseLine = true
	}
}

// dress puts cobra's own words into the person's language.
func (a *app) dress(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	guide(root)
	if a.language() != "fr" {
		return
	}
	root.SetUsageTemplate(strings.NewReplacer(
		"Usage:", "Usage :", "Aliases:", "Autres noms :", "Examples:", "Exemples :", "Available Commands:", "Commandes :",
		"Additional Commands:", "Autres commandes :", "Global Flags:", "Options générales :", "Flags:", "Options :",
		"Additional help topics:", "Autres sujets :", "{{.CommandPath}} [command]{{end}}", "{{.CommandPath}} [commande]{{end}}",
		`Use "{{.CommandPath}} [command] --help" for more information about a command.`,
		`« {{.CommandPath}} [commande] --help » en dit plus sur une commande.`,
	).Replace(root.UsageTemplate()))
	for _, c := range root.Commands() {
		switch c.Name() {
		case "help":
			c.Short = "aide sur une commande"
		case "completion":
			c.Short = "complétion pour bash, zsh ou fish"
		}
	}
}
