// Package egress is the only way out: every HTTP request that a person's
// settings make the house send goes through a Guard, which decides on the address
// that is really dialled. It imports home and nothing else of ours.
package egress
