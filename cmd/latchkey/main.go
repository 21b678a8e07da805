// Command latchkey is the open API of a home: the server, and the tools that
// talk to it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	_ "time/tzdata" // houses have time zones on machines that know none

	"github.com/spf13/cobra"

	"latchkey/internal/settings"
)

func main() {
	a := &app{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.Environ()}
	os.Exit(a.run(context.Background(), os.Args[1:]))
}

// app is one run of the program: where it reads and writes, and what surrounds it.
type app struct {
	in       io.Reader
	out, err io.Writer
	env      []string
	config   string // --config
}

// errSaid ends the program with code 1 where everything has been said already.
var errSaid = errors.New("said")

// run carries out one command line and returns the exit code: 0 well, 1 failed,
// 2 wrongly called.
func (a *app) run(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	called := false
	root.PersistentPreRun = func(*cobra.Command, []string) { called = true }
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errSaid):
		return 1
	}
	fmt.Fprintf(a.err, "latchkey: %v\n", err)
	if !called {
		fmt.Fprintln(a.err, a.say("Help: latchkey --help", "Aide : latchkey --help"))
		return 2
	}
	return 1
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "latchkey",
		Short: a.say("the open API of a home", "l'API ouverte d'une maison"),
		Long: a.say(`Latchkey is the open API of a home: phones, sensors, scripts and partners reach
the house through it, and the house answers.

Try it:            latchkey serve --demo
Use it for real:   latchkey serve`,
			`Latchkey est l'API ouverte d'une maison : téléphones, capteurs, scripts et
partenaires l'atteignent par elle, et la maison répond.

L'essayer :              latchkey serve --demo
L'utiliser pour de bon : latchkey serve`),
		Example: `  latchkey serve --demo
  latchkey login
  latchkey pair --name "My phone"
  latchkey events tail`,
		SilenceUsage: true, SilenceErrors: true,
	}
	root.PersistentFlags().StringVar(&a.config, "config", "", a.say("settings file (YAML); default: $LATCHKEY_CONFIG", "fichier de réglages (YAML) ; défaut : $LATCHKEY_CONFIG"))
	root.AddCommand(a.serveCommand(), a.demoCommand(), a.configCommand(), a.checkCommand(), a.recoverCommand(), a.doctorCommand(),
		a.loginCommand(), a.pairCommand(), a.keysCommand(), a.devicesCommand(), a.statesCommand(), a.eventsCommand(), a.runCommand(),
		a.routesCommand(), a.versionCommand())
	a.dress(root)
	return root
}

// load reads the settings; flags are those of the command that was called.
func (a *app) load(flags map[string][]string) (*settings.Loaded, error) {
	file := a.config
	if file == "" {
		file = a.getenv("LATCHKEY_CONFIG")
	}
	return settings.Load(settings.Sources{File: file, Env: a.env, Flags: flags})
}
