package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/settings"
)

// finding is what the doctor says about one thing.
type finding struct {
	About string `json:"about"`
	OK    bool   `json:"ok"`
	Says  string `json:"says"`
}

// leastFree is how many free bytes a data folder should have.
const leastFree = 256 << 20

func (a *app) doctorCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "doctor", Args: cobra.NoArgs, Short: a.say("look for what may be wrong", "chercher ce qui peut clocher"),
		Long: a.say("Looks at settings, data folder, disk, clock and whether the server answers. What it prints holds no secrets and may be shown to others.",
			"Regarde les réglages, le dossier des données, le disque, l'horloge et si le serveur répond. Ce qui est affiché ne contient pas de secret et peut être montré."),
		RunE: func(cmd *cobra.Command, _ []string) error {
			found := a.examine(cmd.Context())
			ill := false
			for _, f := range found {
				ill = ill || !f.OK
			}
			if asJSON {
				if err := json.NewEncoder(a.out).Encode(found); err != nil {
					return err
				}
			} else {
				for _, f := range found {
					mark := "ok  "
					if !f.OK {
						mark = "BAD "
					}
					fmt.Fprintf(a.out, "%s %-10s %s\n", mark, f.About, f.Says)
				}
			}
			if ill {
				return errSaid
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, a.say("as JSON", "en JSON"))
	return c
}

func (a *app) examine(ctx context.Context) []finding {
	found := []finding{{"version", true, version()}}
	l, err := a.load(nil)
	if err != nil {
		return append(found, finding{"settings", false, err.Error()})
	}
	says := fmt.Sprintf(a.say("%d settings differ from their defaults", "%d réglages diffèrent des valeurs par défaut"), len(l.Origin))
	found = append(found, finding{"settings", len(l.Strange) == 0, strings.Join(append([]string{says}, l.Strange...), "; ")})
	return append(found, a.examineFolder(l.Data), a.examineStore(l.Data), a.examineDisk(l.Data), a.examineClock(), a.examineServer(ctx, &l.Settings), a.examineMQTT(ctx, &l.Settings))
}

func (a *app) examineFolder(dir string) finding {
	info, err := os.Stat(dir)
	if errors.Is(err, os.ErrNotExist) {
		return finding{"data", true, dir + ": " + a.say("not there yet; serve makes it", "pas encore là ; serve le crée")}
	}
	if err != nil {
		return finding{"data", false, err.Error()}
	}
	var wrong []string
	if !info.IsDir() {
		wrong = append(wrong, a.say("is not a folder", "n'est pas un dossier"))
	}
	if info.Mode().Perm()&0o077 != 0 {
		wrong = append(wrong, fmt.Sprintf(a.say("others may look into it (mode %o); chmod 700", "d'autres peuvent y voir (mode %o) ; chmod 700"), info.Mode().Perm()))
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && int(st.Uid) != os.Geteuid() && os.Geteuid() != 0 {
		wrong = append(wrong, fmt.Sprintf(a.say("belongs to user %d, and we are %d", "appartient à l'utilisateur %d, et nous sommes %d"), st.Uid, os.Geteuid()))
	}
	for _, name := range []string{"core.db", "history.db", "acked.seq"} {
		if f, err := os.Stat(filepath.Join(dir, name)); err == nil && f.Mode().Perm()&0o077 != 0 {
			wrong = append(wrong, fmt.Sprintf(a.say("%s may be read by others; chmod 600", "%s peut être lu par d'autres ; chmod 600"), name))
		}
	}
	if q, err := os.ReadDir(filepath.Join(dir, "quarantine")); err == nil && len(q) > 0 {
		wrong = append(wrong, fmt.Sprintf(a.say("%d sets of damaged files in quarantine", "%d lots de fichiers abîmés en quarantaine"), len(q)))
	}
	return finding{"data", len(wrong) == 0, strings.Join(append([]string{dir}, wrong...), "; ")}
}

// examineStore looks at the files without opening them: the server may be using them.
func (a *app) examineStore(dir string) finding {
	var says []string
	ok := true
	for _, name := range []string{"core.db", "history.db"} {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			if !errors.Is(err, os.ErrNotExist) {
				return finding{"store", false, err.Error()}
			}
			continue
		}
		head := make([]byte, 16)
		_, err = io.ReadFull(f, head)
		info, statErr := f.Stat()
		if err = errors.Join(err, statErr, f.Close()); err != nil || string(head) != "SQLite format 3\x00" {
			ok = false
			says = append(says, name+": "+a.say("not a database; latchkey check says more", "pas une base ; latchkey check en dit plus"))
			continue
		}
		says = append(says, fmt.Sprintf("%s %d KiB", name, info.Size()>>10))
	}
	if len(says) == 0 {
		says = append(says, a.say("empty", "vide"))
	}
	return finding{"store", ok, strings.Join(says, ", ")}
}

func (a *app) examineDisk(dir string) finding {
	for dir != "/" && dir != "." {
		if _, err := os.Stat(dir); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return finding{"disk", false, err.Error()}
	}
	free := uint64(fs.Bavail) * uint64(fs.Bsize)
	return finding{"disk", free >= leastFree, fmt.Sprintf(a.say("%d MiB free", "%d Mio libres"), free>>20)}
}

// builtAfter is a moment before which no right clock can stand.
func builtAfter() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

func (a *app) examineClock() finding {
	now := time.Now()
	return finding{"clock", now.After(builtAfter()), now.Format(time.RFC3339)}
}

// examineServer asks the server at the address of the settings, if there is one.
func (a *app) examineServer(ctx context.Context, s *settings.Settings) finding {
	url := a.getenv("LATCHKEY_URL")
	if url == "" {
		url = urlOf(s.Listen)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(url, "/")+"/healthz", nil)
	if err != nil {
		return finding{"server", false, err.Error()}
	}
	w, err := (&http.Client{}).Do(r)
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return finding{"server", false, fmt.Sprintf(a.say("%s does not answer (%v); is latchkey serve running?", "%s ne répond pas (%v) ; latchkey serve tourne-t-il ?"), url, e.Err)}
	}
	if err != nil {
		return finding{"server", false, err.Error()}
	}
	defer w.Body.Close()
	var out struct {
		Status string `json:"status"`
		Code   string `json:"code"`
	}
	if err := json.NewDecoder(w.Body).Decode(&out); err != nil {
		return finding{"server", false, url + ": " + a.say("something else answers there", "autre chose répond là")}
	}
	return finding{"server", w.StatusCode == http.StatusOK, strings.TrimSpace(url + ": " + out.Status + " " + out.Code)}
}

// examineMQTT looks whether the broker of the settings takes connections.
func (a *app) examineMQTT(ctx context.Context, s *settings.Settings) finding {
	where := s.MQTT.Listen
	switch s.MQTT.Broker {
	case "", "off":
		return finding{"mqtt", true, "off"}
	case "embedded":
	default:
		u, err := url.Parse(s.MQTT.Broker)
		if err != nil {
			return finding{"mqtt", false, a.say("mqtt.broker is not an address", "mqtt.broker n'est pas une adresse")}
		}
		where = u.Host
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", where)
	if err != nil {
		return finding{"mqtt", false, fmt.Sprintf(a.say("%s takes no connection; is it running?", "%s ne prend pas de connexion ; tourne-t-il ?"), where)}
	}
	if err := c.Close(); err != nil {
		return finding{"mqtt", false, err.Error()}
	}
	return finding{"mqtt", true, where + ": " + a.say("takes connections", "prend les connexions")}
}
