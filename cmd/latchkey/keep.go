package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"latchkey"
	"latchkey/cmd/latchkey/demohouse"
)

func (a *app) demoCommand() *cobra.Command {
	c := &cobra.Command{Use: "demo", Short: a.say("what to do with the demo", "que faire de la démonstration")}
	c.AddCommand(a.keepCommand())
	return c
}

// keeping is one call of demo keep.
type keeping struct {
	*app
	scenes     []string
	data, to   string
	user, name string
}

func (a *app) keepCommand() *cobra.Command {
	k := &keeping{app: a}
	c := &cobra.Command{
		Use: "keep", Args: cobra.NoArgs,
		Short: a.say("start a real house with scenes of the demo", "commencer une vraie maison avec des scènes de la démonstration"),
		Long: a.say(`Makes a real house in a folder of its own, with an account for you and the scenes that you name. The devices that they
speak of are there as placeholders of the same external ids, so that the scenes hold until real devices take their place. The
demo has to be stopped, and stays as it is. The password is asked for, or read as one line from a pipe.`,
			`Crée une vraie maison dans son propre dossier, avec un compte pour vous et les scènes que vous nommez. Les appareils dont
elles parlent y sont remplacés par d'autres, virtuels, aux mêmes identifiants, en attendant les vrais. La démonstration doit
être arrêtée, et reste comme elle est. Le mot de passe est demandé, ou lu sur une ligne depuis un tube.`),
		Example: "  latchkey demo keep --scenes 'Back home,Left home' --to ~/house --user ada\n  latchkey serve --data ~/house",
		RunE:    func(cmd *cobra.Command, _ []string) error { return k.run(cmd.Context()) },
	}
	f := c.Flags()
	f.StringSliceVar(&k.scenes, "scenes", nil, a.say("names of the scenes to keep", "noms des scènes à garder"))
	f.StringVar(&k.to, "to", "", a.say("folder of the real house; new or empty", "dossier de la vraie maison ; nouveau ou vide"))
	f.StringVar(&k.data, "data", "", a.say("folder of the demo", "dossier de la démonstration"))
	f.StringVar(&k.user, "user", "", a.say("your username there", "votre nom d'utilisateur"))
	f.StringVar(&k.name, "name", "", a.say("name of the house", "nom de la maison"))
	for _, needed := range []string{"scenes", "to", "user"} {
		_ = c.MarkFlagRequired(needed) // they are flags of this command
	}
	return c
}

func (k *keeping) run(ctx context.Context) error {
	loaded, err := k.load(map[string][]string{})
	if err != nil {
		return err
	}
	config := latchkey.Config{Settings: loaded.Settings, Version: version(), Log: k.logger(loaded.Log.Level, loaded.Log.Format)}
	from := config
	if from.Settings.Data, err = k.demoFolder(loaded.Settings.Data, loaded.Origin["data"] != ""); err != nil {
		return err
	}
	if config.Settings.Data, err = demohouse.EmptyFolder(k.to); err != nil {
		return err
	}
	password, err := k.ask(bufio.NewReader(k.in), k.say("Password for the new house: ", "Mot de passe de la nouvelle maison : "), true)
	if err != nil {
		return err
	}
	from.Demo = true
	kept, err := demohouse.Move{From: from, To: config, User: k.user, Password: password, Name: k.name, Scenes: k.scenes}.Run(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(k.out, k.say("Kept %d scenes (%s) in %s.\n", "%d scènes gardées (%s) dans %s.\n"), len(kept.Scenes), strings.Join(kept.Scenes, ", "), config.Settings.Data)
	fmt.Fprintf(k.out, k.say("Placeholders: %s.\n", "Appareils virtuels : %s.\n"), strings.Join(kept.Devices, ", "))
	fmt.Fprintln(k.out, k.say("Start it:", "Pour la lancer :"), "latchkey serve --data", config.Settings.Data)
	return nil
}

// demoFolder is where serve --demo keeps its house.
func (k *keeping) demoFolder(data string, chosen bool) (string, error) {
	switch {
	case k.data != "":
		data = k.data
	case !chosen:
		data += "-demo"
	}
	if _, err := os.Stat(filepath.Join(data, demohouse.File)); err != nil {
		return "", fmt.Errorf(k.say("%s holds no demo; make one with latchkey serve --demo, or say where it is with --data",
			"%s ne contient pas de démonstration ; créez-en une avec latchkey serve --demo, ou indiquez-la avec --data"), data)
	}
	return data, nil
}
