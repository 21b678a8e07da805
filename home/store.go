package home

import (
	"context"
	"encoding/json"
)

// Store keeps what a server knows. One writer calls Write; everything else may
// be called from anywhere at any time.
type Store interface {
	RecordStore
	HistoryStore
	LogStore
	// Write keeps the whole group or nothing. When it returns nil the group is
	// on disk and survives a power cut. The hub calls it from one goroutine and
	// has settled versions and order numbers; the store does not judge them.
	// It returns Unavailable with reason "storage_full" when the disk is full
	// and "storage_readonly" when it may not write; the next Write may succeed.
	Write(ctx context.Context, g *Group) error
	// Close writes what is pending and gives the files free.
	Close() error
}

// Group is what one durable transaction writes.
type Group struct {
	Records  []RecordChange
	Points   []Point // with Events in the order of their numbers, per house
	Events   []Event
	Audits   []Audit
	Erasures []Erasure
}

// Empty reports whether there is nothing to write.
func (g *Group) Empty() bool {
	return len(g.Records)+len(g.Points)+len(g.Events)+len(g.Audits)+len(g.Erasures) == 0
}

// Record kinds: the words under which documents are kept.
const (
	KindHouse   = "house"
	KindRoom    = "room"
	KindZone    = "zone"
	KindAccount = "account"
	KindSecret  = "secret" // password hashes, by account id
	KindMember  = "member"
	KindKey     = "key"
	KindDevice  = "device"
	KindScene   = "scene"
	KindRun     = "run"     // Parent: the scene
	KindRequest = "request" // outgoing requests that are not yet done (outbox)
	KindAnswer  = "answer"  // answers kept for idempotency keys
	KindSetting = "setting"
)

// Record is a document with its version.
type Record struct {
	Kind    string
	ID      ID
	House   ID // "" = the server's
	Parent  ID // what it belongs to, for RecordQuery
	At      Time
	Version int64
	Doc     json.RawMessage // nil in a RecordChange deletes the record
}

// RecordChange puts Record (Doc set) or deletes it (Doc nil).
type RecordChange = Record

// RecordQuery chooses records. Empty fields do not choose.
type RecordQuery struct {
	Kind   string
	House  ID
	Parent ID
	ID     ID
	Newest bool // newest At first; otherwise oldest first
	Limit  int  // 0 = all
}

// RecordStore reads documents.
type RecordStore interface {
	// Records visits the chosen records in the order of At, then ID. An error of
	// visit ends it and is returned.
	Records(ctx context.Context, q RecordQuery, visit func(Record) error) error
}

// Point is one value of one feature as the store keeps it.
type Point struct {
	House    ID
	Feature  uint32 // Feature.Num
	Seq      uint64
	At       Time
	Received Time
	Value    Value
	Old      *Value // the current value before; nil = none. For the log only
	Cause    Cause  // for the log and the current value
	Flagged  bool
	Live     bool
	Current  bool // becomes the feature's current value
	History  bool // is kept in the history; otherwise only in the log and as current value
	// Replace: an explicit point takes the place of the one that the feature has
	// at the same At, if any. Other points may share an At; Seq orders them.
	Replace bool
}

// Erasure takes a feature's history from From (inclusive) to To (exclusive)
// away. To 0 means to the end.
type Erasure struct {
	Feature  uint32
	From, To Time
	Forget   bool // the feature itself is gone: its current value too
}

// PointQuery chooses a feature's points in [From, To), ordered by At then Seq.
type PointQuery struct {
	Feature uint32
	From    Time
	To      Time // 0 = to the end
	Newest  bool // newest first
	Limit   int  // 0 = all
	// After, with its Seq, is where the last page ended: the points behind it in
	// the order asked for. Seq 0 = from the start.
	After Cursor
}

// Cursor is a place in a feature's history.
type Cursor struct {
	At  Time
	Seq uint64
}

// Sample is one point of a feature's history.
type Sample struct {
	Seq   uint64
	At    Time
	Value Value
}

// Bucket sums up a feature's points of one span of time.
type Bucket struct {
	From, To Time
	Count    int64
	Min, Max float64 // of numbers; 0 when Count is 0
	Sum      float64
	First    Sample
	Last     Sample
	// On is for how many milliseconds of the span the value was not 0, holding
	// each value until the next point, and the value before From from From on.
	// Time after the last known point counts up to To, or to the query's Now.
	On int64
	// Known is for how many milliseconds of the span there was a value at all.
	Known int64
}

// BucketQuery asks for the buckets between consecutive Edges, which ascend; n+1
// edges give n buckets. At most 10,001 edges.
type BucketQuery struct {
	Feature uint32
	Edges   []Time
	Now     Time // no value is taken to hold beyond this; 0 = the last edge
}

// HistoryStore reads features' histories. What Write has returned for is in
// what it answers.
type HistoryStore interface {
	// Points visits the chosen points. An error of visit ends it and is returned.
	Points(ctx context.Context, q PointQuery, visit func(Sample) error) error
	// Buckets returns one bucket for each span, empty ones included. Texts are
	// counted, with First and Last; their numbers are 0.
	Buckets(ctx context.Context, q BucketQuery) ([]Bucket, error)
}

// Entry is one line of a house's log: a point or an event.
type Entry struct {
	Point *Point
	Event *Event
}

// Seq returns the entry's order number.
func (e Entry) Seq() uint64 {
	if e.Point != nil {
		return e.Point.Seq
	}
	return e.Event.Seq
}

// LogStore reads the log, which holds the last entries of each house (at least
// 100,000 or 64 MiB over all houses, whichever is less), and what the server
// stood at.
type LogStore interface {
	// Heads returns each house's highest order number ever given.
	Heads(ctx context.Context) (map[ID]uint64, error)
	// Current visits each feature's current value, as a point.
	Current(ctx context.Context, visit func(Point) error) error
	// Log visits a house's entries with numbers above after, in order, at most
	// limit of them. It returns the lowest number that it could still give, so
	// that the caller knows of a gap; 0 when the log of the house is empty.
	Log(ctx context.Context, house ID, after uint64, limit int, visit func(Entry) error) (uint64, error)
	// Audits visits audit rows above after in order, at most limit.
	Audits(ctx context.Context, house ID, after uint64, limit int, visit func(Audit) error) error
	// LastAudit returns the newest audit row of all; nil when there is none.
	LastAudit(ctx context.Context) (*Audit, error)
}

// Audit says who changed what. Rows are chained: each holds the hash of the
// one before, so that a missing or altered row shows.
type Audit struct {
	Num    uint64 `json:"num"` // counted over the whole server, without gaps
	At     Time   `json:"at"`
	House  ID     `json:"house,omitempty"`
	Actor  string `json:"actor"` // kind and id: "account:…", "key:…", "scene:…", "server"
	Remote string `json:"remote,omitempty"`
	Action string `json:"action"` // key.created, member.role_changed, ...
	Target string `json:"target"` // kind and id
	Detail string `json:"detail,omitempty"`
	Prev   string `json:"prev"` // hex SHA-256 of the row before
	Hash   string `json:"hash"` // hex SHA-256 over Prev and this row's fields
}

// Damage is what a store's Open returns when the files cannot be trusted. The
// program then answers only to say so, and to let the owner decide.
type Damage struct {
	Reason  string // db_corrupt, db_empty_but_marker, data_loss_suspected, db_foreign, db_newer, db_locked
	Path    string
	Message string // what was found and what to do
	// Fatal damage cannot be got over by accepting a loss: another instance runs, or the
	// program is too old for the file.
	Fatal bool
}

// Error implements error.
func (d *Damage) Error() string { return d.Message }

// Checker is the ability of a store to look at its own files.
type Checker interface {
	// Check reads everything and reports what is wrong, one line each.
	Check(ctx context.Context) ([]string, error)
}

// Sizer is the ability of a store to say how large it is.
type Sizer interface {
	// Size returns the bytes on disk, and the points kept.
	Size() (bytes, points int64)
}
