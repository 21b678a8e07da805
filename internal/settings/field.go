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
		text("listen", home.Label{EN: "where the server listens", FR: "où le serveur écoute"}, addressShape(), func(s *Settings) *string { return &s.Listen }),
		text("data", home.Label{EN: "the folder of the data", FR: "le dossier des données"}, folderShape(), func(s *Settings) *string { return &s.Data }),
		truth("safe_mode", home.Label{EN: "start with all scenes off", FR: "démarrer sans aucune scène"}, func(s *Settings) *bool { return &s.SafeMode }),
		list("server.hosts", home.Label{EN: "names under which the server may be asked, besides IP addresses, localhost and *.local", FR: "noms sous lesquels le serveur répond, outre les adresses IP, localhost et *.local"}, hostShape(), func(s *Settings) *[]string { return &s.Server.Hosts }),
		networks("server.trusted_proxies", home.Label{EN: "reverse proxies whose X-Forwarded-For is believed", FR: "mandataires dont X-Forwarded-For est cru"}, func(s *Settings) *prefixes { return (*prefixes)(&s.Server.TrustedProxies) }),
		list("server.cors_origins", home.Label{EN: "web origins whose pages may read answers", FR: "origines web dont les pages peuvent lire les réponses"}, originShape(), func(s *Settings) *[]string { return &s.Server.CORSOrigins }),
		truth("server.hsts", home.Label{EN: "tell browsers to use https only", FR: "dire aux navigateurs de n'utiliser que https"}, func(s *Settings) *bool { return &s.Server.HSTS }),
		rate("limits.key_rate", home.Label{EN: "requests a second of one key; 0 = no limit", FR: "requêtes par seconde d'une clé ; 0 = sans limite"}, func(s *Settings) *float64 { return &s.Limits.KeyRate }),
		whole("limits.key_burst", home.Label{EN: "and how many at once", FR: "et combien d'un coup"}, span{1, 1e6}, func(s *Settings) *int { return &s.Limits.KeyBurst }),
		rate("limits.url_key_rate", home.Label{EN: "requests a second of a key that stands in URLs; 0 = no limit", FR: "requêtes par seconde d'une clé placée dans l'URL ; 0 = sans limite"}, func(s *Settings) *float64 { return &s.Limits.URLKeyRate }),
		whole("limits.url_key_burst", home.Label{EN: "and how many at once", FR: "et combien d'un coup"}, span{1, 1e6}, func(s *Settings) *int { return &s.Limits.URLKeyBurst }),
		rate("limits.visitor_rate", home.Label{EN: "requests a second of one address without a key; 0 = no limit", FR: "requêtes par seconde d'une adresse sans clé ; 0 = sans limite"}, func(s *Settings) *float64 { return &s.Limits.VisitorRate }),
		whole("limits.visitor_burst", home.Label{EN: "and how many at once", FR: "et combien d'un coup"}, span{1, 1e6}, func(s *Settings) *int { return &s.Limits.VisitorBurst }),
		whole("limits.connections", home.Label{EN: "open connections", FR: "connexions ouvertes"}, span{8, 1e6}, func(s *Settings) *int { return &s.Limits.Connections }),
		whole("limits.ring", home.Label{EN: "the last changes kept in memory for streams", FR: "les derniers changements gardés en mémoire pour les flux"}, span{256, 1 << 22}, func(s *Settings) *int { return &s.Limits.Ring }),
		duration("limits.stop_time", home.Label{EN: "how long requests under way may take when the server stops", FR: "le temps laissé aux requêtes en cours quand le serveur s'arrête"}, func(s *Settings) *seconds { return (*seconds)(&s.Limits.StopTime) }),
		list("egress.allow", home.Label{EN: "addresses in the home network that the house may call", FR: "adresses du réseau local que la maison peut appeler"}, targetShape(), func(s *Settings) *[]string { return &s.Egress.Allow }),
		text("mqtt.broker", home.Label{EN: "the MQTT broker", FR: "le courtier MQTT"}, brokerShape(), func(s *Settings) *string { return &s.MQTT.Broker }),
		text("mqtt.listen", home.Label{EN: "where the embedded MQTT broker listens", FR: "où écoute le courtier MQTT intégré"}, addressShape(), func(s *Settings) *string { return &s.MQTT.Listen }),
		text("mqtt.user", home.Label{EN: "who we are at another MQTT broker", FR: "notre nom auprès d'un autre courtier MQTT"}, wordShape(), func(s *Settings) *string { return &s.MQTT.User }),
		secret("mqtt.password", home.Label{EN: "our password at another MQTT broker; best in the environment", FR: "notre mot de passe auprès d'un autre courtier MQTT ; de préférence dans l'environnement"}, wordShape(), func(s *Settings) *string { return &s.MQTT.Password }),
		text("mqtt.house", home.Label{EN: "the house that another MQTT broker speaks for, by name or id", FR: "la maison dont parle un autre courtier MQTT, par son nom ou son id"}, wordShape(), func(s *Settings) *string { return &s.MQTT.House }),
		text("log.level", home.Label{EN: "how much is logged", FR: "le niveau du journal"}, oneOf("debug", "info", "warn", "error"), func(s *Settings) *string { return &s.Log.Level }),
		text("log.format", home.Label{EN: "how it is logged", FR: "la forme du journal"}, oneOf("text", "json"), func(s *Settings) *string { return &s.Log.Format }),
		truth("debug.pprof", home.Label{EN: "profiles on the unix socket pprof.sock in the data folder", FR: "profils sur la socket unix pprof.sock du dossier des données"}, func(s *Settings) *bool { return &s.Debug.Pprof }),
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
