//go:build !crashrig

package sql

// synchronous is how far SQLite waits for the disk at each commit. FULL: until
// the write-ahead log is synced.
const synchronous = "FULL"
