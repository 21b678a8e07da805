package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"latchkey/home"
)

// load reads the registry from the store.
func (r *registry) load(ctx context.Context, s home.Store) error {
	r.houses, r.accounts, r.names = map[home.ID]*place{}, map[home.ID]*home.Account{}, map[string]home.ID{}
	r.keys, r.hashes = map[home.ID]*credential{}, map[string]*credential{}
	loaders := []struct {
		kind string
		take func(home.Record) error
	}{
		{home.KindHouse, r.takeHouse}, {home.KindAccount, r.takeAccount}, {home.KindRoom, r.takeRoom}, {home.KindZone, r.takeZone},
		{home.KindMember, r.takeMember}, {home.KindDevice, r.takeDevice}, {home.KindScene, r.takeScene}, {home.KindKey, r.takeKey},
	}
	for _, l := range loaders {
		if err := s.Records(ctx, home.RecordQuery{Kind: l.kind}, l.take); err != nil {
			return fmt.Errorf("read every %s: %w", l.kind, err)
		}
	}
	return r.loadState(ctx, s)
}

// loadState reads current values, order numbers and the end of the audit.
func (r *registry) loadState(ctx context.Context, s home.Store) error {
	byNum := map[uint32]*live{}
	for _, p := range r.houses {
		for _, l := range p.features {
			byNum[l.num] = l
		}
	}
	err := s.Current(ctx, func(p home.Point) error {
		r.nums = max(r.nums, p.Feature)
		if l := byNum[p.Feature]; l != nil {
			l.current.Store(&home.State{Seq: p.Seq, At: p.At, Received: p.Received, Value: p.Value, Cause: p.Cause, Flagged: p.Flagged})
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read current values: %w", err)
	}
	heads, err := s.Heads(ctx)
	if err != nil {
		return fmt.Errorf("read order numbers: %w", err)
	}
	for id, seq := range heads {
		if p := r.houses[id]; p != nil {
			p.seq = seq
			p.head.Store(seq)
		}
	}
	last, err := s.LastAudit(ctx)
	if err != nil {
		return fmt.Errorf("read the end of the audit: %w", err)
	}
	if last != nil {
		r.lastAudit = *last
	}
	return nil
}

func decodeInto[T any](rec home.Record) (*T, error) {
	v := new(T)
	if err := json.Unmarshal(rec.Doc, v); err != nil {
		return nil, fmt.Errorf("the stored %s %s does not read: %w", rec.Kind, rec.ID, err)
	}
	return v, nil
}

func (r *registry) takeHouse(rec home.Record) error {
	v, err := decodeInto[home.House](rec)
	if err != nil {
		return err
	}
	p := newPlace(v.ID)
	p.house = v
	r.houses[v.ID] = p
	return nil
}

func (r *registry) takeAccount(rec home.Record) error {
	v, err := decodeInto[home.Account](rec)
	if err != nil {
		return err
	}
	r.accounts[v.ID] = v
	r.names[strings.ToLower(v.Username)] = v.ID
	r.uids = max(r.uids, v.UID)
	return nil
}

func (r *registry) takeRoom(rec home.Record) error {
	v, err := decodeInto[home.Room](rec)
	if p := r.houses[rec.House]; err == nil && p != nil {
		v.House = p.id
		p.rooms[v.ID] = v
	}
	return err
}

func (r *registry) takeZone(rec home.Record) error {
	v, err := decodeInto[home.Zone](rec)
	if p := r.houses[rec.House]; err == nil && p != nil {
		v.House = p.id
		p.zones[v.ID] = v
	}
	return err
}

func (r *registry) takeMember(rec home.Record) error {
	v, err := decodeInto[memberRecord](rec)
	if p := r.houses[rec.House]; err == nil && p != nil {
		v.House = p.id
		p.members[v.Account] = &v.Member
		if v.Watch != nil {
			p.watches[v.Account] = v.Watch
		}
		p.watchSources()
	}
	return err
}

func (r *registry) takeDevice(rec home.Record) error {
	v, err := decodeInto[home.Device](rec)
	if p := r.houses[rec.House]; err == nil && p != nil {
		v.House = p.id
		p.setDevice(v)
		for i := range v.Features {
			r.nums = max(r.nums, v.Features[i].Num)
		}
	}
	return err
}

func (r *registry) takeScene(rec home.Record) error {
	v, err := decodeInto[home.Scene](rec)
	if p := r.houses[rec.House]; err == nil && p != nil {
		v.House = p.id
		p.scenes[v.ID] = v
	}
	return err
}

func (r *registry) takeKey(rec home.Record) error {
	v, err := decodeInto[home.Key](rec)
	if err == nil {
		r.setKey(v)
	}
	return err
}
