package settings

import (
	"strings"

	"latchkey/home"
)

// Field is one setting: its name, what it accepts, and how to set and show it.
type Field struct {
	Key     string // server.hosts
	About   home.Label
	Accepts string // what a value may be, for messages
	List    bool   // takes several values
	set     func(*Settings, []string) error
	get     func(*Settings) string
}

// Variable returns the name of the environment variable that sets f.
func (f *Field) Variable() string {
	return "LATCHKEY_" + strings.ToUpper(strings.ReplaceAll(f.Key, ".", "_"))
}

// Value returns f's value in s as it may be shown: a password in it is hidden.
func (f *Field) Value(s *Settings) string {
	v := []rune(f.get(s))
	hidePassword(v)
	return string(v)
}

// Fields lists every setting, in the order in which they are documented.
func Fields() []Field {
	return []Field{
		text("listen", "where the server listens", "où le serveur écoute", addressShape(), func(s *Settings) *string { return &s.Listen }),
		text("data", "the folder of the data", "le dossier des données", folderShape(), func(s *Settings) *string { return &s.Data }),
		truth("safe_mode", "start with all scenes off", "démarrer sans aucune scène", func(s *Settings) *bool { return &s.SafeMode }),
		list("server.hosts", "names under which the server may be asked, besides IP addresses, localhost and *.local", "noms sous lesquels le serveur répond, outre les adresses IP, localhost et *.local", hostShape(), func(s *Settings) *[]string { return &s.Server.Hosts }),
		networks("server.trusted_proxies", "reverse proxies whose X-Forwarded-For is believed", "mandataires dont X-Forwarded-For est cru", func(s *Settings) *prefixes { return (*prefixes)(&s.Server.TrustedProxies) }),
		list("server.cors_origins", "web origins whose pages may read answers", "origines web dont les pages peuvent lire les réponses", originShape(), func(s *Settings) *[]string { return &s.Server.CORSOrigins }),
		truth("server.hsts", "tell browsers to use https only", "dire aux navigateurs de n'utiliser que https", func(s *Settings) *bool { return &s.Server.HSTS }),
		rate("limits.key_rate", "requests a second of one key; 0 = no limit", "requêtes par seconde d'une clé ; 0 = sans limite", func(s *Settings) *float64 { return &s.Limits.KeyRate }),
		whole("limits.key_burst", "and how many at once", "et combien d'un coup", span{1, 1e6}, func(s *Settings) *int { return &s.Limits.KeyBurst }),
		rate("limits.url_key_rate", "requests a second of a key that stands in URLs; 0 = no limit", "requêtes par seconde d'une clé placée dans l'URL ; 0 = sans limite", func(s *Settings) *float64 { return &s.Limits.URLKeyRate }),
		whole("limits.url_key_burst", "and how many at once", "et combien d'un coup", span{1, 1e6}, func(s *Settings) *int { return &s.Limits.URLKeyBurst }),
		rate("limits.visitor_rate", "requests a second of one address without a key; 0 = no limit", "requêtes par seconde d'une adresse sans clé ; 0 = sans limite", func(s *Settings) *float64 { return &s.Limits.VisitorRate }),
		whole("limits.visitor_burst", "and how many at once", "et combien d'un coup", span{1, 1e6}, func(s *Settings) *int { return &s.Limits.VisitorBurst }),
		whole("limits.connections", "open connections", "connexions ouvertes", span{8, 1e6}, func(s *Settings) *int { return &s.Limits.Connections }),
		whole("limits.ring", "the last changes kept in memory for streams", "les derniers changements gardés en mémoire pour les flux", span{256, 1 << 22}, func(s *Settings) *int { return &s.Limits.Ring }),
		duration("limits.stop_time", "how long requests under way may take when the server stops", "le temps laissé aux requêtes en cours quand le serveur s'arrête", func(s *Settings) *seconds { return (*seconds)(&s.Limits.StopTime) }),
		list("egress.allow", "addresses in the home network that the house may call", "adresses du réseau local que la maison peut appeler", targetShape(), func(s *Settings) *[]string { return &s.Egress.Allow }),
		text("mqtt.broker", "the MQTT broker", "le courtier MQTT", brokerShape(), func(s *Settings) *string { return &s.MQTT.Broker }),
		text("log.level", "how much is logged", "le niveau du journal", oneOf("debug", "info", "warn", "error"), func(s *Settings) *string { return &s.Log.Level }),
		text("log.format", "how it is logged", "la forme du journal", oneOf("text", "json"), func(s *Settings) *string { return &s.Log.Format }),
		truth("debug.pprof", "profiles on the unix socket pprof.sock in the data folder", "profils sur la socket unix pprof.sock du dossier des données", func(s *Settings) *bool { return &s.Debug.Pprof }),
	}
}

// find returns the field of that name, or nil.
func find(fields []Field, key string) *Field {
	for i := range fields {
		if fields[i].Key == key {
			return &fields[i]
		}
	}
	return nil
}
