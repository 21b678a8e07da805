// Package triggers lists the types of triggers that scenes may have: one file
// each, one line here.
package triggers

import "latchkey/scenes"

// All returns every type of trigger.
func All() []scenes.TriggerKind {
	return []scenes.TriggerKind{
		state(),
		event(),
		presence(),
		zone(),
	}
}
