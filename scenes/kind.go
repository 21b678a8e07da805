package scenes

import (
	"context"
	"encoding/json"

	"latchkey/bus"
	"latchkey/home"
)

// TriggerKind is one type of trigger.
type TriggerKind struct {
	home.Described
	// Compile reads a trigger's settings: the whole object, its type included,
	// already judged by the Fields. It returns an *home.Error (Unprocessable)
	// whose field paths start at the trigger.
	Compile func(settings json.RawMessage) (Matcher, error)
}

// Matcher is one trigger, ready to be asked.
type Matcher interface {
	// Topics says where the trigger listens: at least one.
	Topics() []Topic
	// Match reports whether e fires the trigger, with what it saw as an object for
	// the trace. The committer waits for it: it returns at once, does not block,
	// and makes the input only when it fires. States that came late or out of
	// order are not shown to it.
	Match(e *bus.Entry) (fired bool, input json.RawMessage)
}

// Owned is a Matcher that asks about the scene's owner.
type Owned interface {
	// Of returns the matcher for a scene of that owner.
	Of(owner home.ID) Matcher
}

// Topic is one place to listen at: a feature or a type of event.
type Topic struct {
	Feature string // external id
	Event   string // type, such as presence.arrived
}

// ConditionKind is one type of condition.
type ConditionKind struct {
	home.Described
	// Compile is as TriggerKind's.
	Compile func(settings json.RawMessage) (Condition, error)
}

// Condition is one condition, ready to be asked.
type Condition interface {
	// Holds looks at the house as it is now. seen is what it saw, as an object for
	// the trace. An error refuses the run as if the condition did not hold.
	Holds(ctx context.Context, v Values) (held bool, seen json.RawMessage, err error)
}

// Values is the house as a condition sees it: with the eyes of the scene's
// owner.
type Values interface {
	// State returns a feature's current value; nil when it has none yet. It returns
	// NotFound for a feature that is not there.
	State(ctx context.Context, feature string) (*home.State, error)
	// Members returns who lives there.
	Members(ctx context.Context) ([]home.Member, error)
	// Owner returns the account of the scene's owner.
	Owner() home.ID
}

// eyes are an identity's Values.
type eyes struct {
	house House
	id    *home.Identity
}

func (v eyes) State(ctx context.Context, feature string) (*home.State, error) {
	_, _, s, err := v.house.FeatureOf(ctx, v.id, feature)
	return s, err
}

func (v eyes) Members(ctx context.Context) ([]home.Member, error) { return v.house.Members(ctx, v.id) }

func (v eyes) Owner() home.ID { return v.id.Account }
