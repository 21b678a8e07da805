package history

// The file's own marks. A change of the schema raises format and adds its
// steps to open.go; chunks carry a version of their own.
const (
	applicationID = 0x4c4b4879 // "LKHy"
	format        = 1
	pageSize      = 8192
)

// chunkPoints is how many points a full chunk holds: with pages of 8 KiB, the
// best of size, write load and reading time.
const chunkPoints = 500

// schema: series has one row for each feature with its tail, the points that do
// not yet fill a chunk, side by side so that sealing many idle features writes
// few pages. span says where a feature's chunks begin, in order; chunk holds
// their bodies under feature<<31 + num, so that a feature's lie side by side.
const schema = `
CREATE TABLE meta (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	instance TEXT NOT NULL,
	floor BIGINT NOT NULL
);
CREATE TABLE series (
	feature INTEGER PRIMARY KEY,
	mark_row BIGINT NOT NULL,
	mark_seq BIGINT NOT NULL,
	erased BIGINT NOT NULL,
	next BIGINT NOT NULL,
	points BIGINT NOT NULL,
	last_at BIGINT NOT NULL,
	last_seq BIGINT NOT NULL,
	tail_points BIGINT NOT NULL,
	head BLOB,
	tail BLOB
);
CREATE TABLE span (
	feature BIGINT NOT NULL,
	at BIGINT NOT NULL,
	seq BIGINT NOT NULL,
	num BIGINT NOT NULL,
	head BLOB NOT NULL,
	PRIMARY KEY (feature, at, seq)
) WITHOUT ROWID;
CREATE TABLE chunk (
	id INTEGER PRIMARY KEY,
	body BLOB NOT NULL
);
`

// pageSQL reads a feature's marks and tail, and chunks from the one that holds
// $2 on, up to $3, at most $4: in one statement, so in one snapshot. The + 0
// keeps SQLite from planning the statement anew for each limit.
const (
	pageHead = `SELECT 0, mark_row, mark_seq, erased, head, tail FROM series WHERE feature = $1
UNION ALL SELECT 1, at, seq, 0, head, body FROM (
SELECT d.at, d.seq, d.head, c.body FROM span d JOIN chunk c ON c.id = (d.feature << 31) + d.num
WHERE d.feature = $1 AND d.at >= coalesce((SELECT max(at) FROM span WHERE feature = $1 AND at < $2), $2) AND d.at < $3
`
	pageOldest = pageHead + `ORDER BY d.at, d.seq LIMIT $4 + 0)`
	pageNewest = pageHead + `ORDER BY d.at DESC, d.seq DESC LIMIT $4 + 0)`
)

// The statements of Buckets.
const (
	sumTail  = `SELECT mark_row, mark_seq, erased, head, tail FROM series WHERE feature = $1`
	sumSpans = `SELECT num, head FROM span
WHERE feature = $1 AND at >= coalesce((SELECT max(at) FROM span WHERE feature = $1 AND at < $2), $2) AND at < $3
ORDER BY at, seq`
	sumBodies = `SELECT body FROM chunk WHERE id BETWEEN $1 AND $2 ORDER BY id`
)
