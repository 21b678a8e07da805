-- +goose Up

-- record: documents with their versions. sum is the CRC32C of the other columns.
CREATE TABLE record (
    kind    TEXT   NOT NULL,
    id      TEXT   NOT NULL,
    house   TEXT   NOT NULL,
    parent  TEXT   NOT NULL,
    at      BIGINT NOT NULL,
    version BIGINT NOT NULL,
    doc     TEXT   NOT NULL,
    sum     BIGINT NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE INDEX record_parent ON record (kind, parent, at, id);

-- journal: one row for each group, in the order of the commits. entries is how
-- many changes the group held, body what package journal writes.
CREATE TABLE journal (
    id      INTEGER PRIMARY KEY,
    entries BIGINT NOT NULL,
    body    BLOB   NOT NULL
);

-- stretch: which journal rows hold which of the houses' order numbers.
CREATE TABLE stretch (
    first   INTEGER PRIMARY KEY,
    last    BIGINT NOT NULL,
    entries BIGINT NOT NULL,
    bytes   BIGINT NOT NULL,
    houses  TEXT   NOT NULL
);

-- current: the current values of 64 neighbouring features, as one journal row,
-- and head: each house's highest order number, both as of the journal row in
-- meta's flushed_row.
CREATE TABLE current (
    block INTEGER PRIMARY KEY,
    body  BLOB NOT NULL
);
CREATE TABLE head (
    house TEXT PRIMARY KEY,
    seq   BIGINT NOT NULL
);

-- audit: who changed what; the rows are chained by their hashes. sum is the
-- CRC32C of the other columns.
CREATE TABLE audit (
    num    INTEGER PRIMARY KEY,
    at     BIGINT NOT NULL,
    house  TEXT   NOT NULL,
    actor  TEXT   NOT NULL,
    remote TEXT   NOT NULL,
    action TEXT   NOT NULL,
    target TEXT   NOT NULL,
    detail TEXT   NOT NULL,
    prev   TEXT   NOT NULL,
    hash   TEXT   NOT NULL,
    sum    BIGINT NOT NULL
);
CREATE INDEX audit_house ON audit (house, num);

-- meta: what the store knows of itself.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
