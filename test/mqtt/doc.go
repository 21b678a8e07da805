// Package mqtt holds the tests of MQTT as clients meet it: with mosquitto's own
// programs and broker, and with clients of MQTT 3.1.1 and 5.
package mqtt
