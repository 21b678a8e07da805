package home

import "encoding/json"

// Link is one step of how something came about.
type Link struct {
	Kind string `json:"kind"`           // key, account, scene, run, driver, state, event, command
	ID   ID     `json:"id,omitempty"`   // of the key, account, scene or run
	Name string `json:"name,omitempty"` // for a person to read; never a secret
	Seq  uint64 `json:"seq,omitempty"`  // order number of the state or event
}

// Cause is the whole chain that led to something, the first link first. It
// holds at most MaxDepth scene runs.
type Cause []Link

// MaxDepth is how many scene runs one chain may hold before it is suspended.
const MaxDepth = 16

// And returns c with l behind it, leaving c as it was.
func (c Cause) And(l Link) Cause { return append(c[:len(c):len(c)], l) }

// Depth counts the scene runs in c.
func (c Cause) Depth() int {
	n := 0
	for i := range c {
		if c[i].Kind == "run" {
			n++
		}
	}
	return n
}

// Event is something that happened.
type Event struct {
	Seq      uint64          `json:"seq"`
	House    ID              `json:"-"`
	At       Time            `json:"at"`
	Received Time            `json:"received_at"`
	Type     string          `json:"type"`              // dotted words: presence.arrived, device.created, custom
	Subject  string          `json:"subject,omitempty"` // what it is about: an external id, an id
	Data     json.RawMessage `json:"data,omitempty"`    // an object
	Cause    Cause           `json:"cause"`
	Verb     Verb            `json:"-"` // the right that a reader needs; "" = ReadEvent
}

// The event types that Latchkey itself tells. Types from outside begin with "custom.".
const (
	EventArrived       = "presence.arrived"
	EventLeft          = "presence.left"
	EventHouseEmpty    = "house.empty"
	EventHouseOccupied = "house.occupied"
	EventHouseChanged  = "house.updated"
	EventCommand       = "command.accepted"
	EventCommandDone   = "command.done"
	EventCommandFailed = "command.failed"
	EventLocation      = "location.reported"
	EventTransition    = "location.transition"
	EventMessage       = "message.received"
	EventRunStarted    = "run.started"
	EventRunFinished   = "run.finished"
	EventRequestQueued = "request.queued"
	EventRequestDone   = "request.done"
	EventRequestFailed = "request.failed"
	EventSuspended     = "scene.suspended"
)
