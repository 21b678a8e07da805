package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"latchkey/home"
)

// shownDevice is a device as the server lists it.
type shownDevice struct {
	ID         home.ID `json:"id"`
	ExternalID string  `json:"external_id"`
	Name       string  `json:"name"`
	Driver     string  `json:"driver"`
	Features   []struct {
		ExternalID string          `json:"external_id"`
		Category   string          `json:"category"`
		Type       string          `json:"type"`
		Unit       string          `json:"unit"`
		ReadOnly   bool            `json:"read_only"`
		Value      json.RawMessage `json:"last_value"`
		Changed    home.Time       `json:"last_value_changed"`
	} `json:"features"`
}

func (a *app) devicesCommand() *cobra.Command {
	c := &cobra.Command{Use: "devices", Short: a.say("the devices of the house", "les appareils de la maison")}
	c.AddCommand(a.devicesList(), a.devicesCreate())
	return c
}

func (a *app) devicesList() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "list", Args: cobra.NoArgs, Short: a.say("list devices with their current values", "lister les appareils et leurs valeurs"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.signedIn()
			if err != nil {
				return err
			}
			var raw struct {
				Devices json.RawMessage `json:"devices"`
			}
			if err := c.Do(cmd.Context(), "GET", "/devices", nil, &raw); err != nil {
				return err
			}
			if asJSON {
				_, err := fmt.Fprintf(a.out, "%s\n", raw.Devices)
				return err
			}
			var list []shownDevice
			if err := json.Unmarshal(raw.Devices, &list); err != nil {
				return fmt.Errorf("read the list of devices: %w", err)
			}
			return a.printDevices(list)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, a.say("as JSON", "en JSON"))
	return c
}

func (a *app) printDevices(list []shownDevice) error {
	if len(list) == 0 {
		fmt.Fprintln(a.out, a.say("No devices yet. Make one: latchkey devices create --help", "Pas encore d'appareil. Pour en créer un : latchkey devices create --help"))
	}
	t := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, d := range list {
		fmt.Fprintf(t, "%s\t%s\t%s\t\t%s\n", d.Name, d.ExternalID, d.Driver, d.ID)
		for _, f := range d.Features {
			when := ""
			if f.Changed != 0 {
				when = f.Changed.Std().Local().Format("2006-01-02 15:04:05")
			}
			fmt.Fprintf(t, "  %s\t%s/%s\t%s %s\t%s\n", f.ExternalID, f.Category, f.Type, f.Value, f.Unit, when)
		}
	}
	return t.Flush()
}

func (a *app) devicesCreate() *cobra.Command {
	var name, external, feature, category, kind, unit, room string
	var low, high string
	var readOnly, asJSON bool
	c := &cobra.Command{
		Use: "create", Args: cobra.NoArgs, Short: a.say("make a device with one feature", "créer un appareil avec une caractéristique"),
		Long: a.say("The device is a virtual one: its values come over the API. More features go through POST /api/latchkey/v1/devices.",
			"L'appareil est virtuel : ses valeurs viennent par l'API. Pour plus de caractéristiques : POST /api/latchkey/v1/devices."),
		Example: "  latchkey devices create --name 'My phone' --external-id mqtt:my-phone --feature mqtt:my-phone-presence --category motion-sensor --type binary --read-only",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.signedIn()
			if err != nil {
				return err
			}
			f := map[string]any{"external_id": feature, "name": name, "category": category, "type": kind, "unit": unit, "read_only": readOnly}
			if kind == "binary" && low == "" && high == "" {
				low, high = "0", "1"
			}
			for at, text := range map[string]string{"min": low, "max": high} {
				if text == "" {
					continue
				}
				if f[at], err = strconv.ParseFloat(text, 64); err != nil {
					return fmt.Errorf("--%s: %q is not a number", at, text)
				}
			}
			in := map[string]any{"name": name, "external_id": external, "room": room, "features": []any{f}}
			var out json.RawMessage
			if err := c.Do(cmd.Context(), "POST", "/devices", in, &out); err != nil {
				return err
			}
			if asJSON {
				_, err := fmt.Fprintf(a.out, "%s\n", out)
				return err
			}
			fmt.Fprintf(a.out, a.say("Made. Report a value: latchkey states send %s 1\n", "Créé. Envoyer une valeur : latchkey states send %s 1\n"), feature)
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&name, "name", "", a.say("what people call it", "comment on l'appelle"))
	f.StringVar(&external, "external-id", "", a.say("its own id, unique in the house", "son propre identifiant, unique dans la maison"))
	f.StringVar(&feature, "feature", "", a.say("external id of its value", "external id de sa valeur"))
	f.StringVar(&category, "category", "", a.say("such as motion-sensor, light, temperature-sensor", "par exemple motion-sensor, light, temperature-sensor"))
	f.StringVar(&kind, "type", "", a.say("such as binary, decimal, brightness", "par exemple binary, decimal, brightness"))
	f.StringVar(&unit, "unit", "", a.say("such as celsius, percent", "par exemple celsius, percent"))
	f.StringVar(&room, "room", "", a.say("id of its room", "identifiant de sa pièce"))
	f.StringVar(&low, "min", "", a.say("lowest value", "valeur la plus basse"))
	f.StringVar(&high, "max", "", a.say("highest value", "valeur la plus haute"))
	f.BoolVar(&readOnly, "read-only", false, a.say("it only tells its value", "elle ne fait que donner sa valeur"))
	f.BoolVar(&asJSON, "json", false, a.say("as JSON", "en JSON"))
	for _, needed := range []string{"name", "external-id", "feature", "category", "type"} {
		_ = c.MarkFlagRequired(needed) // the flag is defined above
	}
	return c
}
