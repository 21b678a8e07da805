// Package settings reads what the person who runs the server has chosen: from
// a YAML file, the environment and the command line, in this order, over
// defaults. It is strict: an unknown name, a wrong type or a value out of range
// is refused with its place and with what is accepted.
package settings

import (
	"net/netip"
	"path/filepath"
	"time"
)

// Settings is everything that can be chosen. Default has the values that hold
// when nothing is.
type Settings struct {
	Listen   string // host:port
	Data     string // folder
	SafeMode bool   // scenes stay off
	Server   Server
	Limits   Limits
	Egress   Egress
	MQTT     MQTT
	Log      Log
	Debug    Debug
}

// Server is how the server is reached.
type Server struct {
	Hosts          []string       // names under which it may be asked, besides IP addresses, localhost and *.local
	TrustedProxies []netip.Prefix // reverse proxies whose X-Forwarded-For is believed
	CORSOrigins    []string       // web origins whose pages may read answers
	HSTS           bool
}

// Limits bounds what callers may take. Rates are requests a second; 0 = no limit.
type Limits struct {
	KeyRate      float64
	KeyBurst     int
	URLKeyRate   float64 // keys that stand in URLs; KeyRate when only that is chosen
	URLKeyBurst  int
	VisitorRate  float64 // per address, without a key
	VisitorBurst int
	Connections  int
	StopTime     time.Duration // requests under way have so long to end when the server stops
	Ring         int           // entries kept in memory for streams
}

// Egress is where the house may send requests to besides the internet.
type Egress struct {
	Allow []string // host:port
}

// MQTT is the broker that devices speak through.
type MQTT struct {
	Broker   string // off, embedded, mqtt://host:port or mqtts://host:port
	Listen   string // host:port of the embedded broker
	User     string // at a broker that is not ours
	Password string
	House    string // id or name of the house that such a broker speaks for; "" = the only one
}

// Log is what is written about the work.
type Log struct {
	Level  string // debug, info, warn, error
	Format string // text, json
}

// Debug is what only a person looking for a fault needs.
type Debug struct {
	Pprof bool // profiles on a unix socket in the data folder
}

// Default returns the settings that hold when nothing is chosen. env looks up
// environment variables.
func Default(env func(string) string) Settings {
	return Settings{
		Listen: "127.0.0.1:7311",
		Data:   defaultData(env),
		Limits: Limits{KeyRate: 50, KeyBurst: 200, URLKeyRate: 10, URLKeyBurst: 20, VisitorRate: 10, VisitorBurst: 60,
			Connections: 1024, StopTime: 4 * time.Second, Ring: 16384},
		MQTT: MQTT{Broker: "off", Listen: "127.0.0.1:1883"},
		Log:  Log{Level: "info", Format: "text"},
	}
}

// defaultData follows the XDG base directory rules.
func defaultData(env func(string) string) string {
	if base := env("XDG_DATA_HOME"); filepath.IsAbs(base) {
		return filepath.Join(base, "latchkey")
	}
	if dir := env("HOME"); dir != "" {
		return filepath.Join(dir, ".local", "share", "latchkey")
	}
	return filepath.Join(string(filepath.Separator), "var", "lib", "latchkey")
}

// Folder returns the folder of a person's own choices and credentials on this
// machine, by the XDG base directory rules.
func Folder(env func(string) string) string {
	if base := env("XDG_CONFIG_HOME"); filepath.IsAbs(base) {
		return filepath.Join(base, "latchkey")
	}
	return filepath.Join(env("HOME"), ".config", "latchkey")
}
