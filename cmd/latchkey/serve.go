package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/spf13/cobra"

	"latchkey"
	"latchkey/cmd/latchkey/demohouse"
	"latchkey/home"
)

// serving is one run of the server, from its settings to its end.
type serving struct {
	*app
	config latchkey.Config
	began  time.Time
	json   bool
	demo   *demohouse.Demo // nil for a real home
	pace   int             // of the demo
	addr   net.Addr
	mqtt   string // where the embedded MQTT broker answers; "" = nowhere
}

func (a *app) serveCommand() *cobra.Command {
	s := &serving{app: a}
	var data, listen string
	var demonstrate, safe bool
	c := &cobra.Command{
		Use: "serve", Args: cobra.NoArgs,
		Short: a.say("run the server", "lancer le serveur"),
		Long: a.say("Runs until it is told to stop (Ctrl-C, SIGTERM). Without settings it listens on 127.0.0.1:7311 and keeps its data in ~/.local/share/latchkey.",
			"Tourne jusqu'à ce qu'on l'arrête (Ctrl-C, SIGTERM). Sans réglages, il écoute sur 127.0.0.1:7311 et garde ses données dans ~/.local/share/latchkey."),
		Example: "  latchkey serve --demo\n  latchkey serve --listen :7311\n  LATCHKEY_DATA=/srv/home latchkey serve --config /etc/latchkey.yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			s.began = time.Now()
			flags := map[string][]string{}
			for name, value := range map[string]string{"data": data, "listen": listen} {
				if cmd.Flags().Changed(name) {
					flags[name] = []string{value}
				}
			}
			if safe {
				flags["safe_mode"] = []string{"true"}
			}
			return s.run(cmd.Context(), flags, demonstrate)
		},
	}
	f := c.Flags()
	f.StringVar(&data, "data", "", a.say("folder of the data", "dossier des données"))
	f.StringVar(&listen, "listen", "", a.say("host:port to listen on; port 0 = a free one", "hôte:port d'écoute ; port 0 = un port libre"))
	f.BoolVar(&demonstrate, "demo", false, a.say("an invented home in a folder of its own, ready for curl", "une maison inventée, dans son propre dossier, prête pour curl"))
	f.IntVar(&s.pace, "demo-speed", 1, a.say("how many times faster than real time the demo lives, 1 to 86400", "combien de fois plus vite que le temps réel vit la démonstration, de 1 à 86400"))
	f.BoolVar(&s.json, "json", false, a.say("say what is needed to begin as one line of JSON", "dire ce qu'il faut pour commencer sur une ligne JSON"))
	f.BoolVar(&safe, "safe-mode", false, a.say("start with all scenes off", "démarrer sans aucune scène"))
	return c
}

// run opens and serves until a signal.
func (s *serving) run(ctx context.Context, flags map[string][]string, demonstrate bool) error {
	if s.pace < 1 || s.pace > demohouse.MaxPace || s.pace != 1 && !demonstrate {
		return fmt.Errorf(s.say("--demo-speed is 1 to %d and goes with --demo", "--demo-speed va de 1 à %d, avec --demo"), demohouse.MaxPace)
	}
	loaded, err := s.load(flags)
	if err != nil {
		return err
	}
	s.warnStrange(loaded)
	s.config = latchkey.Config{Settings: loaded.Settings, Version: version(), Log: s.logger(loaded.Log.Level, loaded.Log.Format), Begin: s.begin}
	if demonstrate {
		wish := demohouse.Wish{Folder: s.config.Settings.Data, Pace: s.pace, Language: s.language(), Say: s.err}
		if loaded.Origin["data"] == "" {
			wish.Folder += "-demo"
		}
		if s.demo, err = demohouse.Choose(&s.config, wish); err != nil {
			return err
		}
		if loaded.Origin["mqtt.broker"] == "" {
			s.config.Settings.MQTT.Broker = "embedded"
		}
	} else if err := demohouse.RefuseFolder(s.config.Settings.Data); err != nil {
		return err
	}
	ctx, stop := signals(ctx)
	defer stop()
	parts := latchkey.Usual(s.config)
	house, err := latchkey.Open(ctx, s.config, parts)
	if d := latchkey.DamageOf(err); d != nil && !d.Fatal {
		return s.serveDamage(ctx, d)
	}
	if err != nil {
		return err
	}
	return errors.Join(s.serve(ctx, house, parts.Drivers), house.Close())
}

func (s *serving) serve(ctx context.Context, house *latchkey.Latchkey, drivers []home.Driver) error {
	ln, err := s.listen(ctx)
	if err != nil {
		return err
	}
	s.addr = ln.Addr()
	if s.demo != nil {
		if err := s.demo.Prepare(ctx, house.Hub(), drivers); err != nil {
			return errors.Join(fmt.Errorf("prepare the demo: %w", err), ln.Close())
		}
	}
	closeProfiles, err := s.profiles()
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	defer closeProfiles()
	if s.mqtt, err = s.listenMQTT(ctx, house); err != nil {
		return errors.Join(err, ln.Close())
	}
	debug.FreeOSMemory() // opening needs far more than what follows
	watching, enough := context.WithCancel(context.WithoutCancel(ctx))
	watched := make(chan struct{})
	go func() { defer close(watched); s.watchdog(watching, house) }()
	balanced := make(chan struct{})
	go func() { defer close(balanced); latchkey.BalanceMemory(watching) }()
	defer func() { enough(); <-watched; <-balanced }()
	defer context.AfterFunc(ctx, func() { s.tell(daemon.SdNotifyStopping) })()
	if err := house.Serve(ctx, ln); err != nil {
		return err
	}
	s.config.Log.Info("stopped")
	return nil
}

// begin says that the house is ready, once its scenes run.
func (s *serving) begin(ctx context.Context, house *latchkey.Latchkey) error {
	if s.demo != nil {
		if err := s.demo.Begin(ctx, house.Hub()); err != nil {
			return err
		}
	}
	if err := s.announce(house.Hub(), s.addr); err != nil {
		return err
	}
	s.tell(daemon.SdNotifyReady)
	return nil
}

// serveDamage answers only to say that the data cannot be trusted.
func (s *serving) serveDamage(ctx context.Context, d *home.Damage) error {
	ln, err := s.listen(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.err, "latchkey: %s: %s\n", d.Reason, d.Message)
	fmt.Fprintln(s.err, s.say("Nothing was changed. The house stays closed; this page says what to do:", "Rien n'a été modifié. La maison reste fermée ; cette page dit quoi faire :"), urlOf(ln.Addr().String()))
	fmt.Fprintln(s.err, "  latchkey recover salvage      ", s.say("keep everything that can be read", "garder tout ce qui peut être lu"))
	fmt.Fprintln(s.err, "  latchkey recover accept-loss  ", s.say("go on with the files as they are", "continuer avec les fichiers tels quels"))
	if s.json {
		if err := json.NewEncoder(s.out).Encode(map[string]string{"event": "damaged", "code": d.Reason, "page": urlOf(ln.Addr().String())}); err != nil {
			return err
		}
	}
	s.tell(daemon.SdNotifyReady)
	if err := latchkey.ServeDamage(ctx, ln, d, s.config); err != nil {
		return err
	}
	return errSaid
}

func (s *serving) listen(ctx context.Context) (net.Listener, error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", s.config.Settings.Listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf(s.say("%s is in use by another program; choose another address with --listen or LATCHKEY_LISTEN",
			"%s est déjà pris par un autre programme ; choisissez une autre adresse avec --listen ou LATCHKEY_LISTEN"), s.config.Settings.Listen)
	}
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return ln, nil
}

// listenMQTT opens the port of the embedded broker, if there is one. The demo
// takes another port when its own is not free.
func (s *serving) listenMQTT(ctx context.Context, house *latchkey.Latchkey) (string, error) {
	var others []string
	if s.demo != nil {
		others = []string{"127.0.0.1:0"}
	}
	addr, err := house.ListenMQTT(ctx, others...)
	if err != nil || addr == nil {
		return "", err
	}
	return "mqtt://" + strings.TrimPrefix(urlOf(addr.String()), "http://"), nil
}

func (a *app) logger(level, format string) *slog.Logger {
	var l slog.Level
	_ = l.UnmarshalText([]byte(strings.ToUpper(level))) // the settings have judged it
	o := &slog.HandlerOptions{Level: l}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(a.err, o))
	}
	return slog.New(slog.NewTextHandler(a.err, o))
}

// signalEcho is how long a signal may come again and be the same wish: timeout(1)
// and some shells pass on what the whole process group was sent already.
const signalEcho = 500 * time.Millisecond

// signals returns a context that ends with the first signal to stop. The
// second one ends the program at once.
func signals(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	heard := make(chan os.Signal, 2)
	signal.Notify(heard, syscall.SIGINT, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		var echo <-chan time.Time
		for over := false; ; {
			select {
			case <-done:
				return
			case <-echo:
				over = true
			case <-heard:
				if over {
					os.Exit(1)
				}
				if echo == nil {
					echo = time.After(signalEcho)
					cancel()
				}
			}
		}
	}()
	return ctx, func() { signal.Stop(heard); close(done); cancel() }
}
