package scenes_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"latchkey/bus"
	"latchkey/home"
	"latchkey/scenes"
)

func statuses(runs []home.Run) (out []string) {
	for _, r := range runs {
		out = append(out, r.Status)
	}
	return out
}

func TestRunsOfOneSceneGoOneAfterAnother(t *testing.T) {
	bubble(t, func(t *testing.T) {
		open := make(chan struct{})
		r := newRig(t, &house{call: blocked(open)})
		r.Put(on("s1", "x", home.Step{Action: "do"}))
		r.Put(on("s2", "y", home.Step{Action: "do"}))
		for range 3 {
			r.says("x", 1)
		}
		r.says("y", 1)
		synctest.Wait()
		if got := len(r.house.order); got != 2 {
			t.Fatalf("%d runs are under way, want one of each scene", got)
		}
		close(open)
		synctest.Wait()
		if got := statuses(r.house.last()); !reflect.DeepEqual(got, []string{"done", "done", "done", "done"}) {
			t.Errorf("the runs ended as %v, want all done", got)
		}
	})
}

func TestQueueBounds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		open := make(chan struct{})
		r := newRig(t, &house{call: blocked(open)}, func(c *scenes.Config) { c.Limits = scenes.Limits{SceneWaiting: 3, Runs: 2, Waiting: 4} })
		for _, id := range []home.ID{"a", "b", "c"} {
			r.Put(on(id, string(id), home.Step{Action: "do"}))
		}
		for range 6 { // one begins, three wait
			r.says("a", 1)
			synctest.Wait()
		}
		r.says("b", 1)
		synctest.Wait()
		if n := len(r.house.order); n != 2 {
			t.Fatalf("%d runs are under way, want 2", n)
		}
		r.says("c", 1) // waits for a place
		synctest.Wait()
		if n := len(r.house.order); n != 2 {
			t.Fatalf("%d runs are under way, want 2 at a time", n)
		}
		r.says("c", 1) // the fifth that waits
		synctest.Wait()
		var refused []string
		for _, run := range r.house.last() {
			if run.Status == "refused" {
				refused = append(refused, string(run.Scene)+" "+run.Reason)
			}
		}
		want := []string{"a busy: 3 runs of this scene wait already", "a busy: 3 runs of this scene wait already", "c busy: 4 runs of all scenes wait already"}
		if !reflect.DeepEqual(refused, want) {
			t.Errorf("refused %q, want %q", refused, want)
		}
		close(open)
		synctest.Wait()
		if n := len(r.house.order); n != 6 {
			t.Errorf("%d runs were carried out, want 6", n)
		}
	})
}

func TestStepsEndInTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, &house{call: blocked(make(chan struct{}))})
		r.Put(on("s", "x", home.Step{Action: "do"}, home.Step{Action: "then"}))
		r.says("x", 1)
		pass(10*time.Second - time.Millisecond)
		if got := statuses(r.house.last()); got[0] != "running" {
			t.Fatalf("after 9.999 s the run is %v, want running", got)
		}
		pass(time.Millisecond)
		synctest.Wait()
		run := r.house.last()[0]
		if run.Status != "failed" || !strings.Contains(run.Reason, "did not end within 10s") || len(run.Steps) != 1 {
			t.Errorf("the run is %s because %q with %d steps, want failed at the first after 10 s", run.Status, run.Reason, len(run.Steps))
		}
	})
}

func TestStopKeepsWhatWasInterrupted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, &house{call: blocked(make(chan struct{}))})
		r.Put(on("s", "x", home.Step{Action: "do"}, home.Step{Action: "then"}))
		r.says("x", 1)
		r.says("x", 1)
		synctest.Wait()
		r.stop()
		runs := r.house.last()
		if got := statuses(runs); !reflect.DeepEqual(got, []string{"interrupted", "interrupted"}) {
			t.Fatalf("the runs ended as %v, want both interrupted", got)
		}
		if !strings.Contains(runs[0].Reason, "stopped") || !strings.Contains(runs[1].Reason, "before it began") {
			t.Errorf("reasons %q and %q", runs[0].Reason, runs[1].Reason)
		}
		r.says("x", 1) // nobody listens any more, and nothing breaks
		if _, err := r.Start(t.Context(), on("s", "x"), &home.Identity{}); home.CodeOf(err) != home.Unavailable {
			t.Errorf("Start after the end: %v, want unavailable", err)
		}
		if err := r.Serve(t.Context()); err == nil {
			t.Error("serving twice is accepted")
		}
	})
}

// A panic anywhere in foreign code costs one run, not the house.
func TestPanicsStayInside(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := &house{call: func(_ context.Context, _ *home.Identity, action string, _ json.RawMessage) (json.RawMessage, error) {
			if action == "do" {
				panic("an action broke")
			}
			return nil, nil
		}}
		r := newRig(t, h, func(c *scenes.Config) {
			c.Triggers = append(c.Triggers, scenes.TriggerKind{Described: home.Described{Name: "broken"},
				Compile: func(json.RawMessage) (scenes.Matcher, error) { return broken{}, nil }})
			c.Conditions = append(c.Conditions, scenes.ConditionKind{Described: home.Described{Name: "broken"},
				Compile: func(json.RawMessage) (scenes.Condition, error) { return broken{}, nil }})
		})
		r.Put(home.Scene{ID: "t", House: "h1", Name: "t", Enabled: true, Triggers: []home.Trigger{trigger(`{"type": "broken"}`)}})
		withCondition := on("c", "x", home.Step{Action: "then"})
		withCondition.Conditions = []home.Trigger{trigger(`{"type": "broken"}`)}
		r.Put(withCondition)
		r.Put(on("a", "x", home.Step{Action: "do"}))
		r.Put(on("z", "x", home.Step{Action: "then"}))
		r.says("x", 1)
		synctest.Wait()
		got := map[home.ID]string{}
		for _, run := range h.last() {
			got[run.Scene] = run.Status
		}
		if want := map[home.ID]string{"c": "failed", "a": "failed", "z": "done"}; !reflect.DeepEqual(got, want) {
			t.Errorf("the runs ended as %v, want %v", got, want)
		}
	})
}

type broken struct{}

func (broken) Topics() []scenes.Topic                   { return []scenes.Topic{{Feature: "x"}} }
func (broken) Match(*bus.Entry) (bool, json.RawMessage) { panic("a trigger broke") }
func (broken) Holds(context.Context, scenes.Values) (bool, json.RawMessage, error) {
	panic("a condition broke")
}

func TestTraceSaysWhy(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := &house{values: map[string]home.Value{"lux": home.Num(80)}}
		h.call = func(context.Context, *home.Identity, string, json.RawMessage) (json.RawMessage, error) {
			return json.RawMessage(`{"token":"abc","seq":5}`), nil
		}
		r := newRig(t, h)
		s := on("s", "x", home.Step{Name: "first", Action: "do", Args: json.RawMessage(`{"n":1,"password":"hunter2","headers":{"Authorization":"Bearer abc","Accept":"*/*"}}`)})
		s.Conditions = []home.Trigger{trigger(`{"type": "state", "feature": "lux", "operator": ">", "value": 50}`)}
		r.Put(s)
		r.says("x", 1)
		synctest.Wait()
		run := h.last()[0]
		if run.Status != "done" || len(h.runs) != 2 || h.runs[0].Status != "running" {
			t.Fatalf("saved %v, want running and then done", statuses(h.runs))
		}
		for what, pair := range map[string][2]string{
			"trigger's type":     {run.Trigger.Type, "state"},
			"trigger's input":    {string(run.Trigger.Input), `{"at":"1970-01-01T00:00:00.001Z","feature":"x","old":null,"seq":1,"value":1}`},
			"condition's input":  {string(run.Checks[0].Input), `{"feature":"lux","operator":"\u003e","type":"state","value":50}`},
			"condition's result": {string(run.Checks[0].Result), `{"at":null,"value":80}`},
			"step's input":       {string(run.Steps[0].Input), `{"headers":{"Accept":"*/*","Authorization":"(hidden)"},"n":1,"password":"(hidden)"}`},
			"step's result":      {string(run.Steps[0].Result), `{"seq":5,"token":"(hidden)"}`},
			"step's name":        {run.Steps[0].Name, "first"},
		} {
			if pair[0] != pair[1] {
				t.Errorf("the %s is %s, want %s", what, pair[0], pair[1])
			}
		}
		want := home.Cause{{Kind: "key", ID: "k1"}, {Kind: "state", Seq: 1, Name: "x"}, {Kind: "scene", ID: "s", Name: "s"}, {Kind: "run", ID: run.ID}}
		if !reflect.DeepEqual(run.Cause, want) {
			t.Errorf("the cause is %v, want %v", run.Cause, want)
		}
		if run.Checks[0].Held == nil || !*run.Checks[0].Held {
			t.Error("the trace does not say that the condition held")
		}
	})
}

func TestStartByHand(t *testing.T) {
	bubble(t, func(t *testing.T) {
		open := make(chan struct{})
		r := newRig(t, &house{call: blocked(open)}, func(c *scenes.Config) { c.Limits = scenes.Limits{SceneWaiting: 2} })
		s := on("s", "x", home.Step{Action: "do"})
		s.Enabled = false
		r.Put(s)
		synctest.Wait() // served
		starter := &home.Identity{Cause: home.Cause{{Kind: "key", ID: "k1", Name: "phone"}}}
		id, err := r.Start(t.Context(), s, starter)
		if err != nil {
			t.Fatal(err)
		}
		if first := r.house.last(); len(first) == 0 || first[0].ID != id || first[0].Status != "running" {
			t.Error("the run that Start names cannot be read when Start returns")
		}
		synctest.Wait()
		for range 2 {
			if _, err := r.Start(t.Context(), s, starter); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := r.Start(t.Context(), s, starter); home.CodeOf(err) != home.TooMany {
			t.Errorf("the fourth start: %v, want too_many", err)
		}
		if _, err := r.Start(t.Context(), on("other", "x"), starter); home.CodeOf(err) != home.NotFound {
			t.Errorf("an unknown scene: %v, want not_found", err)
		}
		deep := &home.Identity{}
		for range home.MaxDepth {
			deep.Cause = deep.Cause.And(home.Link{Kind: "run"})
		}
		if _, err := r.Start(t.Context(), s, deep); home.CodeOf(err) != home.Conflict {
			t.Errorf("a chain of %d runs: %v, want conflict", home.MaxDepth, err)
		}
		close(open)
		synctest.Wait()
		if got := statuses(r.house.last()); !reflect.DeepEqual(got, []string{"done", "done", "done"}) {
			t.Errorf("the runs ended as %v", got)
		}
		if n := len(r.house.runs); n != 6 {
			t.Errorf("%d records were saved of 3 runs, want a beginning and an end of each", n)
		}
	})
}

// A scene that is deleted under way does not take its next step, and what waits
// is dropped.
func TestRemoveUnderWay(t *testing.T) {
	bubble(t, func(t *testing.T) {
		open := make(chan struct{})
		r := newRig(t, &house{call: blocked(open)}, func(c *scenes.Config) { c.Limits = scenes.Limits{Waiting: 2} })
		r.Put(on("s", "x", home.Step{Action: "do"}, home.Step{Action: "then"}))
		for range 3 {
			r.says("x", 1)
			synctest.Wait()
		}
		r.Remove("s")
		r.Put(on("other", "y", home.Step{Action: "do"}))
		r.says("y", 1)
		r.says("y", 1) // there is room: what was removed waits no more
		synctest.Wait()
		if n := len(r.house.order); n != 2 {
			t.Errorf("%d runs are under way, want the removed scene's and the other's", n)
		}
		r.Remove("other")
		close(open)
		synctest.Wait()
		if runs := r.house.last(); !reflect.DeepEqual(statuses(runs), []string{"interrupted", "done"}) || len(r.house.order) != 2 {
			t.Errorf("%v after %v, want the removed scene interrupted after its first step and the other done", statuses(runs), r.house.order)
		}
		r.Put(on("s", "x", home.Step{Action: "then"}))
		r.says("x", 1)
		synctest.Wait()
		if runs := r.house.last(); runs[len(runs)-1].Status != "done" {
			t.Error("a scene that is there again does not run")
		}
	})
}

// A waiting run begins with the scene as it then is.
func TestChangeWhileWaiting(t *testing.T) {
	bubble(t, func(t *testing.T) {
		open := make(chan struct{})
		r := newRig(t, &house{call: blocked(open)})
		r.Put(on("s", "x", home.Step{Action: "do"}))
		r.says("x", 1)
		r.says("x", 1)
		synctest.Wait()
		r.Put(on("s", "x", home.Step{Action: "then"}))
		close(open)
		synctest.Wait()
		if got := r.house.order; !reflect.DeepEqual(got, []string{"do", "then"}) {
			t.Errorf("did %v, want the old scene's step and then the new one's", got)
		}
	})
}

// A house whose disk is full keeps no traces, but its scenes act.
func TestActsWithoutTraces(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, &house{full: errors.New("the disk is full")})
		r.Put(on("s", "x", home.Step{Action: "do"}))
		r.says("x", 1)
		synctest.Wait()
		if _, err := r.Start(t.Context(), on("s", "x"), &home.Identity{}); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if got := len(r.house.order); got != 2 {
			t.Errorf("%d steps were done, want 2", got)
		}
	})
}

// A storm on one sensor costs one refusal, and other scenes go on.
func TestStorm(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, &house{})
		r.Put(on("loud", "x", home.Step{Action: "do"}))
		r.Put(on("calm", "y", home.Step{Action: "then"}))
		for i := range 20_000 {
			r.says("x", 1)
			if i%1000 == 0 {
				synctest.Wait()
			}
		}
		if _, err := r.Start(t.Context(), on("loud", "x"), &home.Identity{}); err != nil {
			t.Errorf("a suspended scene cannot be started by hand: %v", err)
		}
		synctest.Wait()
		r.says("y", 1)
		synctest.Wait()
		if n := len(r.house.notices); n != 1 {
			t.Fatalf("%d notices were told, want 1", n)
		}
		var told struct {
			Scene, Name, Reason string
			Until               time.Time
			Run                 string
		}
		if err := json.Unmarshal(r.house.notices[0].Data, &told); err != nil || told.Scene != "loud" || told.Run == "" || time.Until(told.Until) != 5*time.Minute {
			t.Errorf("told %s (%v)", r.house.notices[0].Data, err)
		}
		runs := r.house.last()
		if len(runs) > 23 || runs[len(runs)-1].Scene != "calm" || runs[len(runs)-1].Status != "done" {
			t.Errorf("%d runs were kept, the last is %+v", len(runs), runs[len(runs)-1])
		}
	})
}

func TestNoRateLimit(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, &house{}, func(c *scenes.Config) { c.Limits = scenes.Limits{Runs: 100} })
		r.Put(on("s", "x", home.Step{Action: "do"}))
		for range 100 {
			r.says("x", 1)
			synctest.Wait()
		}
		if got := len(r.house.order); got != 100 {
			t.Errorf("%d runs were carried out without a limit, want 100", got)
		}
	})
}

func TestEventsOfLongAgoFireNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, &house{})
		s := on("s", "x", home.Step{Action: "do"})
		s.Triggers = []home.Trigger{trigger(`{"type": "event", "event": "custom.bell", "subject": "front"}`)}
		r.Put(s)
		now := home.TimeOf(time.Now())
		for i, e := range []home.Event{
			{At: now.Add(-6 * time.Minute), Received: now, Subject: "front"},
			{At: now, Received: now, Subject: "back"},
			{At: now.Add(-4 * time.Minute), Received: now, Subject: "front", Verb: home.ReadLocation, Data: json.RawMessage(`{"latitude":48.8}`)},
		} {
			e.Type = "custom.bell"
			r.Hear([]*bus.Entry{{Seq: uint64(i + 1), House: "h1", Event: &e}})
		}
		r.Hear([]*bus.Entry{{Seq: 9, House: "h2", Event: &home.Event{Type: "custom.bell", Subject: "front"}}})
		synctest.Wait()
		runs := r.house.last()
		if len(runs) != 1 {
			t.Fatalf("%d runs, want 1", len(runs))
		}
		if bytes.Contains(runs[0].Trigger.Input, []byte("48.8")) {
			t.Error("the trace shows a position to whoever may read runs")
		}
	})
}

// A stored scene whose kind is gone is left out, not run in part.
func TestUnknownKindIsLeftOut(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, &house{})
		s := on("s", "x", home.Step{Action: "do"})
		r.Put(s)
		s.Conditions = []home.Trigger{trigger(`{"type": "moon"}`)}
		r.Put(s)
		r.says("x", 1)
		synctest.Wait()
		if n := len(r.house.last()); n != 0 {
			t.Errorf("%d runs of a scene with an unknown condition", n)
		}
	})
}

func TestNewRefuses(t *testing.T) {
	k := scenes.TriggerKind{Described: home.Described{Name: "a"}, Compile: func(json.RawMessage) (scenes.Matcher, error) { return nil, nil }}
	odd := k
	odd.Fields = []home.Field{{Name: "x", Kind: "colour"}}
	for name, c := range map[string]scenes.Config{
		"nothing":         {},
		"a kind twice":    {House: &house{}, Actions: described, Triggers: []scenes.TriggerKind{k, k}},
		"an unknown kind": {House: &house{}, Actions: described, Triggers: []scenes.TriggerKind{odd}},
		"no Compile":      {House: &house{}, Actions: described, Conditions: []scenes.ConditionKind{{Described: home.Described{Name: "c"}}}},
	} {
		if _, err := scenes.New(c); err == nil {
			t.Errorf("an engine with %s is made", name)
		}
	}
}

// What Hear costs while 1,000 scenes listen elsewhere.
func BenchmarkHearNoMatch(b *testing.B) {
	e := thousand(b)
	entries := []*bus.Entry{entry(1, "elsewhere", 1)}
	b.ReportAllocs()
	for b.Loop() {
		e.Hear(entries)
	}
}

// What Hear costs when one of 1,000 scenes listens there but does not fire.
func BenchmarkHearAsked(b *testing.B) {
	e := thousand(b)
	entries := []*bus.Entry{entry(1, "f500", 0)}
	b.ReportAllocs()
	for b.Loop() {
		e.Hear(entries)
	}
}

// What Hear costs when one of 1,000 scenes fires each time.
func BenchmarkHearOneMatch(b *testing.B) {
	e := thousand(b)
	entries := []*bus.Entry{entry(1, "f500", 1)}
	b.ReportAllocs()
	for b.Loop() {
		e.Hear(entries)
	}
}

func thousand(b *testing.B) *rig {
	r := newRig(b, &house{}, func(c *scenes.Config) { c.Limits = scenes.Limits{SceneWaiting: 1 << 30, Waiting: 1 << 30} })
	for i := range 1000 {
		r.Put(on(home.ID(fmt.Sprint("s", i)), fmt.Sprint("f", i)))
	}
	return r
}

// One state sets a thousand scenes off.
func TestFanOut(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, &house{})
		for i := range 1000 {
			r.Put(on(home.ID(fmt.Sprint("s", i)), "x", home.Step{Action: "do"}))
		}
		r.says("x", 1)
		synctest.Wait()
		for _, run := range r.house.last() {
			if run.Status != "done" {
				t.Fatalf("a run is %s: %s", run.Status, run.Reason)
			}
		}
		if n := len(r.house.last()); n != 1000 {
			t.Errorf("%d runs, want 1,000", n)
		}
	})
}

// What a step means may forbid a scene that is otherwise well.
func TestCheckStep(t *testing.T) {
	wants := home.Errorf(home.Conflict, "approve it first").Because("egress_approval_required").At("url", "approve it first")
	e, err := scenes.New(scenes.Config{House: &house{}, Actions: described, CheckStep: func(home.Scene, home.Step) error { return wants }})
	if err != nil {
		t.Fatal(err)
	}
	s := home.Scene{Name: "s", Steps: []home.Step{{Action: "do"}}}
	refusal := home.AsError(e.Check(s))
	if refusal == nil || refusal.Code != home.Conflict || refusal.Reason != wants.Reason || refusal.Fields[0].Path != "steps[0].args.url" {
		t.Errorf("refused as %+v, want the conflict at steps[0].args.url", refusal)
	}
	s.Name = ""
	if refusal := home.AsError(e.Check(s)); refusal.Code != home.Unprocessable {
		t.Errorf("a scene that is also malformed is refused as %s, want unprocessable", refusal.Code)
	}
}

// A scene does not tell its owner, or those who read its runs, what the owner may
// not read.
func TestOwnerMayNotRead(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, &house{rights: []home.Verb{home.Control}})
		s := on("s", "x", home.Step{Action: "do"})
		s.Triggers = append(s.Triggers, trigger(`{"type": "event", "event": "custom.bell"}`))
		r.Put(s)
		r.says("x", 1)
		r.Hear([]*bus.Entry{{Seq: 2, House: "h1", Event: &home.Event{Type: "custom.bell", Data: json.RawMessage(`{"a":1}`)}}})
		synctest.Wait()
		runs := r.house.last()
		if len(runs) != 2 || len(r.house.order) != 0 {
			t.Fatalf("%v with %v done, want two refused runs", statuses(runs), r.house.order)
		}
		for _, run := range runs {
			if run.Status != "refused" || !strings.Contains(run.Reason, "may not read") || run.Trigger.Input != nil {
				t.Errorf("the run is %s because %q with input %s", run.Status, run.Reason, run.Trigger.Input)
			}
		}
	})
}

// The owner's rights are asked for at each step.
func TestOwnerLeavesUnderWay(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := &house{}
		h.call = func(context.Context, *home.Identity, string, json.RawMessage) (json.RawMessage, error) {
			h.mu.Lock()
			h.left = true
			h.mu.Unlock()
			return nil, nil
		}
		r := newRig(t, h)
		r.Put(on("s", "x", home.Step{Action: "do"}, home.Step{Action: "then"}))
		r.says("x", 1)
		synctest.Wait()
		run := h.last()[0]
		if run.Status != "failed" || !strings.Contains(run.Reason, "steps[1] then: the owner has left") || len(h.order) != 1 {
			t.Errorf("the run is %s because %q after %v", run.Status, run.Reason, h.order)
		}
	})
}
