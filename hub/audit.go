package hub

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"latchkey/home"
)

// maxAudits is how many rows one call of Audits returns at most.
const maxAudits = 1000

// audit puts a row into the same group as the change that it tells of, so that
// neither is kept without the other. detail never holds a secret.
func (d *draft) audit(id *home.Identity, row home.Audit) {
	row.Num, row.At, row.Actor, row.Prev = d.audits+1, d.now, actorOf(id), d.prev
	if id != nil {
		row.Remote = id.Remote
	}
	row.Hash = auditHash(row)
	d.audits, d.prev = row.Num, row.Hash
	d.group.Audits = append(d.group.Audits, row)
}

// actorOf names who acts, as the audit keeps it.
func actorOf(id *home.Identity) string {
	switch {
	case id == nil:
		return "server"
	case id.Scene != "":
		return "scene:" + string(id.Scene)
	case id.Kind == home.SessionKey:
		return "account:" + string(id.Account)
	case id.Key != "":
		return "key:" + string(id.Key)
	}
	return "server"
}

// auditHash is the hash that a row with these fields has.
func auditHash(row home.Audit) string {
	row.Hash = ""
	b, err := json.Marshal(row)
	if err != nil {
		panic("an audit row that has no JSON form") // texts and numbers only
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Audits lists the house's audit rows with numbers above after, at most limit
// (1 to 1,000; 0 = 1,000) of them. It needs audit:read on the house.
func (h *Hub) Audits(ctx context.Context, id *home.Identity, after uint64, limit int) ([]home.Audit, error) {
	p, err := h.placeOf(id, home.ReadAudit)
	if err != nil {
		return nil, err
	}
	if limit <= 0 || limit > maxAudits {
		limit = maxAudits
	}
	out := []home.Audit{}
	err = h.store.Audits(ctx, p.id, after, limit, func(a home.Audit) error {
		out = append(out, a)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the audit: %w", err)
	}
	return out, nil
}

// VerifyAudits reads the whole audit and returns the numbers of the rows that
// are missing or are not as they were written, at most 1,000 of them. Rows cut
// off at the end do not show.
func (h *Hub) VerifyAudits(ctx context.Context) (broken []uint64, err error) {
	var last home.Audit
	for len(broken) < maxAudits {
		before := last.Num
		err := h.store.Audits(ctx, "", last.Num, maxAudits, func(a home.Audit) error {
			broken = append(broken, faults(last, a)...)
			last = a
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read the audit: %w", err)
		}
		if last.Num == before {
			return broken, nil
		}
	}
	return broken[:maxAudits], nil
}

// faults names the rows at fault between last and its follower a. A row that
// was replaced together with its own hash shows in what follows it.
func faults(last, a home.Audit) []uint64 {
	var out []uint64
	for n := last.Num + 1; n < a.Num && len(out) < maxAudits; n++ {
		out = append(out, n)
	}
	switch {
	case auditHash(a) != a.Hash:
		out = append(out, a.Num)
	case len(out) == 0 && a.Prev != last.Hash && auditHash(last) == last.Hash:
		out = append(out, last.Num)
	}
	return out
}
