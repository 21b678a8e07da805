// Package soak lets a whole demo house live for a month, in made-up time: run it
// with make soak.
package soak
