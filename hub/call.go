package hub

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"latchkey/home"
)

// Action is something callable by name: a scene's step, a program, a voice.
type Action struct {
	home.Described
	// Run does it. Its result has a JSON form and becomes the step's result.
	Run func(ctx context.Context, h *Hub, c ActionCall) (any, error)
}

// ActionCall is one call of an action, with the right already checked.
type ActionCall struct {
	Identity *home.Identity
	Args     json.RawMessage // an object, or nil
	Run      home.ID         // the scene run it belongs to; "" = none
}

// Actions lists what can be called, by name.
func (h *Hub) Actions() []home.Described {
	out := make([]home.Described, 0, len(h.actions))
	for _, a := range h.actions {
		out = append(out, a.Described)
	}
	slices.SortFunc(out, func(a, b home.Described) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Kinds lists the triggers and conditions that scenes may have.
func (h *Hub) Kinds() []home.Described { return h.kinds }

// Call runs an action by name. Errors: NotFound (action_unknown), Forbidden
// when id lacks the action's right everywhere, and what the action returns.
func (h *Hub) Call(ctx context.Context, id *home.Identity, action string, args json.RawMessage) (json.RawMessage, error) {
	a, ok := h.actions[action]
	if !ok {
		return nil, home.Errorf(home.NotFound, "there is no action named %.100q; see the list of actions", action).Because("action_unknown")
	}
	if a.Right != "" && !id.MaySome(a.Right) && !id.May(a.Right, nil, nil) {
		return nil, forbidden(a.Right)
	}
	result, err := a.Run(ctx, h, ActionCall{Identity: id, Args: args, Run: runOf(id.Cause)})
	if err != nil {
		return nil, err
	}
	if result == nil {
		return nil, nil
	}
	return json.Marshal(result)
}

// runOf returns the run that a chain ends in.
func runOf(c home.Cause) home.ID {
	for _, l := range slices.Backward(c) {
		if l.Kind == "run" {
			return l.ID
		}
	}
	return ""
}
