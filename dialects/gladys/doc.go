// Package gladys answers as the Open API of Gladys Assistant does, so that
// whatever sends to it today (Tasker, Shortcuts, OwnTracks, scripts) goes on
// working with only the host changed. See README.md for each oddity.
package gladys
