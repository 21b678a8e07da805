package wire

import (
	"container/list"
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"latchkey/home"
)

// Rate is how many requests a caller may make.
type Rate struct {
	PerSecond float64 // 0 = no limit
	Burst     int     // at once; at least 1
}

// Rates are the limits of a Limiter.
type Rates struct {
	Key     Rate // of one key
	URLKey  Rate // of one open API key, which stands in addresses
	Visitor Rate // of one IPv4 address, or one IPv6 /64, without a key that holds
	Most    int  // callers remembered at once; 0 = 10,000
}

// UsualRates are the rates that a server has when nothing else is said. A
// visitor's burst is what loading a page of ours takes.
func UsualRates() Rates {
	return Rates{Key: Rate{50, 200}, URLKey: Rate{10, 20}, Visitor: Rate{10, 60}}
}

// Limiter counts requests per caller in token buckets. It remembers a bounded
// number of callers and forgets the one unheard of longest. It is safe for
// concurrent use.
type Limiter struct {
	clock home.Clock
	most  int
	key   policy
	url   policy
	guest policy
	mu    sync.Mutex
	byID  map[string]*list.Element
	order *list.List // of *caller, the last heard of in front
}

// caller is one bucket.
type caller struct {
	id     string
	bucket *rate.Limiter
}

// NewLimiter returns a limiter with those rates.
func NewLimiter(clock home.Clock, rates Rates) *Limiter {
	if rates.Most <= 0 {
		rates.Most = 10_000
	}
	return &Limiter{clock: clock, most: rates.Most, key: policyOf("key", rates.Key), url: policyOf("key", rates.URLKey), guest: policyOf("visitor", rates.Visitor),
		byID: make(map[string]*list.Element), order: list.New()}
}

// Key takes one request from a key's rate and puts RateLimit-Policy and
// RateLimit into h. It returns TooMany with RetryAfter when there is none left.
func (l *Limiter) Key(h http.Header, id home.ID, kind home.KeyKind) error {
	if kind == home.OpenKey {
		return l.take(h, "k"+string(id), l.url)
	}
	return l.take(h, "k"+string(id), l.key)
}

// Visitor is Key for an address that has shown no key that holds.
func (l *Limiter) Visitor(h http.Header, addr netip.Addr) error {
	if addr.Is6() && !addr.Is4In6() {
		if p, err := addr.WithZone("").Prefix(64); err == nil {
			return l.take(h, "v"+p.String(), l.guest)
		}
	}
	return l.take(h, "v"+addr.Unmap().String(), l.guest)
}

// policy is a rate as it is used and shown.
type policy struct {
	rate   Rate
	begin  string   // of a RateLimit header: the policy's name
	header []string // RateLimit-Policy; shared, never changed
}

func policyOf(name string, r Rate) policy {
	r.Burst = max(r.Burst, 1)
	p := policy{rate: r, begin: strconv.Quote(name) + ";r="}
	if r.PerSecond > 0 {
		p.header = []string{fmt.Sprintf("%q;q=%d;w=%d", name, r.Burst, wholeSeconds(float64(r.Burst)/r.PerSecond))}
	}
	return p
}

// show writes the header that says what is left and when all is there again.
func (p *policy) show(left float64) []string {
	var b [48]byte
	line := append(b[:0], p.begin...)
	line = strconv.AppendInt(line, int64(left), 10)
	line = append(line, ";t="...)
	line = strconv.AppendInt(line, int64(wholeSeconds((float64(p.rate.Burst)-left)/p.rate.PerSecond)), 10)
	return []string{string(line)}
}

func (l *Limiter) take(h http.Header, id string, p policy) error {
	if p.rate.PerSecond <= 0 {
		return nil
	}
	now := l.clock()
	bucket := l.bucket(id, p.rate)
	ok := bucket.AllowN(now, 1)
	left := max(bucket.TokensAt(now), 0)
	h["Ratelimit-Policy"], h["Ratelimit"] = p.header, p.show(left)
	if ok {
		return nil
	}
	wait := time.Duration((1 - left) / p.rate.PerSecond * float64(time.Second))
	e := home.Errorf(home.TooMany, "too many requests: %g a second are accepted, with %d at once; try again in %s", p.rate.PerSecond, p.rate.Burst, wait.Round(time.Millisecond)).Because(ReasonLimited)
	e.RetryAfter = wait
	return e
}

func wholeSeconds(s float64) int { return int(math.Ceil(s)) }

// bucket returns the caller's bucket, a full one when the caller is new.
func (l *Limiter) bucket(id string, r Rate) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e, ok := l.byID[id]; ok {
		l.order.MoveToFront(e)
		return e.Value.(*caller).bucket
	}
	if l.order.Len() >= l.most {
		last := l.order.Back()
		delete(l.byID, last.Value.(*caller).id)
		l.order.Remove(last)
	}
	c := &caller{id: id, bucket: rate.NewLimiter(rate.Limit(r.PerSecond), r.Burst)}
	l.byID[id] = l.order.PushFront(c)
	return c.bucket
}

// Callers returns how many callers are remembered.
func (l *Limiter) Callers() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.order.Len()
}
