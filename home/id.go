package home

import (
	"crypto/rand"
	"strings"
)

// ID names a record: short, URL-safe and random (at least 128 bits), so that
// an id cannot be guessed. The zero ID names nothing.
type ID string

// NewID returns a fresh random ID of 26 lower-case letters and digits.
func NewID() ID { return ID(strings.ToLower(rand.Text())) }
