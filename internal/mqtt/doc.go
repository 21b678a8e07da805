// Package mqtt is the craft of speaking MQTT: topics as data, a broker of our
// own, and a client of somebody else's. It knows no dialect and no house; what
// a topic means stands in its handler.
package mqtt
