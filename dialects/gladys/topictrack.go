package gladys

import (
	"bytes"
	"context"
	"strings"

	"latchkey/home"
	"latchkey/internal/mqtt"
	"latchkey/internal/wire"
)

// track takes in what an OwnTracks app publishes. The member is the key's
// account; on a broker that is not ours, whoever has the user name in the topic.
func (t *topics) track(ctx context.Context, m *mqtt.Message) error {
	if first(m.Payload) == 0 {
		return nil // a retained message was taken back
	}
	raw := bytes.Clone(bytes.TrimPrefix(m.Payload, []byte("\xef\xbb\xbf")))
	in := &track{}
	if err := wire.DecodeJSON(raw, in, wire.JSONOptions{}); err != nil {
		return err
	}
	if in.unused() || m.Retained && in.Type != "location" {
		return nil
	}
	fix, err := in.fix(shortName(m.Words[0]), shortName(m.Words[1]), raw)
	if err != nil {
		return err
	}
	id, member, err := t.member(ctx, m)
	if err != nil {
		return err
	}
	if m.Retained && member != nil && member.Position != nil && fix.Position.At <= member.Position.At {
		return nil // told again
	}
	_, err = t.hub.Locate(ctx, id, fix)
	return err
}

// member returns as whom a position is taken in, and what is known of them.
func (t *topics) member(ctx context.Context, m *mqtt.Message) (*home.Identity, *home.Member, error) {
	if m.Who.Kind != home.InsideKey {
		return m.Who, nil, nil // retained messages come only from brokers that are not ours
	}
	members, err := t.hub.Members(ctx, m.Who)
	if err != nil {
		return nil, nil, err
	}
	for i := range members {
		a, err := t.hub.Account(ctx, m.Who, members[i].Account)
		if err == nil && strings.EqualFold(a.Username, m.Words[0]) {
			id := *m.Who
			id.Account = a.ID
			return &id, &members[i], nil
		}
	}
	return nil, nil, home.Errorf(home.NotFound, "no member of the house is called %.60q; set the app's user name to one of theirs", m.Words[0]).Because("account_unknown")
}
