package sql

import (
	"latchkey/home"
	"latchkey/stores/sql/journal"
)

// recordSum is the checksum by which a record that rotted is found out.
func recordSum(r *home.Record) int64 {
	return journal.Sum([]int64{int64(r.At), r.Version}, r.Kind, string(r.ID), string(r.House), string(r.Parent), string(r.Doc))
}

// auditSum is the same for an audit row.
func auditSum(a *home.Audit) int64 {
	return journal.Sum([]int64{int64(a.Num), int64(a.At)}, string(a.House), a.Actor, a.Remote, a.Action, a.Target, a.Detail, a.Prev, a.Hash)
}
