//go:build crashrig

package sql

// synchronous NORMAL syncs only now and then, so a power cut loses what was
// acknowledged. Only the rig in test/crash is built so, to see that it notices.
const synchronous = "NORMAL"
