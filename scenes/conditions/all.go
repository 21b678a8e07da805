// Package conditions lists the types of conditions that scenes may have: one
// file each, one line here.
package conditions

import "latchkey/scenes"

// All returns every type of condition.
func All() []scenes.ConditionKind {
	return []scenes.ConditionKind{
		state(),
		presence(),
		zone(),
	}
}
