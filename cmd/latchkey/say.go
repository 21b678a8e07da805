package main

import (
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

// dress puts cobra's own words into the person's language.
func (a *app) dress(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	if a.language() != "fr" {
		return
	}
	root.SetUsageTemplate(strings.NewReplacer(
		"Usage:", "Usage :", "Aliases:", "Autres noms :", "Examples:", "Exemples :", "Available Commands:", "Commandes :",
		"Additional Commands:", "Autres commandes :", "Global Flags:", "Options générales :", "Flags:", "Options :",
		"Additional help topics:", "Autres sujets :",
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
