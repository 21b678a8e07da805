// Package crash holds the rigs that end the program in the middle of its work
// and look whether every acknowledged state is there afterwards. They are built
// with the tag crash and run by make crash.
package crash
