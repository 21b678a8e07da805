// Package stream gives a house's log to followers over server-sent events and
// WebSocket. Each entry is encoded once for all followers; whatever waits for a
// follower goes out in one write.
package stream
