package gladys

import (
	"context"

	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/mqtt"
	"latchkey/internal/wire"
)

// featureWord is which of a topic's words names the feature. The device's is
// not looked at, as in the original.
const featureWord = 1

// state takes in a number or a text, as the feature takes it.
func (t *topics) state(m *mqtt.Message) {
	r := home.Report{Feature: m.Words[featureWord], Loose: true, Written: string(m.Payload)}
	if n, ok := numeric(r.Written); ok {
		r.Value = home.Num(n)
	} else {
		r.Value = home.Txt(r.Written)
	}
	t.report(m, r)
}

// text takes in a text.
func (t *topics) text(m *mqtt.Message) {
	t.report(m, home.Report{Feature: m.Words[featureWord], Value: home.Txt(string(m.Payload))})
}

// historical takes in {"state", "created_at"}.
func (t *topics) historical(m *mqtt.Message) {
	r, err := historical(m.Words[featureWord], m.Payload)
	if err != nil {
		m.Done(err)
		return
	}
	t.report(m, r)
}

func historical(feature string, payload []byte) (home.Report, error) {
	var in members
	if err := wire.DecodeJSON(payload, &in, wire.JSONOptions{}); err != nil {
		return home.Report{}, err
	}
	if in == nil {
		in = members{}
	}
	in[memberFeature] = jsonText(feature)
	s, err := single(in)
	if err != nil {
		return home.Report{}, err
	}
	if r := s.reports[0]; r.Explicit {
		return r, nil
	}
	return home.Report{}, home.Errorf(home.Unprocessable, "a historical state has a moment").Because("value_refused").
		At(memberTime, "a moment is needed, such as 2026-03-29T07:00:00Z")
}

// report hands a report to the hub without waiting for the disk.
func (t *topics) report(m *mqtt.Message, r home.Report) {
	if r.Quiet = m.Retained; r.Quiet && t.known(m.Who, &r) {
		m.Done(nil)
		return
	}
	err := t.hub.ReportThen(m.Who, func(_ []hub.Told, err error) { m.Done(err) }, r)
	if err != nil {
		m.Done(err)
	}
}

// known reports whether a retained value is what the feature already has: a
// broker tells it again with each connection.
func (t *topics) known(id *home.Identity, r *home.Report) bool {
	_, _, now, err := t.hub.FeatureOf(context.Background(), id, r.Feature)
	if err != nil || now == nil || r.Explicit {
		return false
	}
	return now.Value == r.Value || now.Value.IsText && r.Loose && now.Value.Text == r.Written
}
