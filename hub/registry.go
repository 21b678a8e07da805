package hub

import (
	"sync"
	"sync/atomic"
	"time"

	"latchkey/home"
)

// registry is everything that is asked for often, in memory. Values behind
// pointers are never changed once they are in a map: a change puts a new one.
// Lock order: registry.mu before place.mu.
type registry struct {
	mu       sync.RWMutex
	houses   map[home.ID]*place
	accounts map[home.ID]*home.Account
	names    map[string]home.ID // lower-case usernames
	keys     map[home.ID]*credential
	hashes   map[string]*credential // by hex SHA-256, old ones during a rotation included

	epoch     atomic.Uint64 // counts changes of keys, members and accounts
	nums      uint32        // highest Feature.Num given; committer only
	uids      int64         // highest Account.UID given; committer only
	lastAudit home.Audit    // committer only
}

// place is one house in memory.
type place struct {
	id home.ID

	mu       sync.RWMutex
	house    *home.House
	rooms    map[home.ID]*home.Room
	zones    map[home.ID]*home.Zone
	members  map[home.ID]*home.Member // by account
	watches  map[home.ID]*watch       // by account
	devices  map[home.ID]*home.Device
	features map[string]*live // by external id
	nums     map[uint32]*live // the same features, by number
	scenes   map[home.ID]*home.Scene

	seq   uint64 // highest order number on disk; committer only, read through head
	next  uint64 // highest drawn in the group being made; committer only
	drawn bool
	head  atomic.Uint64

	sources atomic.Pointer[sourceIndex] // nil = nobody has presence sources
}

// live is a feature with its current value.
type live struct {
	num     uint32
	about   atomic.Pointer[described]
	current atomic.Pointer[home.State]
	pending *home.State // in the group being made; committer only
}

// described is a device with one of its features.
type described struct {
	device  *home.Device
	feature *home.Feature
	shape   home.Shape
	gone    bool // deleted
}

// credential is a key in memory.
type credential struct {
	mu     sync.Mutex
	key    home.Key
	usedAt atomic.Int64 // not yet written back
	usedBy atomic.Pointer[string]
	cached atomic.Pointer[cachedIdentity]
}

// cachedIdentity is the identity of a key in a house, good for one epoch.
type cachedIdentity struct {
	epoch    uint64
	asked    home.ID       // the house that was asked for
	expires  home.Time     // of the key or of what it rests on; 0 = never
	idle     time.Duration // ends when unused for so long; 0 = no such limit
	used     home.Time     // last use that the key itself tells of
	proof    uint64        // of the secret that works; see home.Identity.Proof
	oldProof uint64        // of the one before, which works until oldUntil
	oldUntil home.Time
	identity home.Identity
}

func newPlace(id home.ID) *place {
	return &place{id: id, rooms: map[home.ID]*home.Room{}, zones: map[home.ID]*home.Zone{}, members: map[home.ID]*home.Member{},
		watches: map[home.ID]*watch{}, devices: map[home.ID]*home.Device{},
		features: map[string]*live{}, nums: map[uint32]*live{}, scenes: map[home.ID]*home.Scene{}}
}

// setKey puts k in the place of what it replaces. The caller holds mu or is
// alone.
func (r *registry) setKey(k *home.Key) {
	c := r.keys[k.ID]
	if c == nil {
		c = &credential{}
		r.keys[k.ID] = c
	}
	c.mu.Lock()
	delete(r.hashes, c.key.Hash)
	delete(r.hashes, c.key.OldHash)
	c.key = *k
	c.mu.Unlock()
	if k.Revoked == 0 {
		r.hashes[k.Hash] = c
		if k.OldHash != "" {
			r.hashes[k.OldHash] = c
		}
	}
	r.epoch.Add(1)
}

// setDevice puts d in the place of what it replaces, keeping the features'
// current values. The caller holds p.mu or is alone.
func (p *place) setDevice(d *home.Device) {
	if old := p.devices[d.ID]; old != nil {
		for i := range old.Features {
			if f := &old.Features[i]; d.Feature(f.ExternalID) == nil {
				p.dropFeature(f.ExternalID)
			}
		}
	}
	p.devices[d.ID] = d
	for i := range d.Features {
		f := &d.Features[i]
		l := p.features[f.ExternalID]
		if l == nil || l.num != f.Num {
			if l != nil {
				p.dropFeature(f.ExternalID)
			}
			l = &live{num: f.Num}
			p.features[f.ExternalID] = l
			p.nums[f.Num] = l
		}
		l.about.Store(&described{device: d, feature: f, shape: ShapeOf(f)})
	}
}

func (p *place) dropFeature(externalID string) {
	if l := p.features[externalID]; l != nil {
		a := *l.about.Load()
		a.gone = true
		l.about.Store(&a)
		delete(p.features, externalID)
		delete(p.nums, l.num)
	}
}

// place returns the house, or NotFound.
func (r *registry) place(id home.ID) (*place, error) {
	r.mu.RLock()
	p := r.houses[id]
	r.mu.RUnlock()
	if p == nil {
		return nil, houseUnknown()
	}
	return p, nil
}

// feature returns the live feature with that external id, or nil.
func (p *place) feature(externalID string) *live {
	p.mu.RLock()
	l := p.features[externalID]
	p.mu.RUnlock()
	return l
}
