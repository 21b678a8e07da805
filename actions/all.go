// Package actions lists what can be called by name: by a scene's step, a
// program, a voice. One file each, one line here.
package actions

import (
	"context"

	"latchkey/home"
	"latchkey/hub"
)

// Judge says whether the house may call an address in id's rights. It returns
// an *home.Error that says why not, within a few seconds. Allowed is the one of
// an egress.Guard.
type Judge func(ctx context.Context, id *home.Identity, address string) error

// Parts is what actions need besides the hub.
type Parts struct {
	// Judge is asked before an outgoing request is queued; nil = none is sent.
	Judge Judge
}

// All returns every action.
func All(p Parts) []hub.Action {
	return []hub.Action{
		deviceCommand(),
		presenceSet(),
		eventTell(),
		httpRequest(p.Judge),
	}
}

// CheckStep returns what scenes.Config.CheckStep is: it judges a step's
// addresses when a scene is saved, in the rights that the scene will act in.
func CheckStep(actor Actor, judge Judge) func(home.Scene, home.Step) error {
	return func(s home.Scene, step home.Step) error {
		if step.Action != requestName {
			return nil
		}
		a, err := decodeRequest(step.Args)
		if err != nil {
			return err
		}
		id, err := actor(s, nil)
		if err != nil {
			return err
		}
		return judgeAddress(context.Background(), judge, id, a.URL)
	}
}
