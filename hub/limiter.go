package hub

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"time"

	"latchkey/home"
)

const (
	firstDelay  = time.Minute    // after as many failures as are free
	longest     = time.Hour      // each further failure doubles the delay up to this
	forgiven    = 24 * time.Hour // failures are forgotten when none has come for so long
	maxTries    = 10000          // accounts and addresses remembered
	triesParent = home.ID("sign-in")
)

// tries is what one address did to one account. Once it has to wait, that is
// in the store too, so that a restart does not let it in sooner.
type tries struct {
	Failures int       `json:"failures"`
	Last     home.Time `json:"last"`
	Until    home.Time `json:"until"`
	stored   bool
}

// triesID names an account, or a name that none has, tried from an address.
// IPv6 counts by /64, which is what one line gets. It is a hash: people type
// passwords where the name belongs.
func triesID(account home.ID, name, remote string) home.ID {
	if ap, err := netip.ParseAddrPort(remote); err == nil {
		remote = ap.Addr().String()
	}
	if a, err := netip.ParseAddr(remote); err == nil {
		a = a.Unmap().WithZone("")
		if p, err := a.Prefix(64); err == nil && a.Is6() {
			a = p.Addr()
		}
		remote = a.String()
	}
	who := "account\x00" + string(account)
	if account == "" {
		who = "name\x00" + name
	}
	sum := sha256.Sum256([]byte(who + "\x00" + remote))
	return home.ID(hex.EncodeToString(sum[:13]))
}

func (o *door) takeTries(rec home.Record) error {
	t, err := decodeInto[tries](rec)
	if err != nil {
		return err
	}
	t.stored = true
	if len(o.tries) >= maxTries {
		o.old[rec.ID] = true
		return nil
	}
	o.tries[rec.ID] = t
	return nil
}

// admit refuses whoever has to wait. A moment further away than any delay was
// set by a clock that has since gone back, and does not count.
func (o *door) admit(id home.ID, now home.Time) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	t := o.tries[id]
	if t == nil || now >= t.Until || t.Until.Sub(now) > longest {
		return nil
	}
	return &home.Error{Code: home.TooMany, Reason: "sign_in_limited", RetryAfter: t.Until.Sub(now).Round(time.Second),
		Message: fmt.Sprintf("too many failed sign-ins; try again in %s", t.Until.Sub(now).Round(time.Second))}
}

// failed counts a failure.
func (o *door) failed(id home.ID, now home.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	t := o.tries[id]
	if t == nil {
		o.makeRoom(now)
		t = &tries{}
		o.tries[id] = t
	} else if lapsed(t, now) {
		t.Failures = 0
	}
	t.Failures++
	t.Last = now
	if over := t.Failures - o.limit; over >= 0 {
		t.Until = now.Add(min(firstDelay<<min(over, 10), longest))
	}
}

func lapsed(t *tries, now home.Time) bool { return now.Sub(t.Last) > forgiven }

// makeRoom forgets what has lapsed, and the oldest when that is not enough.
func (o *door) makeRoom(now home.Time) {
	if len(o.tries) < maxTries {
		return
	}
	o.prune(now)
	var oldest home.ID
	for id, t := range o.tries {
		if first := o.tries[oldest]; first == nil || t.Last < first.Last {
			oldest = id
		}
	}
	if len(o.tries) >= maxTries {
		o.drop(oldest)
	}
}

func (o *door) prune(now home.Time) {
	for id, t := range o.tries {
		if lapsed(t, now) {
			o.drop(id)
		}
	}
}

func (o *door) drop(id home.ID) {
	if o.tries[id].stored {
		o.old[id] = true
	}
	delete(o.tries, id)
}

// forgive forgets the failures of whoever has signed in, with the change d.
func (o *door) forgive(d *draft, id home.ID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if t := o.tries[id]; t != nil && t.stored {
		d.remove(home.KindSetting, id, nil)
	}
	d.after = append(d.after, func() {
		o.mu.Lock()
		delete(o.tries, id)
		o.mu.Unlock()
	})
}

// keepTries writes down who has to wait, for after a restart, and tells the
// audit. A store that cannot write keeps nobody out: the waiting holds anyway.
func (h *Hub) keepTries(ctx context.Context, id home.ID, account home.ID, remote string) {
	err := h.do(ctx, &change{shared: true, decide: func(d *draft) error {
		h.door.mu.Lock()
		defer h.door.mu.Unlock()
		t := h.door.tries[id]
		if t == nil || t.Failures < h.door.limit {
			return nil
		}
		t.stored = true
		d.put(home.Record{Kind: home.KindSetting, ID: id, Parent: triesParent, Version: 1}, t, nil)
		d.audit(&home.Identity{Remote: remote}, home.Audit{Action: "sign_in.limited", Target: "account:" + string(account), Detail: fmt.Sprintf("%d failures", t.Failures)})
		return nil
	}})
	if err != nil {
		h.log.Warn("failed sign-ins could not be written down", "error", err)
	}
}

// dropTries removes from the store what has lapsed.
func (o *door) dropTries(d *draft) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.prune(d.now)
	for id := range o.old {
		d.remove(home.KindSetting, id, func() {
			o.mu.Lock()
			delete(o.old, id)
			o.mu.Unlock()
		})
	}
}
